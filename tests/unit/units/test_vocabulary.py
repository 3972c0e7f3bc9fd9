"""Ids of subwords and language tokens."""

import subprocess

import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.vocabulary import BOS, EOS, PAD, UNKNOWN, Vocabulary


def test_order_of_ids(tmp_path):
    (tmp_path / "dict.txt").write_text("\u2581the 100\na 7\n\u2028 1\n", encoding="utf-8")
    vocabulary = Vocabulary.read(tmp_path / "dict.txt", ["en", "de"])
    assert vocabulary.symbols == [
        "<s>", "<pad>", "</s>", "<unk>", "\u2581the", "a", "\u2028", "__en__", "__de__",
    ]  # fmt: skip
    assert (BOS, PAD, EOS, UNKNOWN) == (0, 1, 2, 3)
    assert vocabulary.subwords == ["\u2581the", "a", "\u2028"]
    assert len(vocabulary) == 9
    assert [vocabulary.id_of(s) for s in ("<pad>", "a", "__en__", "nowhere")] == [1, 5, 7, 3]
    assert vocabulary.encode(["a", "nowhere", "\u2581the"]) == [5, 3, 4]
    assert vocabulary.language_id("de") == 8


# What fairseq reads each as, tests/unit/models/test_fairseq_dictionary.py shows.
READ = {
    "scores for counts": ("\u2581the 0\na -1\nb -2\n", ["\u2581the", "a", "b"]),
    "other ways to write a whole number": ("a +3\nb 1_000\nc 007\n", ["a", "b", "c"]),
    "blanks at the ends of lines": ("a 1 \nb 2\t\r\nc 3\u3000\n", ["a", "b", "c"]),
    "a blank in a symbol": ("a b 1\n", ["a b"]),
    "specials with the flag": (
        "<s> 0 #fairseq:overwrite\n</s> 0 #fairseq:overwrite\n<unk> 0 #fairseq:overwrite\na 1\n",
        ["<s>", "</s>", "<unk>", "a"],
    ),
    "the flag behind a new symbol": ("a 1 #fairseq:overwrite\nb 2\n", ["a", "b"]),
    "symbols that pad, and a mask": ("a 1\nmadeupword0000 0\n<mask> 1\n", ["a", "madeupword0000", "<mask>"]),
    "the token of a language that is none of these": ("a 1\n__fr__ 1\n", ["a", "__fr__"]),
}


@pytest.mark.parametrize("name", READ)
def test_dictionaries_as_fairseq_reads_them(tmp_path, name):
    text, symbols = READ[name]
    (tmp_path / "dict.txt").write_bytes(text.encode())
    vocabulary = Vocabulary.read(tmp_path / "dict.txt", ["en"])
    assert vocabulary.subwords == symbols
    assert vocabulary.symbols == ["<s>", "<pad>", "</s>", "<unk>", *symbols, "__en__"]
    assert [vocabulary.id_of(special) for special in vocabulary.symbols[:4]] == [0, 1, 2, 3]
    assert vocabulary.id_of("nowhere") == 3


def test_tokens_in_the_dictionary_keep_their_ids(tmp_path):
    """As in dictionaries of released models: fairseq adds behind it those alone that it lacks."""
    (tmp_path / "dict.txt").write_text("a 1\n__de__ 1\n__fr__ 1\nb 1\nmadeupword0000 0\n")
    vocabulary = Vocabulary.read(tmp_path / "dict.txt", ["en", "de", "fr"])
    assert vocabulary.symbols[4:] == ["a", "__de__", "__fr__", "b", "madeupword0000", "__en__"]
    assert [vocabulary.language_id(language) for language in ("en", "de", "fr")] == [9, 5, 6]
    assert len(vocabulary) == 10
    vocabulary.check_pieces(["<unk>", "a", "b"], "dict.txt")
    with pytest.raises(UserError, match=r"the model lacks 1 of its 5 pieces, such as 'b'"):
        vocabulary.check_pieces(["a"], "dict.txt")
    Vocabulary(["a", "<news>", "[de_DE]", "__opt_domain__", "b"]).check_pieces(["a", "b"], "dict.txt")


def test_an_unknown_language():
    with pytest.raises(UserError, match=r"'enn' is not one of en, de \(did you mean 'en'"):
        Vocabulary(["a"], ["en", "de"]).language_id("enn")


def test_a_dictionary_made_of_spm_vocab_by_the_command_that_is_told(tmp_path):
    scores = tmp_path / "spm.vocab"
    scores.write_text("<unk>\t0\n<s>\t0\n</s>\t0\n\u2581a\t-0.5\n<0x0A>\t-1\n#\t-2\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        Vocabulary.read(scores)
    subprocess.run(str(error.value).partition("make that of it: ")[2], shell=True, check=True, cwd=tmp_path)
    assert Vocabulary.read(tmp_path / "dict.txt").subwords == ["\u2581a", "<0x0A>", "#"]
