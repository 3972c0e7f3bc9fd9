"""Where a value stands among those of random draws: their mean, spread and 95 % range."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflow_scripts.common.students_t import student_t

#: Draws of which a range says something.
FEWEST_DRAWS = 5


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

    def facts(self) -> dict[str, Any]:
        """Return ``n``, ``mean``, ``sd``, ``low`` and ``high``, for the JSON."""
        about = {"mean": self.mean, "sd": self.sd, "low": self.low, "high": self.high}
        return {"n": len(self.values), **about}

    def place(self, value: float) -> str:
        """Return where a value stands: ``below``, ``within`` or ``above`` the range."""
        return "below" if value < self.low else "above" if value > self.high else "within"

    def fewer(self, value: float) -> int:
        """Return how many draws are below a value."""
        return sum(one < value for one in self.values)
