"""What overlap (IoU) chance gives two masks: its expectation for their sizes, and random exchanges."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.units.mask_sets import seed_of

Floats = NDArray[np.float64]
Keep = NDArray[np.bool_]


@lru_cache(maxsize=16)
def _log_factorials(largest: int) -> Floats:
    """ln n! for n from 0 to ``largest``."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


@lru_cache(maxsize=1 << 16)
def expected_iou(units: int, one: int, other: int) -> float:
    """Return the mean IoU of two random masks that keep ``one`` and ``other`` of so many units.

    The number x of units in both is hypergeometric, and the mean is that of x / (one + other - x), exact but
    for rounding. Two empty masks have IoU 1, as everywhere here.
    """
    if not one + other:
        return 1.0
    logs = _log_factorials(units)
    shared = np.arange(max(0, one + other - units), min(one, other) + 1)
    # C(one, x) · C(units - one, other - x) / C(units, other), each as a sum of logarithms.
    rest = units - one
    log_weights = (
        (logs[one] - logs[shared] - logs[one - shared])
        + (logs[rest] - logs[other - shared] - logs[rest - other + shared])
        - (logs[units] - logs[other] - logs[units - other])
    )
    return float(np.exp(log_weights) @ (shared / (one + other - shared)))


def paired_iou(one: Keep, other: Keep) -> Floats:
    """Return the IoU of each row of ``one`` with the same row of ``other`` (bool [rows, units]), [rows]."""
    shared = np.count_nonzero(one & other, axis=1)
    union = np.count_nonzero(one, axis=1) + np.count_nonzero(other, axis=1) - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)


def crossed_iou(one: Keep, other: Keep) -> Floats:
    """Return the IoU of each row of ``one`` [rows, units] with each of ``other`` [its rows, units]."""
    first, second = one.astype(np.float64), other.astype(np.float64)
    shared = first @ second.T
    union = first.sum(axis=1)[:, None] + second.sum(axis=1)[None, :] - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)


def exchanged_iou(
    one: Keep,
    other: Keep,
    spans: Mapping[str, slice],
    draws: int,
    seed: int,
    iou: Callable[[Keep, Keep], Floats] = paired_iou,
) -> dict[str, Floats]:
    """Return, layer by layer, the mean IoU after random exchanges of the units of ``other``.

    ``iou``: of the rows of both, each with the same row of the other or each with all. An exchange moves the
    units of a layer in all rows alike. So sizes stay, and so does what the rows of a mask set have in common:
    rows that are alike are not counted as several pieces of evidence. Array [draws] for each layer of
    ``spans``; another layer or draw changes none.
    """
    found: dict[str, Floats] = {}
    for layer, span in spans.items():
        mine, its = one[:, span], other[:, span]
        values = np.empty(draws)
        for number in range(draws):
            generator = np.random.Generator(np.random.PCG64(seed_of(seed, f"{layer}, exchange {number + 1}")))
            values[number] = iou(mine, its[:, generator.permutation(mine.shape[1])]).mean()
        found[layer] = values
    return found
