"""The smallest difference that an experiment of so many seeds could have shown."""

import math
import statistics
from collections.abc import Sequence
from functools import cache

from workflow_scripts.common.students_t import student_t, where_reached

#: Two-sided, and how often a true difference of the size named is to be found.
LEVEL, POWER = 0.05, 0.8
#: Steps of the integral over the spread that is seen (Simpson's rule), and how far it goes beyond the root of
#: the degrees of freedom.
STEPS, BEYOND = 1000, 10.0


def detectable_difference(values: Sequence[float]) -> float:
    """Return the smallest true mean that a paired t-test of so many values would find four times in five.

    ``values``: a difference of two systems for each seed, unrounded. The result is in their unit: the
    standard deviation over √n, times what ``detectable`` says of n - 1 degrees of freedom; NaN where it is
    undefined, for fewer than two values and for equal ones, whose spread is not known.
    """
    n = len(values)
    spread = statistics.stdev(values) if n > 1 else 0.0
    if spread == 0:
        return math.nan
    return detectable(n - 1) * spread / math.sqrt(n)


@cache
def detectable(degrees: int) -> float:
    """Return the true mean, in standard errors, that a t-test with so many degrees of freedom finds with
    probability ``POWER``. The usual sum of two quantiles of t is 5 % less for three seeds."""
    return where_reached(lambda shift: power(shift, degrees), POWER)


def power(shift: float, degrees: int) -> float:
    """Return how often a two-sided t-test at ``LEVEL`` finds a true mean of ``shift`` standard errors.

    The statistic is (z + shift) / s of a normal z and s = χ / √degrees, so that this is the integral over s
    of P(z + shift > t s) + P(z + shift < -t s), by the density of χ.
    """
    t = student_t(degrees, 1 - LEVEL) / math.sqrt(degrees)
    scale = math.log(2) * (degrees / 2 - 1) + math.lgamma(degrees / 2)
    step = (math.sqrt(degrees) + BEYOND) / STEPS

    def value(chi: float) -> float:
        if chi == 0:
            density = math.exp(-scale) if degrees == 1 else 0.0
        else:
            density = math.exp((degrees - 1) * math.log(chi) - chi * chi / 2 - scale)
        return density * (_below(shift - t * chi) + _below(-shift - t * chi))

    inner = sum((4 if number % 2 else 2) * value(number * step) for number in range(1, STEPS))
    return (value(0.0) + inner + value(STEPS * step)) * step / 3


def _below(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2
