"""Do similar tasks come apart less? Rank correlation of two matrices of tasks, with a permutation test."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.means import defined
from workflow_scripts.analyse.permutations import relabel, share_as_large
from workflow_scripts.common.task_metrics import spearman

Matrix = NDArray[np.float64]
#: Above this p nothing is called significant.
LEVEL = 0.05


def against_similarity(apart: Matrix, similar: Matrix, permutations: int, seed: int) -> dict[str, Any]:
    """Return Spearman's correlation of two symmetric matrices [T, T] over pairs of tasks, with its p.

    Pairs that share a task are not independent, so whole tasks are permuted (Mantel 1967), all orders where
    there are no more than ``permutations``. p is two-sided; ``smallest_p`` is the least that any arrangement
    of these values can have. ``note`` says where nothing can be significant or rho is undefined.
    """
    pairs = itertools.combinations(range(len(apart)), 2)
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    distances, likeness = apart[first, second], similar[first, second]
    found: dict[str, Any] = {"pairs": len(first), "rho": None, "p": None, "smallest_p": None}
    if not (np.isfinite(distances).all() and np.isfinite(likeness).all()):
        return found | {"note": "undefined: a pair has no value"}
    if len(set(likeness.tolist())) < 2 or len(set(distances.tolist())) < 2:
        return found | {"note": "undefined: all pairs have one value"}
    orders, exact = relabel(list(range(len(apart))), permutations, seed)
    observed = spearman(likeness, distances)
    drawn = np.array([spearman(similar[order[first], order[second]], distances) for order in orders])
    sizes = np.abs(drawn)
    smallest = share_as_large(sizes, float(sizes.max()), exact)
    p = share_as_large(sizes, abs(observed), exact)
    found |= {"rho": defined(observed), "p": p, "smallest_p": smallest, "orders": len(orders), "exact": exact}
    if smallest > LEVEL:
        return found | {"note": f"cannot be significant: of {len(apart)} tasks no p is below {smallest:.2g}"}
    return found
