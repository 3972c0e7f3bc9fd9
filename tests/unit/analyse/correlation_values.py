"""Sums of given values, cut into blocks as reading cuts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from workflow_scripts.analyse.correlation.figures import anchors
from workflow_scripts.analyse.correlation.sums import Moments, Sums

BLOCK = 700


def shifts_of(models: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The mean of each model's first block, which values are shifted by."""
    return [np.asarray(one[:BLOCK], dtype=np.float64).mean(axis=0).astype(np.float32) for one in models]


def sums_of(
    models: Sequence[np.ndarray],
    draws: int = 0,
    seed: int = 0,
    shifts: Sequence[np.ndarray] | None = None,
) -> Sums:
    """Sums of values [n, D] of each model; a draw's orders are plain permutations within blocks."""
    generator = np.random.default_rng(seed)
    sums = Sums(anchors(len(models), draws))
    shifts = shifts_of(models) if shifts is None else shifts
    values = [
        torch.from_numpy(np.asarray(one, dtype=np.float32) - shift)
        for one, shift in zip(models, shifts, strict=True)
    ]
    for start in range(0, len(values[0]), BLOCK):
        part = [one[start : start + BLOCK] for one in values]
        orders = [torch.from_numpy(generator.permutation(len(part[0]))) for _ in range(draws)]
        sums.add(part, orders)
    return sums


def moments_of(models: Sequence[np.ndarray]) -> Moments:
    return Moments([sums_of(models)])


def parts_of(models: Sequence[np.ndarray], fitted: int, draws: int = 0) -> tuple[Sums, Sums]:
    """Two parts, whose values are shifted by the same: their sums add up."""
    shifts = shifts_of(models)
    fit, held_out = (
        sums_of([one[part] for one in models], draws, shifts=shifts)
        for part in (slice(fitted), slice(fitted, None))
    )
    return fit, held_out
