"""Examples of tasks, prepared by hand: parts, what is set apart, what is left out, and each mistake."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.common.task_tables import Task, read_task
from workflow_scripts.data.prepare_tasks import main

COLUMNS = '{"texts": ["one"], "label": "label"}'


def table(folder: Path, name: str, rows: list[tuple[str, str]]) -> str:
    path = folder / f"{name}.tsv"
    path.write_text("".join(f"{one}\t{label}\n" for one, label in [("one", "label"), *rows]))
    return str(path)


def prepare(folder: Path, *words: str) -> dict:
    out = ["--out-root", str(folder / "tasks"), "--out-json", str(folder / "tasks/t.json")]
    main(["--task", "t", *words, *out])
    return json.loads((folder / "tasks/t.json").read_text())


def texts(folder: Path, part: str) -> list[str]:
    return [one for (one,) in Examples.read(folder / f"tasks/{part}/t.jsonl").texts]


TEN = [(f"text {n}", ("no", "yes")[n % 2]) for n in range(10)]


def test_a_share_is_set_apart_where_no_table_chooses(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    files = ["--train", table(tmp_path, "a", TEN), "--test", table(tmp_path, "b", [TEN[3], ("new", "no")])]
    known = prepare(tmp_path, *files, "--columns", COLUMNS, "--held-out", "0.3", "--metric", "f1")
    assert known["examples"] == {"train": 7, "valid": 3, "test": 2}
    assert (known["held_out"], known["left_out"]) == (3, 0)
    apart, learned = texts(tmp_path, "valid"), texts(tmp_path, "train")
    assert sorted(apart + learned) == [one for one, _ in TEN]
    # Of the examples to learn from the order is drawn, of others that of the table.
    assert apart == sorted(apart) and learned != sorted(learned)
    assert texts(tmp_path, "test") == ["text 3", "new"]
    again = int("text 3" in learned)
    assert known["also_learned"] == {"valid": 0, "test": again}
    assert read_task(tmp_path / "tasks/t.json") == Task("t", ("no", "yes"), "f1")
    # The same draw in another run, and with fewer to learn from the same are set apart.
    assert (
        prepare(tmp_path, *files, "--columns", COLUMNS, "--held-out", "0.3", "--most", "4")["left_out"] == 3
    )
    assert texts(tmp_path, "valid") == apart and texts(tmp_path, "train") == learned[:4]


def test_a_table_that_chooses_is_taken_whole_and_empty_examples_are_counted(tmp_path):
    files = ["--train", table(tmp_path, "a", [*TEN, ("", "yes")]), "--valid", table(tmp_path, "v", TEN[:2])]
    with pytest.raises(UserError, match=r"a\.tsv, line 12: one is empty"):
        prepare(tmp_path, *files, "--columns", COLUMNS)
    known = prepare(tmp_path, *files, "--columns", COLUMNS, "--drop-empty")
    assert known["examples"] == {"train": 10, "valid": 2} and known["held_out"] == 0
    assert known["empty"] == {"train": 1, "valid": 0} and known["also_learned"] == {"valid": 2}


def test_numbers_of_a_regression(tmp_path):
    rows = [(f"text {n}", str(n / 2)) for n in range(6)]
    files = ["--train", table(tmp_path, "a", rows), "--valid", table(tmp_path, "v", rows[:3])]
    known = prepare(tmp_path, *files, "--columns", COLUMNS, "--regression")
    assert (known["labels"], known["metric"]) == ([], "spearman")
    wrong = table(tmp_path, "w", [*rows[:2], ("x", "many")])
    with pytest.raises(UserError, match=r"w\.tsv, example 3: 'many' is not a number"):
        prepare(tmp_path, "--train", wrong, *files[2:], "--columns", COLUMNS, "--regression")


def test_pairs_of_items_by_topic(tmp_path):
    """Eight items of two topics: eight pairs, half of them of one topic, each item twice."""
    path = tmp_path / "items.csv"
    path.write_text("".join(f"{'sport' if n < 4 else 'world'},title {n},text {n}\n" for n in range(8)))
    known = prepare(tmp_path, "--train", str(path), "--valid", str(path), "--topics")
    assert known["labels"] == ["different", "same"] and known["examples"] == {"train": 8, "valid": 8}
    found = Examples.read(tmp_path / "tasks/valid/t.jsonl")
    assert found.labels.count("same") == 4
    every = sorted(text for both in found.texts for text in both)
    assert every == sorted(2 * [f"title {n} - text {n}" for n in range(8)])


@pytest.mark.parametrize(
    ("rows", "words", "said"),
    [
        (TEN, ["--held-out", "0.01"], r"a\.tsv: 0\.01 of 10 examples are 0; give a table for valid"),
        (TEN, ["--metric", "spearman"], r"metric 'spearman' is not for labels that are 2 classes"),
        (TEN, ["--metric", "mathews"], r"metric 'mathews' is not one of .* \(did you mean 'matthews'\?\)"),
        ([(str(n), "a") for n in range(10)], [], r"1 label, 'a'; a classifier tells at least two apart"),
        (TEN, ["--columns", '{"texts": 1, "label": "x"}'], "--columns: not of the shape"),
        (
            TEN,
            ["--columns", '{"texts": ["on"], "label": "label"}'],
            r"no column 'on' \(did you mean 'one'\?\)",
        ),
    ],
)
def test_mistakes(rows, words, said, tmp_path):
    given = words if "--columns" in words else ["--columns", COLUMNS, *words]
    with pytest.raises(UserError, match=said):
        prepare(tmp_path, "--train", table(tmp_path, "a", rows), *given)


def test_a_label_that_is_not_learned(tmp_path):
    files = ["--train", table(tmp_path, "a", TEN), "--test", table(tmp_path, "b", [("x", "yess")])]
    with pytest.raises(
        UserError, match=r"b\.tsv: label 'yess' is not one of no, yes \(did you mean 'yes'\?\)"
    ):
        prepare(tmp_path, *files, "--columns", COLUMNS)
