"""Labelled tables as examples of tasks, by hand: single texts, pairs, numbers, and each mistake in a line."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.data.matching import match_topics
from workflow_scripts.data.task_examples import read_examples
from workflow_scripts.data.topic_items import Item
from workflow_scripts.data.topic_pairs import COLUMNS, lines_of, numbered

TABLE = 'id,sentence1,sentence2,label\n1,"A man, here.",He is here.,yes\n2, It rains.,Sun!,no\n'
BOTH = [("A man, here.", "He is here."), ("It rains.", "Sun!")]


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_same_table_in_each_form(tmp_path):
    rows = [
        dict(zip(("sentence1", "sentence2", "label"), (*both, label), strict=True))
        for both, label in zip(BOTH, ("yes", "no"), strict=True)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    tabbed = "label\tsentence2\tsentence1\n" + "".join(
        f"{r['label']}\t{r['sentence2']}\t{r['sentence1']}\n" for r in rows
    )
    for name, text in (
        ("t.csv", TABLE),
        ("t.tsv", tabbed),
        ("t.jsonl", lines),
        ("t.csv.gz", gzip.compress(TABLE.encode())),
    ):
        found = read_examples(written(tmp_path, name, text), ["sentence1", "sentence2"], "label")
        assert (found.texts, found.labels) == (BOTH, ["yes", "no"]), name
    single = read_examples(tmp_path / "t.csv", ["sentence2"], "label")
    assert single.texts == [("He is here.",), ("Sun!",)]


def test_nulls_of_json_are_empty_fields_not_the_word_none(tmp_path):
    rows = [
        {"sentence": "a", "label": 0},
        {"sentence": "b", "label": None},
        {"sentence": None, "label": 1},
        {"sentence": "c", "label": math.nan},
    ]
    path = written(tmp_path, "t.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    lines: list[int] = []
    found = read_examples(path, ["sentence"], "label", lines)
    assert (found.texts, found.labels, lines) == ([("a",)], ["0"], [2, 3, 4])


def test_both_halves_of_a_character_are_that_character(tmp_path):
    """As JSON writes what has no escape of four digits."""
    path = written(tmp_path, "t.jsonl", '{"sentence": "so \\ud83d\\ude00", "label": 1}\n')
    assert read_examples(path, ["sentence"], "label").texts == [("so \N{GRINNING FACE}",)]


def test_columns_of_one_text_are_joined(tmp_path):
    """AG-Pair as the builder writes it: two news of two columns each."""
    items = [Item("sport" if n < 4 else "world", f"title {n}", f"text {n}", n) for n in range(8)]
    pairs = match_topics(numbered(items), 1)
    path = written(tmp_path, "pairs.tsv", "".join(f"{line}\n" for line in lines_of(items, pairs)))
    found = read_examples(path, [COLUMNS[1:3], COLUMNS[3:]], "label")
    assert len(found) == 8 and found.classes() == ("different", "same")
    assert found.texts[0][0].split(" - ")[0].startswith("title ")
    # Each news occurs twice.
    every = [text for both in found.texts for text in both]
    assert sorted(every) == sorted(2 * [f"title {n} - text {n}" for n in range(8)])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "t.csv",
            "sentence,labels\na,b\n",
            r"t\.csv: no column 'label' \(did you mean 'labels'\?\); the first line has sentence, labels",
        ),
        ("t.csv", "sentence,label\na,b\n,b\n", r"t\.csv, line 3: sentence is empty"),
        ("t.csv", "sentence,label\na,b\nc, \n", r"t\.csv, line 3: label is empty"),
        ("t.tsv", "sentence\tlabel\na\n", r"t\.tsv, line 2: 1 fields, at least 2 are needed"),
        ("t.csv", "sentence,label\n", r"t\.csv: no examples"),
        (
            "t.jsonl",
            '{"sentence": "a", "lable": 1}\n',
            r"t\.jsonl, line 1: no key 'label' \(did you mean 'lable'",
        ),
        ("t.jsonl", "[1]\n", r"t\.jsonl, line 1: no JSON object"),
        ("t.jsonl", '{"sentence": null, "label": 1}\n', r"t\.jsonl, line 1: sentence is empty"),
        ("t.jsonl", '{"sentence": ["a", "b"], "label": 1}\n', r"line 1: sentence is several values"),
        (
            "t.jsonl",
            '{"sentence": "so \\ud83d", "label": 1}\n',
            r"line 1: sentence holds half a character, \\ud83d",
        ),
        ("t.xlsx", b"PK", r"none of \.csv, \.tsv, \.jsonl, \.parquet"),
        ("t.csv", b"sentence,label\nf\xfcr,b\n", r"t\.csv, line 2: not UTF-8"),
    ],
    ids=range(12),
)
def test_mistakes_are_one_line_each(name, text, said, tmp_path):
    with pytest.raises(UserError, match=said) as raised:
        read_examples(written(tmp_path, name, text), ["sentence"], "label")
    assert "\n" not in str(raised.value)


def test_parquet_needs_pyarrow_and_the_error_says_where_it_is(tmp_path):
    """This environment has none; the test of its reading is in that of ``evaluate``."""
    with pytest.raises(UserError, match=r"needs pyarrow, .* in the environment evaluate"):
        read_examples(written(tmp_path, "t.parquet", b"PAR1"), ["sentence"], "label")


def test_more_texts_than_two(tmp_path):
    with pytest.raises(UserError, match="has one text or two, not 3"):
        read_examples(tmp_path / "t.csv", ["a", "b", "c"], "label")


def test_labels_that_cannot_be_learned():
    texts = [("x",)] * 3
    for labels, said in (
        (["a", "a", "a"], r"^t: 1 label, 'a'; a classifier tells at least two apart$"),
        (["a", "a", "b"], r"^t: seen once, so that it cannot be learned: b; leave such labels out"),
        ([], r"^t: 0 label;"),
    ):
        with pytest.raises(UserError, match=said):
            Examples(texts[: len(labels)], labels, "t").classes()
    with pytest.raises(UserError, match=r"^t: label 'No' is not one of no, yes \(did you mean 'no'\?\)$"):
        Examples(texts, ["yes", "no", "No"], "t").numbered(["no", "yes"])
    assert Examples(texts, ["yes", "no", "no"], "t").numbered(["no", "yes"]) == [1, 0, 0]


def test_numbers_of_a_regression():
    texts = [("x",)] * 3
    assert Examples(texts, ["1", "2.5", "-3e1"], "t").numbers() == [1.0, 2.5, -30.0]
    for labels, said in (
        (["1", "two", "3"], r"^t, example 2: 'two' is not a number$"),
        (["1", "nan", "3"], r"^t, example 2: 'nan' is not a number$"),
        (["2", "2.0", "2"], r"^t: all numbers are 2\.0; there is nothing to learn$"),
    ):
        with pytest.raises(UserError, match=said):
            Examples(texts, labels, "t").numbers()


def test_a_file_of_examples_is_read_as_it_was_written(tmp_path):
    examples = Examples([("a\u2028b", "c"), ("d", "e\nf")], ["x", "y"])
    examples.write(tmp_path / "t.jsonl")
    found = Examples.read(tmp_path / "t.jsonl")
    assert (found.texts, found.labels) == (examples.texts, examples.labels)
    for text in ("", '{"format": "other"}\n', '{"format": "neuronspec-examples-1"}\n{"texts": 1}\n'):
        with pytest.raises(UserError, match="not examples of a task"):
            Examples.read(written(tmp_path, "t.jsonl", text))
