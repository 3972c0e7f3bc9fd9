"""Student's t distribution, in the standard library alone."""

import math
from collections.abc import Callable


def student_t(degrees: int, share: float = 0.95) -> float:
    """Return the t that holds ``share`` of Student's distribution between -t and t."""
    return where_reached(lambda t: _between(t, degrees), share)


def half_interval(sd: float, n: int) -> float:
    """Return half of the 95 % t interval of the mean of ``n`` ≥ 2 values: 2.48 sd of three."""
    return student_t(n - 1) * sd / math.sqrt(n)


def where_reached(rising: Callable[[float], float], value: float) -> float:
    """Return the least number, from 0 on, at which a rising function has a value."""
    low, high = 0.0, 1.0
    while rising(high) < value:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < value else (low, middle)
    return high


def _between(t: float, degrees: int) -> float:
    """The distribution between -t and t (Abramowitz and Stegun 26.7.3 and 26.7.4), a finite sum."""
    angle = math.atan(t / math.sqrt(degrees))
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for power in range(2 + odd, degrees + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (power - 1) / power
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
