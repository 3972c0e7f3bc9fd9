"""The smallest difference that an experiment of so many seeds could have shown."""

import math
import statistics
from collections.abc import Sequence

from workflow_scripts.common.students_t import student_t

#: Two-sided, and how often a true difference of the size named is to be found.
LEVEL, POWER = 0.05, 0.8


def detectable_difference(values: Sequence[float]) -> float:
    """Return the smallest true mean that a paired t-test of so many values would find four times in five.

    ``values``: a difference of two systems for each seed, unrounded. The result is in their unit:
    (t of 97.5 % + t of 80 %) times the standard deviation over √n, with n − 1 degrees of freedom; NaN where
    it is undefined, for fewer than two values and for equal ones, whose spread is not known.
    """
    n = len(values)
    spread = statistics.stdev(values) if n > 1 else 0.0
    if spread == 0:
        return math.nan
    quantiles = student_t(n - 1, 1 - LEVEL) + student_t(n - 1, 2 * POWER - 1)
    return quantiles * spread / math.sqrt(n)
