"""Labels that follow from words, and which words a probe is about."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.probes.matrix import columns_of, rows_of
from workflow_scripts.analyse.probes.word_labels import choose, labels_of
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace([UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 2)])


def words(stack="encoder", **columns):
    whole = {
        "forms": ["running", "Sing", "abc", "ending", "x"],
        "lines": [0, 0, 1, 1, 1],
        "places": [0, 3, 5, 8, 20],
        "directions": ["en-de", "en-de", "fr-de", "fr-de", "fr-en"],
        "labels": {"upos": ["NOUN", None, "VERB", "NOUN", "ADJ"]},
    } | columns  # fmt: skip
    return Words(**whole, space=SPACE, facts={"stack": stack})


def test_labels_that_follow_from_the_words():
    assert labels_of(words(), "language") == ["en", "en", "fr", "fr", "fr"]
    assert labels_of(words("decoder"), "language") == ["de", "de", "de", "de", "en"]
    assert labels_of(words(), "direction") == ["en-de", "en-de", "fr-de", "fr-de", "fr-en"]
    # Places 1, 4, 6, 9 and 21 of a sentence.
    assert labels_of(words(), "position") == ["1", "4-5", "6-8", "9+", "9+"]
    # The last two letters, in small ones, of words of at least four.
    assert labels_of(words(), "suffix") == ["ng", "ng", None, "ng", None]
    assert labels_of(words(), "upos") == ["NOUN", None, "VERB", "NOUN", "ADJ"]


def test_only_the_most_frequent_suffixes_are_labels():
    forms = [f"word{first}{second}" for first in "abcde" for second in "vwxyz"] + ["worsaa", "worsaa"]
    size = len(forms)
    many = words(forms=forms, lines=[0] * size, places=[0] * size, directions=["en-de"] * size, labels={})
    found = labels_of(many, "suffix")
    # "aa" occurs twice, each of the 25 others once: of these the first 19 of the alphabet.
    assert found[-2:] == ["aa", "aa"] and found[:19] == [form[-2:] for form in forms[:19]]
    assert found[19:25] == [None] * 6


def test_rare_labels_and_words_without_one_are_left_out_and_named():
    chosen = choose(words(labels={"upos": ["NOUN", None, "VERB", "NOUN", "VERB"]}), "upos", 2)
    assert chosen.rows.tolist() == [0, 2, 3, 4] and chosen.y.tolist() == [0, 1, 0, 1]
    assert chosen.labels == ["NOUN", "VERB"] and (chosen.rare, chosen.unlabelled) == ({}, 1)
    with pytest.raises(UserError, match=r"--property upos: 1 label \(NOUN\) of at least 2 words"):
        choose(words(), "upos", 2)
    with pytest.raises(UserError, match=r"--property upos: 0 labels? of at least 9 words"):
        choose(words(), "upos", 9)
    fewer = choose(words(), "position", 1)
    assert fewer.labels == ["1", "4-5", "6-8", "9+"]


def test_their_values_and_sentences(tmp_path):
    values = np.arange(10, dtype=np.float16).reshape(5, 2)

    def labelled(labels):
        return choose(words(labels={"upos": labels}), "upos", 2).of(values, words(), "upos", tmp_path)

    every = labelled(["A", "B", "A", "B", "A"])
    assert every.X is values and every.sentences.tolist() == [0, 0, 1, 1, 1]
    some = labelled(["A", None, "B", "B", "A"])
    assert np.array_equal(some.X, [[0, 1], [4, 5], [6, 7], [8, 9]])
    assert some.words == ["running", "abc", "ending", "x"] and some.sentences.tolist() == [0, 1, 1, 1]


def test_rows_that_do_not_fit_into_memory_are_in_a_file(tmp_path):
    values = np.arange(10, dtype=np.float16).reshape(5, 2)
    found = rows_of(values, np.array([0, 2, 4]), tmp_path, held_bytes=11)
    assert isinstance(found, np.memmap) and found.dtype == np.float16
    assert np.array_equal(found, [[0, 1], [4, 5], [8, 9]])
    assert np.array_equal(columns_of(found, np.array([1])), [[1], [5], [9]])
    assert not isinstance(rows_of(values, np.array([0, 2, 4]), tmp_path, held_bytes=12), np.memmap)


def test_a_property_that_nobody_has():
    with pytest.raises(
        UserError, match=r"no 'UPOS' \(did you mean 'upos'\?\); there are language, direction"
    ):
        choose(words(), "UPOS", 2)
