"""Tests by permutation: orders of labels, and how often one gives as large a figure as the given one."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

#: Two sums of the same numbers in another order differ by rounding only; below this they count as equal.
ROUNDING = 1e-9


def labelings(labels: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield every distinct order of ``labels`` once (the given one among them)."""
    if not labels:
        yield ()
        return
    for label in sorted(set(labels)):
        rest = list(labels)
        rest.remove(label)
        for tail in labelings(rest):
            yield (label, *tail)


def count_labelings(labels: Sequence[int]) -> int:
    """Return how many ``labelings`` there are."""
    ways = math.factorial(len(labels))
    for label in set(labels):
        ways //= math.factorial(list(labels).count(label))
    return ways


def relabel(labels: Sequence[int], permutations: int, seed: int) -> tuple[NDArray[np.int64], bool]:
    """Return orders of ``labels`` [orders, languages] and whether they are all there are. All distinct orders
    where that takes no more than ``permutations``; else that many random ones."""
    if count_labelings(labels) <= permutations:
        return np.array(list(labelings(labels)), dtype=np.int64), True
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = np.tile(np.array(labels, dtype=np.int64), (permutations, 1))
    return generator.permuted(drawn, axis=1), False


def share_as_large(drawn: NDArray[np.float64], observed: float, exact: bool) -> float:
    """Return p, the share of what the orders give, ``drawn``, that is at least ``observed``; where these are
    not all orders there are (``exact``), the given one is added. NaN where something is undefined."""
    if not (math.isfinite(observed) and np.isfinite(drawn).all()):
        return math.nan
    as_large = int((drawn >= observed - ROUNDING).sum())
    return as_large / len(drawn) if exact else (as_large + 1) / (len(drawn) + 1)


def smallest_p(orders: int, exact: bool) -> float:
    """Return the smallest p that there can be of so many orders."""
    return 1 / (orders if exact else orders + 1)
