"""Which units a probe's weights call salient, and in which order (Dalvi et al., 2019, algorithm 3)."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.selectors import by_mass, least_percent, mass_prefix

#: The steps of algorithm 3: percent of each label's sum of weights.
STEPS = range(101)


@dataclass(frozen=True)
class Ranking:
    """``order``: int64 [units], a permutation, most salient first. ``cutoffs``: [101], how many units hold 0
    to 100 percent of each label's weights. ``weighted``: how many units have a weight at all, the first of
    the order; those after them are ordered by the second score, then by number."""

    order: NDArray[np.int64]
    cutoffs: NDArray[np.int64]
    weighted: int


def rank(weights: NDArray[np.float64], then: NDArray[np.float64] | None = None) -> Ranking:
    """Return the order of units by weights [C, units], of any sign.

    For p of 0 to 100 percent, the units join that hold p percent of one label's sum of |w|, the fewest of the
    largest; at 0 the first of each label. Units that join together are ordered by their largest share of a
    label's sum, then by ``then`` [units] (highest first), then by number.
    """
    sizes = np.abs(weights)
    units = sizes.shape[1]
    entry = np.full(units, len(STEPS))
    share = np.zeros(units)
    for row in sizes:
        there = np.flatnonzero(row)
        if not len(there):
            continue
        order, sums = by_mass(row[there])
        prefixes = np.array([mass_prefix(sums, Decimal(step)) for step in STEPS])
        joined = np.searchsorted(prefixes, np.arange(len(there)), side="right")
        entry[there[order]] = np.minimum(entry[there[order]], joined)
        share = np.maximum(share, row / row.sum())
    second = np.zeros(units) if then is None else then
    order = np.lexsort((np.arange(units), -second, -share, entry)).astype(np.int64)
    cutoffs = np.array([(entry <= step).sum() for step in STEPS], dtype=np.int64)
    return Ranking(order, cutoffs, int((entry < len(STEPS)).sum()))


def salient_units(weights: NDArray[np.float64], percent: Decimal | float) -> list[NDArray[np.int64]]:
    """Return the salient units of each label, [C] arrays of ascending numbers.

    The fewest of largest |w| whose sum is so many percent of the label's, as the selector ``mass`` takes
    them; above 100 percent all. A label without any weight has none.
    """
    wanted = Decimal(str(percent))
    found = []
    for row in np.abs(weights):
        if wanted > 100:
            found.append(np.arange(len(row)))
            continue
        if not row.any():
            found.append(np.zeros(0, dtype=np.int64))
            continue
        order, sums = by_mass(row)
        found.append(np.sort(order[: mass_prefix(sums, wanted)], kind="stable"))
    return found


def near_largest(weights: NDArray[np.float64], share: float) -> list[NDArray[np.int64]]:
    """Return the units of each label whose |w| is at least such a share, above 0 to 1, of its largest."""
    if not 0 < share <= 1:
        raise UserError(f"share of the largest weight: {share} is not above 0 and at most 1, such as 0.5")
    sizes = np.abs(weights)
    return [np.flatnonzero((row >= share * row.max()) & (row > 0)) for row in sizes]


def count_of(percent: float, units: int) -> int:
    """Return how many units a percentage is, rounded down; UserError where that is none, or more than all."""
    if not 0 < percent <= 100:
        raise UserError(f"{percent:g} % of units: a share is above 0 and at most 100")
    numerator, denominator = Decimal(str(percent)).as_integer_ratio()
    count = units * numerator // (100 * denominator)
    if not count:
        raise UserError(
            f"{percent:g} % of {units} units is less than one; take at least {least_percent(units)} %"
        )
    return count
