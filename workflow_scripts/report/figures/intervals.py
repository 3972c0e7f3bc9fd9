"""Intervals of a mean over few seeds: Student's t, of which three seeds are enough.

A bootstrap of three seeds covers three quarters where it says 95 %; t is exact for normal values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workflow_scripts.common.students_t import half_interval

#: What a caption says of such a band.
T_INTERVAL = "the 95 % t interval of the mean"


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of ``n`` values; ``sd`` and ``half``, half of its 95 % t interval, are None of a single one."""

    mean: float
    n: int
    sd: float | None
    half: float | None

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.half is None else self.mean + self.half


def mean_of(values: Sequence[float]) -> Mean:
    """Return the mean and its interval. Raises ValueError: there are no values."""
    if not values:
        raise ValueError("a mean of no values")
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Mean(mean, 1, None, None)
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Mean(mean, n, sd, half_interval(sd, n))
