"""Mean, spread and range of each unit over tokens, and its mean for each class: one pass over the values."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.matrix import blocks
from workflow_scripts.common.errors import UserError


@dataclass(frozen=True)
class Moments:
    """Of each unit: ``mean``, ``sd`` (divided by n), ``low``, ``high``, float64 [units]; ``class_means`` [C,
    units], NaN for a class without a token; ``counts`` int64 [C]."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    class_means: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which units have one value at all tokens: nothing can be read from them."""
        same: NDArray[np.bool_] = self.low == self.high
        return same

    @property
    def scale(self) -> NDArray[np.float64]:
        """The standard deviation, 1 for a constant unit, whose z-scores are 0."""
        return np.where(self.constant, 1.0, self.sd)

    @property
    def z_means(self) -> NDArray[np.float64]:
        """Class means of z-scores, [C, units]."""
        return (self.class_means - self.mean) / self.scale


def measure(data: Labelled, rows: NDArray[np.int64]) -> Moments:
    """Return the moments over some rows; UserError for a value that is not finite.

    Squares are summed about the block's own mean, in float64, and blocks are joined (Chan et al., 1983): sums
    of plain squares lose units whose mean is far from 0.
    """
    classes, units = len(data.labels), data.units
    total = np.zeros(units)
    squares = np.zeros(units)
    low, high = np.full(units, np.inf), np.full(units, -np.inf)
    sums = np.zeros((classes, units))
    done = 0
    for span, block in blocks(data.X, rows):
        low = np.minimum(low, block.amin(0).numpy())
        high = np.maximum(high, block.amax(0).numpy())
        n = len(block)
        centre = block.mean(0)
        block.sub_(centre)
        member = torch.nn.functional.one_hot(torch.from_numpy(data.y[rows[span]]), classes)
        sums += (member.t().float() @ block).double().numpy() + np.outer(member.sum(0), centre)
        left = block.sum(0).double().numpy()
        here = n * centre.double().numpy() + left
        spread = block.square_().sum(0).double().numpy() - left**2 / n
        if done:
            spread += (here / n - total / done) ** 2 * done * n / (done + n)
        total += here
        squares += spread
        done += n
    if not (np.isfinite(low) & np.isfinite(high)).all():
        unit = int(np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))[0])
        raise UserError(
            f"{data.name}: unit {unit} has a value that is not finite; float16 ends at 65504, store float32"
        )
    counts = np.bincount(data.y[rows], minlength=classes).astype(np.int64)
    with np.errstate(invalid="ignore"):
        means = np.where(counts[:, None] > 0, sums / counts[:, None], np.nan)
    sd = np.where(low == high, 0.0, np.sqrt(np.maximum(squares, 0) / done))
    return Moments(total / done, sd, low, high, means, counts)


def require_varying(data: Labelled, moments: Moments) -> None:
    """Refuse (UserError) units that are all constant. A part of them may be: a probe of it gives every token
    the most frequent label."""
    if moments.constant.all():
        tokens = int(moments.counts.sum())
        raise UserError(
            f"{data.name}: every unit is constant over {tokens} tokens; nothing can be read from them"
        )
