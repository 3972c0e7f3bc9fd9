"""Where a value stands among those of random draws: their mean, spread and 95 % range."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Draws of which a range says something.
FEWEST_DRAWS = 5
SHARE = 0.95


@dataclass(frozen=True)
class Draws:
    """Random draws: a further one lies between ``low`` and ``high`` in 95 % of cases, were they normal."""

    values: tuple[float, ...]
    mean: float
    sd: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Draws":
        """Describe at least two values: mean ± t · sd · √(1 + 1/n), with n - 1 degrees of freedom."""
        n, mean, sd = len(values), statistics.fmean(values), statistics.stdev(values)
        reach = student_t(n - 1) * sd * math.sqrt(1 + 1 / n)
        return cls(tuple(values), mean, sd, mean - reach, mean + reach)

    def place(self, value: float) -> str:
        """Return where a value stands: ``below``, ``within`` or ``above`` the range."""
        return "below" if value < self.low else "above" if value > self.high else "within"

    def fewer(self, value: float) -> int:
        """Return how many draws are below a value."""
        return sum(one < value for one in self.values)


def student_t(degrees: int, share: float = SHARE) -> float:
    """Return the t that holds ``share`` of Student's distribution between -t and t."""
    low, high = 0.0, 1.0
    while _between(high, degrees) < share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, degrees) < share else (low, middle)
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
