"""Random units of a size, and where a value lies among those of random draws: mean, spread, 95 % range."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.permutations import ROUNDING
from workflow_scripts.common.students_t import student_t
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitSpace

#: Draws of which a range says something.
FEWEST_DRAWS = 5
RANDOM = "random"


def draw_names(draws: int) -> list[str]:
    """Return the names of so many draws: ``random-1`` …"""
    return [f"{RANDOM}-{number}" for number in range(1, draws + 1)]


def random_units(size: str, space: UnitSpace, seed: int, draw: str) -> NDArray[np.bool_]:
    """Return random units, bool [units], as many of each layer as ``top:{size}`` takes.

    ``draw``: what tells it from others of the seed; of one draw larger sets hold its smaller ones. UserError:
    the size is less than one unit.
    """
    selector = parse_selector(f"{RANDOM}:{size}")
    return selector.select(np.zeros(space.size), space, seed_of(seed, draw))


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
        # Of equal values the mean may round otherwise, and then none of them would lie in the range.
        mean = mean if sd else values[0]
        reach = student_t(n - 1) * sd * math.sqrt(1 + 1 / n)
        return cls(tuple(values), mean, sd, mean - reach, mean + reach)

    def facts(self) -> dict[str, Any]:
        """Return ``n``, ``mean``, ``sd``, ``low`` and ``high``, for the JSON."""
        about = {"mean": self.mean, "sd": self.sd, "low": self.low, "high": self.high}
        return {"n": len(self.values), **about}

    def place(self, value: float) -> str:
        """Return where a value stands: ``below``, ``within`` or ``above`` the range. Where draws cannot
        differ, as those of all units, a value that differs by rounding alone is within."""
        if abs(value - self.mean) < ROUNDING:
            return "within"
        return "below" if value < self.low else "above" if value > self.high else "within"

    def fewer(self, value: float) -> int:
        """Return how many draws are below a value."""
        return sum(one < value for one in self.values)
