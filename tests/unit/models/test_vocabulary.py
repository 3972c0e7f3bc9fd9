"""The vocabulary: numbers in model order, equal to fairseq's own."""

from __future__ import annotations

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.models.vocabulary import BOS, EOS, PAD, UNK, Vocabulary


@pytest.fixture
def dictionary(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_text("▁a 100\nb 7\n\u2028c 1\n", encoding="utf-8")
    return path


def test_numbers_by_hand(dictionary):
    vocabulary = Vocabulary.read(dictionary, ["en", "de"])
    assert vocabulary.symbols == ("<s>", "<pad>", "</s>", "<unk>", "▁a", "b", "\u2028c", "__en__", "__de__")
    assert (BOS, PAD, EOS, UNK) == (0, 1, 2, 3)
    assert len(vocabulary) == 9
    assert vocabulary.language_token("de") == 8
    assert vocabulary.encode(["b", "nothing", "▁a"]) == [5, 3, 4]


def test_equal_to_fairseqs_dictionary(dictionary):
    from fairseq.data import Dictionary

    vocabulary = Vocabulary.read(dictionary, ["en", "de"])
    ours = vocabulary.fairseq_dictionary()
    stock = Dictionary.load(str(dictionary))
    for language in ("en", "de"):
        stock.add_symbol(f"__{language}__")
    assert ours.symbols == stock.symbols == list(vocabulary.symbols)
    assert (ours.bos(), ours.pad(), ours.eos(), ours.unk()) == (BOS, PAD, EOS, UNK)


def test_directions_with_hyphens_in_a_code():
    vocabulary = Vocabulary([], ["en", "zh-Hant", "de"])
    assert vocabulary.direction_languages("de-en") == ("de", "en")
    assert vocabulary.direction_languages("zh-Hant-en") == ("zh-Hant", "en")
    with pytest.raises(
        UserError, match="direction 'fr-en' is not source-target of the languages en, zh-Hant"
    ):
        vocabulary.direction_languages("fr-en")


def test_errors_say_where(tmp_path):
    path = tmp_path / "dict.txt"
    path.write_text("a 1\nb\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"dict\.txt, line 2: expected 'piece count'"):
        Vocabulary.read(path, ["en"])
    path.write_text("a 1\na 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"dict\.txt: 'a' occurs more than once"):
        Vocabulary.read(path, ["en"])
    with pytest.raises(UserError, match=r"language 'enn' is not one of en.*did you mean 'en'"):
        Vocabulary([], ["en"]).language_token("enn")
