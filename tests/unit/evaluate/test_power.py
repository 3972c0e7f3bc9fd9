"""power: the smallest difference that so many seeds could show, by printed tables of Student's t."""

import math

import pytest

from workflow_scripts.evaluate.significance.power import detectable_difference


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # Two degrees: t is 4.302653 and 1.060660; the standard deviation 1; (4.302653 + 1.060660) / sqrt(3).
        ([1.0, 2.0, 3.0], 3.096510),
        # The mean does not matter, the unit does.
        ([-20.0, 0.0, 20.0], 61.930202),
        # Four degrees: 2.776445 and 0.940965; deviation sqrt(2.5) = 1.581139; times 3.717410, over sqrt(5).
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2.628606),
    ],
)
def test_by_hand(values, expected):
    assert detectable_difference(values) == pytest.approx(expected, rel=1e-6)


def test_the_exact_test_has_this_power():
    """With sixty seeds, where the two quantiles are nearly exact, the test finds it four times in five."""
    from statsmodels.stats.power import TTestPower

    values = [float(n % 2) for n in range(60)]
    sd = math.sqrt(60 * 0.25 / 59)
    power = TTestPower().power(detectable_difference(values) / sd, nobs=60, alpha=0.05)
    assert power == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize("values", [[], [0.4], [0.4, 0.4, 0.4]])
def test_undefined(values):
    assert math.isnan(detectable_difference(values))
