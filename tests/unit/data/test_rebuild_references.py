"""References rebuilt from binarised text, against what the published scripts make of the same ids."""

import json

from workflow_scripts.data import binarise, rebuild_references
from workflow_scripts.data.rebuild_references import rebuild
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.data.train_subwords import dictionary_text, train_model
from workflow_scripts.units.vocabulary import EOS, UNKNOWN, Vocabulary

MOSES = TextOptions(moses=True)
PIECES = ["▁well", "▁@-@", "▁known", "▁caf", "▁,", "▁9", "▁:", "▁30", "▁R", "&amp;", "D"]
VOCABULARY = Vocabulary(PIECES)


def ids(*pieces):
    return [VOCABULARY.id_of(piece) for piece in pieces] + [EOS]


def test_debris_and_unknown_tokens_by_hand():
    english = TextProcessor("en", MOSES)
    # Text: "well-known café, 9:30". Its é is not in the vocabulary; the tokeniser split the time for good.
    sentence = ids("▁well", "▁@-@", "▁known", "▁caf", "é", "▁,", "▁9", "▁:", "▁30")
    assert sentence[4] == UNKNOWN
    assert rebuild(sentence, VOCABULARY, english) == "well-known caf<<unk>>, 9: 30"
    # Two marks in a row share the blank between them: the first one takes it, the second stays.
    assert rebuild(ids("▁well", "▁@-@", "▁@-@", "▁known"), VOCABULARY, english) == "well-@-@ known"
    # An unknown word loses the blank before it: the mark of its start is a part of the token.
    assert rebuild(ids("▁well", "xyz", "▁known"), VOCABULARY, english) == "well<<unk>> known"
    # The published detokeniser unescaped, though nothing had been escaped.
    assert rebuild(ids("▁R", "&amp;", "D"), VOCABULARY, english) == "R&D"
    plain = TextProcessor("en", TextOptions())
    assert rebuild(ids("▁well", "▁@-@", "▁R", "&amp;", "D"), VOCABULARY, plain) == "well @-@ R&amp;D"


def test_from_text_to_rebuilt_references(tmp_path):
    lines = ["the cat sat on the mat", "the dog sat on the cat", "well @-@ known , isn 't it ?"] * 4
    (tmp_path / "spm.model").write_bytes(train_model(iter(lines), 60, "bpe", 1.0))
    (tmp_path / "dict.txt").write_text(dictionary_text(tmp_path / "spm.model"))
    raw = ["The cat-é sat, isn't it?", "the cat sat on the mat"]
    (tmp_path / "test.en.txt").write_text("".join(f"{line}\n" for line in raw))
    shared = [
        "--lang", "en", "--text", json.dumps({"moses": True}), "--dictionary", str(tmp_path / "dict.txt"),
    ]  # fmt: skip
    prefix = str(tmp_path / "test.de-en.en")
    model = ["--text-file", str(tmp_path / "test.en.txt"), "--subwords", str(tmp_path / "spm.model")]
    binarise.main([*shared, *model, "--out-prefix", prefix, "--stats", str(tmp_path / "stats.json")])
    rebuild_references.main([*shared, "--bin-prefix", prefix, "--out", str(tmp_path / "rebuilt.txt")])
    # Neither "T" nor "é" is in the training text.
    assert (tmp_path / "rebuilt.txt").read_text().splitlines() == [
        "<<unk>>he cat-<<unk>> sat, isn't it?",
        "the cat sat on the mat",
    ]
