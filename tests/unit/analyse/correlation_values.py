"""Sums of given values, cut into blocks as reading cuts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from workflow_scripts.analyse.correlation.figures import anchors
from workflow_scripts.analyse.correlation.sums import Moments, Sums


def sums_of(models: Sequence[np.ndarray], draws: int = 0, block: int = 700, seed: int = 0) -> Sums:
    """Sums of values [n, D] of each model; a draw's orders are plain permutations within blocks."""
    generator = np.random.default_rng(seed)
    sums = Sums(anchors(len(models), draws))
    values = [torch.from_numpy(np.asarray(one, dtype=np.float32)) for one in models]
    shifts = [one[:block].double().mean(dim=0).float() for one in values]
    for start in range(0, len(values[0]), block):
        part = [one[start : start + block] - shift for one, shift in zip(values, shifts, strict=True)]
        orders = [torch.from_numpy(generator.permutation(len(part[0]))) for _ in range(draws)]
        sums.add(part, orders)
    return sums


def moments_of(models: Sequence[np.ndarray]) -> Moments:
    return Moments([sums_of(models)])


def parts_of(models: Sequence[np.ndarray], fitted: int, draws: int = 0) -> tuple[Sums, Sums]:
    """Two parts, whose values are shifted by the same."""
    shifted = [one - one[:fitted].mean(axis=0) for one in models]
    return tuple(
        sums_of([one[part] for one in shifted], draws) for part in (slice(fitted), slice(fitted, None))
    )  # type: ignore[return-value]
