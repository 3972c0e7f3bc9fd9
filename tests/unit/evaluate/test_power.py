"""power: the smallest difference that so many seeds could show, by the power of the exact test."""

import math

import pytest

from workflow_scripts.evaluate.significance.power import detectable, detectable_difference, power


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Two degrees: 5.653489 standard errors (statsmodels); the standard deviation 1, over sqrt(3).
        ([1.0, 2.0, 3.0], 3.264044),
        # The mean does not matter, the unit does.
        ([-20.0, 0.0, 20.0], 65.280871),
        # Four degrees: 3.761060; deviation sqrt(2.5) = 1.581139, over sqrt(5).
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2.659471),
    ],
)
def test_by_hand(values, expected):
    assert detectable_difference(values) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 60])
def test_the_exact_test_finds_it_four_times_in_five(seeds):
    from statsmodels.stats.power import TTestPower

    assert TTestPower().power(
        detectable(seeds - 1) / math.sqrt(seeds), nobs=seeds, alpha=0.05
    ) == pytest.approx(0.8, abs=1e-6)


def test_power_by_hand():
    """Without a difference it is the level. With one degree of freedom t is 12.706205, and a large shift d is
    found where |z| < d / 12.706205, of a normal z: of d = 12.706205 in .682689, but for what chance adds."""
    assert power(0.0, 1) == pytest.approx(0.05, abs=1e-6)
    assert power(0.0, 2) == pytest.approx(0.05, abs=1e-7)
    assert power(12.706205, 1) == pytest.approx(0.682689, abs=0.003)


@pytest.mark.parametrize("values", [[], [0.4], [0.4, 0.4, 0.4]])
def test_undefined(values):
    assert math.isnan(detectable_difference(values))
