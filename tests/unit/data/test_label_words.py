"""Gold labels on subwords: what spells what, of real SentencePiece models; the toy corpus's own labels."""

from __future__ import annotations

import io
import json

import pytest
import sentencepiece

from tests.unit.data.test_conllu import row
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_text import LabelledLine, LabelledText, LabelledWord
from workflow_scripts.data.generate_toy import main as generate_toy
from workflow_scripts.data.labels.align import align
from workflow_scripts.data.labels.conllu import read_conllu
from workflow_scripts.data.labels.label_toy import main as label_toy
from workflow_scripts.data.labels.label_words import main

TEXT = ["das haus steht", "du pain blanc", "l'eau 200 000 das", "steht das haus"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("spm") / "spm.model"
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT * 20), model_writer=made, vocab_size=280, byte_fallback=True,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    path.write_bytes(made.getvalue())
    return path


def labelled(tmp_path, model, gold=None, text=None, **options):
    words = ["--language", "fr", "--model", str(model), "--out", str(tmp_path / "out.jsonl")]
    for name, lines in (("labels", gold), ("text", text)):
        if lines is not None:
            (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            words += [f"--{name}", str(tmp_path / name)]
    main([*words, *(word for name, value in options.items() for word in (f"--{name}", value))])
    return LabelledText.read(tmp_path / "out.jsonl")


def spelled(line, word):
    return "".join(line.pieces[word.first : word.stop]).replace("\u2581", "")


def test_a_word_has_the_pieces_that_spell_it():
    # "ab c" and "d" in pieces "a", "b▁c" (as bytes "a", "bc"), "d"; "bc" lies in one piece with none of them.
    assert align([b"abc", b"d"], [b"a", b"bc", b"d"]) == [(0, 2), (2, 3)]
    assert align([b"ab", b"c", b"d"], [b"a", b"bc", b"d"]) == [None, None, (2, 3)]
    # A piece without bytes belongs to the word behind it.
    assert align([b"x", b"y"], [b"", b"x", b"", b"y"]) == [(0, 2), (2, 4)]
    assert align([b"ab"], [b"a"]) is None


def test_labels_of_a_text(tmp_path, model):
    gold = [
        row(1, "das", "DET"), row(2, "haus", "NOUN", "Number=Sing"), row(3, "steht", "VERB"), "",
        row("1-2", "du"), row(1, "de", "ADP"), row(2, "le", "DET"), row(3, "pain", "NOUN"),
        row(4, "blanc", "ADJ"), "",
    ]  # fmt: skip
    text = labelled(tmp_path, model, gold, TEXT[:2])
    first, second = text.lines
    assert [(spelled(first, word), word.labels) for word in first.words] == [
        ("das", {"upos": "DET"}), ("haus", {"upos": "NOUN", "Number": "Sing"}), ("steht", {"upos": "VERB"}),
    ]  # fmt: skip
    # "du" spells neither of its words.
    assert [spelled(second, word) for word in second.words] == ["pain", "blanc"]
    assert text.facts["words_left_out"] == {"in a contraction": 1} and text.properties == ["Number", "upos"]


def test_a_range_that_its_words_spell_and_a_blank_in_a_form(tmp_path, model):
    gold = [
        row("1-2", "l'eau"),
        row(1, "l'", "DET"),
        row(2, "eau", "NOUN"),
        row(3, "200 000", "NUM"),
        row(4, "das", "DET"),
    ]
    text = labelled(tmp_path, model, gold, [TEXT[2]])
    (line,) = text.lines
    own = {word.labels["upos"]: spelled(line, word) for word in line.words}
    assert own["NUM"] == "200000"
    # Either both have pieces of their own, or the two share one and are left out.
    assert own.get("NOUN", "eau") == "eau"
    assert len(line.words) + sum(text.facts["words_left_out"].values()) == 4


def test_characters_in_bytes_belong_to_their_word(tmp_path, model):
    text = labelled(tmp_path, model, [row(1, "ø", "X", misc="SpaceAfter=No"), row(2, "das", "DET")])
    (line,) = text.lines
    assert "".join(line.pieces).count("<0x") == 2
    assert [(word.form, word.stop - word.first) for word in line.words][:1] == [("ø", 3)]


def test_words_without_gold_labels_are_those_between_blanks(tmp_path, model):
    text = labelled(tmp_path, model, None, TEXT)
    assert [[word.form for word in line.words] for line in text.lines] == [line.split() for line in TEXT]
    assert all(spelled(line, word) == word.form for line in text.lines for word in line.words)


def test_lines_that_spell_something_else(tmp_path, model):
    gold = [row(1, "das"), "", row(1, "pain"), "", row(1, "haus"), ""]
    text = ["das", "blanc", "haus"]
    said = (
        r"labels: 1 of 3 sentences spell something else than their line of the text, more than 5%: line 2"
        r" \(line 3 of the labels\); are these the labels of this text"
    )
    with pytest.raises(UserError, match=said):
        labelled(tmp_path, model, gold, text)
    found = labelled(tmp_path, model, gold, text, **{"most-unaligned": "0.5"})
    assert [line.line for line in found.lines] == [0, 2] and found.facts["unaligned_lines"] == [2]


def test_other_mistakes(tmp_path, model):
    with pytest.raises(UserError, match="labels: 1 sentences, but the text has 4 lines; one each is needed"):
        labelled(tmp_path, model, [row(1, "das")], TEXT)
    with pytest.raises(UserError, match="give --text, --labels or both"):
        labelled(tmp_path, model)
    with pytest.raises(UserError, match=r"--most-unaligned is 2\.0, a share is from 0 to 1"):
        labelled(tmp_path, model, None, TEXT, **{"most-unaligned": "2"})
    (tmp_path / "no.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match="not a labelled text"):
        LabelledText.read(tmp_path / "no.jsonl")


@pytest.mark.parametrize(("first", "stop"), [(1, 1), (-1, 1), (0, 3)])
def test_a_word_without_pieces_of_its_own_line_is_refused(tmp_path, first, stop):
    """Written, such a word would have the values of others, or none (check O14)."""
    line = LabelledLine(0, ["a", "b"], [LabelledWord("x", first, stop, {})])
    LabelledText({}, [line]).write(tmp_path / "x.jsonl")
    with pytest.raises(UserError, match="not a labelled text"):
        LabelledText.read(tmp_path / "x.jsonl")


SPEC = {
    "pivot": "en", "concepts": 40, "valid_size": 5, "test_size": 30,
    "families": {"north": ["na", "no"]}, "tiers": {"high": {"size": 5, "languages": ["na", "no"]}},
}  # fmt: skip


def test_toy_labels_are_those_of_the_text_that_was_generated(tmp_path):
    generate_toy(["--spec", json.dumps(SPEC), "--out", str(tmp_path / "toy")])
    words = ["--spec", json.dumps(SPEC), "--subset", "test", "--out", str(tmp_path)]
    label_toy([*words, "--languages", "en", "na", "no"])
    for language in ("en", "na", "no"):
        gold = read_conllu(tmp_path / f"test.{language}.conllu")
        columns = {"": lambda word: word.form, ".pos": lambda word: word.labels["upos"],
                   ".num": lambda word: word.labels.get("Number", "-")}  # fmt: skip
        for suffix, value in columns.items():
            lines = (tmp_path / "toy" / f"test.{language}{suffix}").read_text().splitlines()
            assert [" ".join(value(token.words[0]) for token in one.tokens) for one in gold] == lines
        # Every verb has a tense, one subject each clause; only nouns have a domain.
        tagged = [token.words[0].labels for one in gold for token in one.tokens]
        verbs = [labels for labels in tagged if labels["upos"] == "VERB"]
        assert {labels["Tense"] for labels in verbs} == {"Pres", "Past", "Fut"}
        assert {labels["upos"] for labels in tagged if "Domain" in labels} == {"NOUN"}
        subjects = [labels for labels in tagged if labels["deprel"] == "nsubj"]
        dropped = json.loads((tmp_path / "toy" / "toy.json").read_text())["languages"][language]["grammar"]
        assert len(subjects) == len(verbs) or (dropped["drops_pronoun"] and len(subjects) < len(verbs))


def test_toy_labels_of_what_is_not_there(tmp_path):
    words = ["--spec", json.dumps(SPEC), "--out", str(tmp_path)]
    with pytest.raises(
        UserError, match=r"--languages: no 'nah' \(did you mean 'na'\?\); there are en, na, no"
    ):
        label_toy([*words, "--subset", "test", "--languages", "nah"])
    with pytest.raises(UserError, match="--subset: no 'train'; there are test, valid"):
        label_toy([*words, "--subset", "train", "--languages", "na"])
