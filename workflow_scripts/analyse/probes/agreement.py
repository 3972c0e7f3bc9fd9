"""Do rankings of units agree? Overlap of their first n, what chance gives, and votes for each unit."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlaps.chance import expected_iou
from workflow_scripts.common.errors import UserError


def mean_jaccard(orders: Mapping[str, NDArray[np.int64]], n: int) -> dict[str, Any]:
    """Return Jaccard overlap of the first n units of every two rankings, and each ranking's mean over others.

    ``orders``: name → all units, most salient first. ``chance``: what two random sets of n units share on
    average. UserError: one ranking, rankings of other units, n outside 1 to the number of units.
    """
    if len(orders) < 2:
        raise UserError(f"agreement of {', '.join(orders) or 'no ranking'}: name at least two rankings")
    sizes = {name: len(order) for name, order in orders.items()}
    units = next(iter(sizes.values()))
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise UserError(f"agreement: rankings of {told} units; they must be of the same units")
    if not 1 <= n <= units:
        raise UserError(f"agreement of the first {n} of {units} units: take 1 to {units}")
    pairs = {}
    for one, other in combinations(orders, 2):
        shared = len(np.intersect1d(orders[one][:n], orders[other][:n]))
        pairs[one, other] = shared / (2 * n - shared)
    return {
        "n": n,
        "chance": expected_iou(units, n, n),
        "pairs": [{"one": one, "other": other, "jaccard": value} for (one, other), value in pairs.items()],
        "mean": {
            name: float(np.mean([value for pair, value in pairs.items() if name in pair])) for name in orders
        },
    }


def votes(orders: Mapping[str, NDArray[np.int64]], n: int) -> NDArray[np.int64]:
    """Return how many rankings have each unit among their first n, [units]."""
    (units,) = {len(order) for order in orders.values()}
    found = np.zeros(units, dtype=np.int64)
    for order in orders.values():
        found[order[:n]] += 1
    return found
