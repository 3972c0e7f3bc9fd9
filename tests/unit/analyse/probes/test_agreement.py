"""Agreement of rankings and top words, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.probes.agreement import mean_jaccard, votes
from workflow_scripts.analyse.probes.word_scores import Word, top_words
from workflow_scripts.common.errors import UserError

ORDERS = {"probe": np.array([0, 1, 2, 3]), "iou": np.array([1, 0, 3, 2]), "gaussian": np.array([2, 1, 3, 0])}


def test_overlap_of_the_first_units():
    found = mean_jaccard(ORDERS, 2)
    # {0,1} and {1,0} are the same; {2,1} shares one of three with each.
    assert [one["jaccard"] for one in found["pairs"]] == [1.0, 1 / 3, 1 / 3]
    assert found["mean"] == pytest.approx({"probe": 2 / 3, "iou": 2 / 3, "gaussian": 1 / 3})
    # Two of four at random: both with 1/6, one with 4/6.
    assert found["chance"] == pytest.approx(1 / 6 + 4 / 6 / 3)
    assert votes(ORDERS, 2).tolist() == [2, 3, 1, 0]


@pytest.mark.parametrize(
    ("n", "units", "chance"),
    # The last: a fifth of twelve layers of 4,096 neurons; 1/9 but for 6e-7.
    [(1, 2, 0.5), (2, 3, 2 / 9 + 1 / 3), (3, 3, 1.0), (9830, 49152, 0.111110553)],
)
def test_what_random_sets_share(n, units, chance):
    orders = {"one": np.arange(units), "other": np.arange(units)}
    assert mean_jaccard(orders, n)["chance"] == pytest.approx(chance, rel=1e-8)


def test_rankings_that_cannot_be_compared():
    for orders, n, message in (
        ({"probe": ORDERS["probe"]}, 1, "agreement of probe: name at least two rankings"),
        (ORDERS, 5, "agreement of the first 5 of 4 units: take 1 to 4"),
        (ORDERS, 0, "agreement of the first 0 of 4 units: take 1 to 4"),
        (
            {**ORDERS, "iou": np.arange(3)},
            1,
            "agreement: rankings of probe 4, iou 3, gaussian 4 units; they must be of the same units",
        ),
    ):
        with pytest.raises(UserError) as caught:
            mean_jaccard(orders, n)
        assert str(caught.value) == message


def test_top_words_are_those_farthest_from_the_mean():
    # Mean 0, variance (4 · 1 + 2 · 16) / 6 = 6. Of two equal words the first by spelling.
    values = np.array([1.0, -1, 1, -1, 4, -4])
    words = ["and", "and", "the", "the", "dog", "cat"]
    spread = np.sqrt(36 / 6)
    found = top_words(values, words)
    assert [one.word for one in found] == ["cat", "dog", "and", "the"]
    assert found[0] == Word("cat", 1.0, pytest.approx(-4 / spread), 1)
    assert found[2] == Word("and", pytest.approx(0.25), pytest.approx(0), 2)
    assert [one.word for one in top_words(values, words, most=1)] == ["cat"]
    assert [one.word for one in top_words(values, words, least_tokens=2)] == ["and", "the"]
    assert top_words(values, words, least_tokens=3) == []
    assert top_words(np.ones(6, dtype=np.float16), words) == []


def test_words_of_a_tenth_of_the_highest_score_are_left_out():
    values = np.array([10.0, -10, 1, -1, 1.1, -1.1])
    assert [one.word for one in top_words(values, ["a", "a", "b", "b", "c", "c"])] == ["a", "c"]
