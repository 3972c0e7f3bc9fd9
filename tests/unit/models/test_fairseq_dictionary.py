"""The vocabulary in fairseq's form."""

from __future__ import annotations

import pytest

from tests.unit.units.test_vocabulary import READ
from workflow_scripts.models.fairseq.network import fairseq_dictionary
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


def test_specials_that_occur_again_have_rows_that_nothing_uses(tmp_path):
    """In fairseq the name takes the new id; what is written and read are the first four."""
    from fairseq.data import Dictionary

    path = tmp_path / "dict.txt"
    path.write_text("<unk> 0 #fairseq:overwrite\n</s> 0 #fairseq:overwrite\na 1\n", encoding="utf-8")
    stock = Dictionary.load(str(path))
    stock.add_symbol("__en__")
    vocabulary = Vocabulary.read(path, ["en"])
    ours = fairseq_dictionary(vocabulary)
    assert ours.symbols == stock.symbols == vocabulary.symbols
    for one in (ours, stock):
        assert (one.bos(), one.pad(), one.eos(), one.unk()) == (BOS, PAD, EOS, UNKNOWN)
        assert one.encode_line("a b", append_eos=True, add_if_not_exist=False).tolist() == [6, 3, 2]
    assert vocabulary.encode(["a", "b"]) == [6, 3]


def test_why_a_second_id_of_a_subword_is_refused(tmp_path):
    from fairseq.data import Dictionary

    (tmp_path / "dict.txt").write_text("a 1\nb 1\na 0 #fairseq:overwrite\n", encoding="utf-8")
    stock = Dictionary.load(str(tmp_path / "dict.txt"))
    assert (stock.symbols[4:], stock.index("a")) == (["a", "b", "a"], 6)
