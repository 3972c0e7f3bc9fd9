"""The vocabulary in fairseq's form."""

from __future__ import annotations

import pytest

from tests.unit.units.test_vocabulary import READ
from workflow_scripts.models.vocabulary import fairseq_dictionary
from workflow_scripts.units.vocabulary import BOS, EOS, PAD, UNKNOWN, Vocabulary


def test_equal_to_fairseqs_own_reading(tmp_path):
    from fairseq.data import Dictionary

    path = tmp_path / "dict.txt"
    path.write_text("▁a 100\nb 7\n\u2028c 1\n", encoding="utf-8")
    vocabulary = Vocabulary.read(path, ["en", "de"])
    ours = fairseq_dictionary(vocabulary)
    stock = Dictionary.load(str(path))
    for language in ("en", "de"):
        stock.add_symbol(f"__{language}__")
    assert ours.symbols == stock.symbols == vocabulary.symbols
    assert (ours.bos(), ours.pad(), ours.eos(), ours.unk()) == (BOS, PAD, EOS, UNKNOWN)


@pytest.mark.parametrize("name", READ)
def test_dictionaries_are_read_as_fairseq_reads_them(tmp_path, name):
    from fairseq.data import Dictionary

    text, symbols = READ[name]
    path = tmp_path / "dict.txt"
    path.write_bytes(text.encode())
    assert Dictionary.load(str(path)).symbols[4:] == symbols == Vocabulary.read(path).subwords


def test_tokens_in_the_dictionary_get_no_other_id(tmp_path):
    """As in released multilingual models: fairseq adds the tokens alone that are not there."""
    from fairseq.data import Dictionary

    path = tmp_path / "dict.txt"
    path.write_text("a 1\n__de__ 1\nb 1\nmadeupword0000 0\n", encoding="utf-8")
    stock = Dictionary.load(str(path))
    for language in ("en", "de"):
        stock.add_symbol(f"__{language}__")
    vocabulary = Vocabulary.read(path, ["en", "de"])
    assert fairseq_dictionary(vocabulary).symbols == stock.symbols == vocabulary.symbols
    assert (stock.index("__de__"), stock.index("__en__")) == (5, 8)


def test_why_a_second_id_is_refused(tmp_path):
    """In fairseq a flagged line takes a row and its symbol's id."""
    from fairseq.data import Dictionary

    (tmp_path / "dict.txt").write_text("<unk> 0 #fairseq:overwrite\na 1\n", encoding="utf-8")
    stock = Dictionary.load(str(tmp_path / "dict.txt"))
    assert stock.symbols == ["<s>", "<pad>", "</s>", "<unk>", "<unk>", "a"]
    assert (stock.index("<unk>"), stock.unk()) == (4, 3)
