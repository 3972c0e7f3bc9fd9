"""Whole words of ids: joined pieces, punctuation, tags, unknown pieces, vowel signs, other vocabularies."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the fairseq environment")

from workflow_scripts.analyse.strongest.spelling import Spelling

SYMBOLS = [
    "</s>",
    "<unk>",
    "__de__",
    "▁Haus",
    "tür",
    ".",
    "▁",
    "▁(",
    "▁un",
    "'",
    "s",
    "▁की",
    "<0xE2>",
    "▁ist",
]


def spelt(*symbols, known=SYMBOLS, **more):
    spelling = Spelling(known, [0, 2], 1, **more)
    return list(spelling.words([known.index(one) for one in symbols]))


def test_pieces_of_a_word_are_joined_and_tags_are_none():
    assert spelt("__de__", "▁Haus", "tür", "▁ist", "</s>") == [("Haustür", [1, 2]), ("ist", [3])]


def test_punctuation_is_no_word_and_is_cut_off_the_ends_of_words():
    # The full stop and the bracket are pieces by themselves: the unit's value there is not the word's.
    assert spelt("▁(", "▁Haus", "tür", ".") == [("Haustür", [1, 2])]
    assert spelt("▁", "s", ".") == [("s", [1])]
    assert spelt("▁(", ".") == []
    # Inside a word it stays in the text.
    assert spelt("▁un", "'", "s") == [("un's", [0, 2])]


def test_a_vowel_sign_is_part_of_its_word():
    assert spelt("▁की") == [("की", [0])]


@pytest.mark.parametrize("strange", ["<unk>", "<0xE2>"])
def test_words_with_what_the_vocabulary_lacks_are_left_out(strange):
    assert spelt("▁Haus", strange, "▁ist") == [("ist", [2])]


def test_a_tag_ends_a_word():
    assert spelt("▁Haus", "__de__", "tür") == [("Haus", [0]), ("tür", [2])]


def test_a_vocabulary_without_marks_has_a_word_a_symbol():
    assert spelt("ja", "nein", known=["</s>", "<unk>", "<s>", "ja", "nein"]) == [("ja", [0]), ("nein", [1])]


def test_byte_level_pieces_are_joined_by_their_tokenizer():
    known = ["</s>", "<unk>", "<s>", "ĠT", "Ã¼", "r"]
    found = spelt("ĠT", "Ã¼", "r", known=known, join=lambda pieces: " Tür" if len(pieces) == 3 else "?")
    assert found == [("Tür", [0, 1, 2])]
