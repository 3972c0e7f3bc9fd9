"""The selectors, against sets worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.units.select import keep_all, mass, normalise_k, random_like
from workflow_scripts.units.space import ffn_space


def kept(scores, k, dtype=np.int64):
    """The kept unit indices of one group with these scores."""
    values = np.array(scores, dtype=dtype)
    return np.flatnonzero(mass(values, ffn_space(1, 0, len(scores)), k)).tolist()


@pytest.mark.parametrize(
    ("scores", "k", "expected"),
    [
        # total 20: sums 8, 14, 18, 20
        ([2, 8, 4, 6], "40", [1]),  # 8 of 20 is 40 %: reached, not passed
        ([2, 8, 4, 6], "40.0001", [1, 3]),  # the crossing unit is kept
        ([2, 8, 4, 6], "70", [1, 3]),
        ([2, 8, 4, 6], "71", [1, 2, 3]),
        ([2, 8, 4, 6], "90", [1, 2, 3]),
        ([2, 8, 4, 6], "91", [0, 1, 2, 3]),
        ([2, 8, 4, 6], "0.001", [1]),
        # total 1000: sums 974, 975, 976, ...
        ([974] + [1] * 26, "97.5", [0, 1]),
        ([974] + [1] * 26, "97.4", [0]),
        ([974] + [1] * 26, "97.41", [0, 1]),
        # ties: the lower index first
        ([5, 5, 5, 5], "50", [0, 1]),
        ([5, 5, 5, 5], "50.01", [0, 1, 2]),
        ([1, 5, 1, 5, 1], "80", [1, 3, 0]),
        # k = 100: every unit with a score, and no other; above 100: all
        ([0, 3, 0, 1], "100", [1, 3]),
        ([0, 3, 0, 1], "100.0", [1, 3]),
        ([0, 3, 0, 1], "100.1", [0, 1, 2, 3]),
        # nothing fired: exactly one unit, the first
        ([0, 0, 0], "95", [0]),
        ([0, 0, 0], "100", [0]),
    ],
)
def test_mass_on_one_group(scores, k, expected):
    assert kept(scores, k) == sorted(expected)
    assert kept(scores, k, np.float64) == sorted(expected)


def test_mass_in_each_of_two_groups():
    # spec/unit_analysis O1: mass 0.5 of [[5,1,1],[1,10,1]] keeps {0} and {1}
    scores = np.array([5, 1, 1, 1, 10, 1], dtype=np.int64)
    assert mass(scores, ffn_space(2, 0, 3), "50").tolist() == [True, False, False, False, True, False]
    # O2: mass 1.1 keeps all
    scores = np.array([10, 9, 8, 10, 2, 1], dtype=np.int64)
    assert mass(scores, ffn_space(1, 1, 3), "110").all()


def test_mass_is_exact_where_floats_are_not():
    big = 2**60
    # The second unit is one count short of, or exactly at, the threshold: float64 sees no difference.
    assert kept([big, 1, big + 1], "50") == [2]
    assert kept([big, 2, big + 1], "50") == [0, 2]
    # sums beyond int64
    assert kept([2**62, 2**62, 1, 2**62], "66.6") == [0, 1]
    assert kept([2**62, 2**62, 1, 2**62], "66.7") == [0, 1, 3]
    # float32 cumulative sums (the published code) stop before the last counts at k = 100.
    assert kept([2**24, 1, 1, 1], "100") == [0, 1, 2, 3]
    # ten times 0.1 is a little more than the float 1.0 holds; both sums are taken as the floats' exact values
    assert kept([0.1] * 10, "100", np.float64) == list(range(10))
    assert kept([0.5, 0.25, 0.125, 0.125], "75", np.float64) == [0, 1]
    assert kept([1e300, 1e-300, 0.0], "100", np.float64) == [0, 1]


def test_mass_is_nested_in_k():
    scores = np.random.default_rng(3).integers(0, 50, 40)
    masks = [mass(scores, ffn_space(2, 2, 10), str(k)) for k in (1, 30, 70, 95, 97, 100, 101)]
    for smaller, larger in pairwise(masks):
        assert (larger >= smaller).all()
    assert masks[-1].all() and not masks[0].all()


def test_mass_refuses_what_is_no_score():
    space = ffn_space(1, 0, 2)
    for bad in ([1, -1], [1.0, np.nan], [1.0, np.inf]):
        with pytest.raises(ValueError, match="not negative"):
            mass(np.array(bad), space, "95")
    with pytest.raises(ValueError, match="do not fit"):
        mass(np.array([1, 2, 3]), space, "95")


@pytest.mark.parametrize(
    ("k", "text"),
    [("97.50", "97.5"), ("95", "95"), ("95.0", "95"), ("100", "100"), ("1E+2", "100"), (70, "70"),
     (Decimal("0.50"), "0.5")],
)  # fmt: skip
def test_one_spelling_of_k(k, text):
    assert normalise_k(k) == text


@pytest.mark.parametrize("k", ["0", "-5", "ninety", "nan", "inf", ""])
def test_k_must_be_positive(k):
    with pytest.raises(UserError, match="k is"):
        normalise_k(k)


def test_keep_all():
    assert keep_all(ffn_space(1, 1, 2)).tolist() == [True] * 4


def test_random_masks_have_equal_size_per_group():
    space = ffn_space(2, 1, 100)
    keep = np.zeros(300, dtype=bool)
    keep[:7] = True
    keep[100:150] = True
    keep[200:300] = True
    drawn = random_like(keep, space, seed=1)
    assert [int(drawn[span].sum()) for span in space.slices().values()] == [7, 50, 100]
    assert (drawn == random_like(keep, space, seed=1)).all()
    assert (drawn != random_like(keep, space, seed=2)).any()
    assert (drawn != keep).any()
