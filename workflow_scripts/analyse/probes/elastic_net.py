"""Probe: a linear classifier of tokens by the z-scored values of units (Dalvi et al., 2019, algorithm 1).

It minimises mean cross-entropy (nats) + l1 · Σ|w| + l2 · Σw² over all weights; biases are not penalised.
The optimum is what ranks units: a probe that is stopped before has many small weights in place of zeros, and
counts several times as many units as salient. So a probe says how far from the optimum it is.
"""

import math
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.probes.design import Design
from workflow_scripts.analyse.probes.fista import Solution, solve
from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.matrix import HELD_BYTES, Matrix, blocks
from workflow_scripts.analyse.probes.moments import Moments, measure
from workflow_scripts.common.errors import UserError

#: Largest sub-gradient (nats per unit of weight) at which a probe counts as converged.
TOLERANCE = 1e-5
#: Below this the rounding of float32 values hides the gap.
SMALLEST_TOLERANCE = 1e-6
#: Passes over the values after which training ends unconverged.
MOST_PASSES = 5000
#: Units that training on a part of them adds at a time, at least.
FEWEST_ADDED = 512
#: Up to so many units that are held in memory, training takes all at once.
FEW_UNITS = 2048


@dataclass(frozen=True)
class Probe:
    """A trained probe. ``weights`` float64 [C, units], of z-scores; a class that was not in train has zeros
    and bias -inf, so it is never predicted. ``pull`` [units]: the largest gradient of a unit's weights
    without penalty: of units of weight 0 the one that is nearest to a weight has the largest. ``gap``: how
    far from the optimum, as ``gap_of`` of the solver tells it."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    moments: Moments
    pull: NDArray[np.float64]
    l1: float
    l2: float
    loss: float
    gap: float
    tolerance: float
    passes: int

    @property
    def converged(self) -> bool:
        """Whether the gap is within the tolerance."""
        return self.gap <= self.tolerance

    def facts(self) -> dict[str, Any]:
        """Return what describes its training, for JSON."""
        size = norms(self.weights)
        return {
            "l1": self.l1,
            "l2": self.l2,
            "converged": self.converged,
            "gap": self.gap,
            "tolerance": self.tolerance,
            "passes": self.passes,
            "loss": self.loss,
            "norm_l1": size[0],
            "norm_l2": size[1],
            "weights_not_zero": int((self.weights != 0).sum()),
            "units_with_weight": int((self.weights != 0).any(0).sum()),
            "constant_units": int(self.moments.constant.sum()),
        }

    def predict(
        self, matrix: Matrix, rows: NDArray[np.int64], units: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Return the class of each row. With ``units``, the z-scores of all others are zero: each of those
        has its mean of train. Of equal classes the first is taken."""
        weights = self.weights
        if units is not None:
            weights = np.zeros_like(self.weights)
            weights[:, units] = self.weights[:, units]
        used = np.flatnonzero((weights != 0).any(0))
        factors = weights[:, used] / self.moments.scale[used]
        start = torch.from_numpy(self.bias - factors @ self.moments.mean[used])
        slopes = torch.from_numpy(factors.T.copy())
        found = np.zeros(len(rows), dtype=np.int64)
        for span, block in blocks(matrix, rows, used):
            found[span] = (block.double() @ slopes + start).argmax(1).numpy()
        return found


def norms(weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return Σ|w| and √Σw²."""
    return float(np.abs(weights).sum()), float(np.sqrt((weights**2).sum()))


def accuracy(predicted: NDArray[np.int64], gold: NDArray[np.int64]) -> float:
    """Return the share of equal classes, NaN for no token."""
    return float((predicted == gold).mean()) if len(gold) else math.nan


def check_penalties(l1: float | None, l2: float | None) -> None:
    """Raise UserError for a penalty that is missing, negative or not finite."""
    for name, value in (("l1", l1), ("l2", l2)):
        if value is None or not math.isfinite(value) or value < 0:
            raise UserError(f"{name} is {value}, but a penalty is a number from 0; 0 means none")


class Trainer:
    """Trains probes of one property on one set of rows, for any penalties, each from where another ended.

    All z-scores are held in memory if they fit ``held_bytes``. Of many units, and where they do not fit,
    training with l1 above 0 uses the units that have a weight or should have one, and goes through all values
    once a round to find which these are.
    """

    def __init__(
        self,
        data: Labelled,
        rows: NDArray[np.int64],
        tolerance: float = TOLERANCE,
        most_passes: int = MOST_PASSES,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        if not SMALLEST_TOLERANCE <= tolerance < 1:
            raise UserError(f"{data.name}: tolerance {tolerance:g} is not from {SMALLEST_TOLERANCE:g} to 1")
        self.rows = rows
        self._tolerance, self._most_passes, self._held_bytes = tolerance, most_passes, held_bytes
        self._label(data)
        self.moments = measure(data, rows)
        self._whole = Design(data, rows, self.moments, held_bytes=held_bytes)

    def _label(self, data: Labelled) -> None:
        self.data = data
        self._classes, numbers = np.unique(data.y[self.rows], return_inverse=True)
        if len(self._classes) < 2:
            raise UserError(
                f"{data.name}: train has one label, {data.labels[int(self._classes[0])]!r}; a probe needs two"
            )
        self._y = torch.from_numpy(numbers.astype(np.int64))

    def relabelled(self, data: Labelled) -> "Trainer":
        """Return a trainer of the same values with other labels, such as those of a control task. It reads no
        value again; its probes' ``moments`` have the class means of the first labels."""
        other = copy(self)
        other._label(data)
        return other

    @property
    def holds_all(self) -> bool:
        """Whether all z-scores are in memory, so that a probe without l1 is cheap."""
        return self._whole.held is not None

    def fit(self, l1: float, l2: float, start: Probe | None = None) -> Probe:
        """Return the probe of these penalties; UserError for a penalty that is none."""
        check_penalties(l1, l2)
        weights = torch.zeros(len(self._classes), self.data.units, dtype=torch.float64)
        bias = torch.zeros(len(self._classes), dtype=torch.float64)
        if start is not None:
            weights = torch.from_numpy(start.weights[self._classes])
            bias = torch.from_numpy(start.bias[self._classes])
        if l1 == 0 or (self.holds_all and self.data.units <= FEW_UNITS):
            found = solve(self._whole, self._y, l1, l2, weights, bias, self._tolerance, self._most_passes)
        else:
            found = self._by_parts(l1, l2, weights, bias)
        return self._probe(found, l1, l2)

    def _by_parts(self, l1: float, l2: float, weights: Tensor, bias: Tensor) -> Solution:
        """Train the units of a working set, then add those whose gradient exceeds l1, until there is none."""
        room = self.data.units if self.holds_all else max(1, self._held_bytes // (4 * len(self.rows)))
        passes = 0
        while True:
            # One pass over all values: it only measures, since no pass is left to take a step.
            now = solve(self._whole, self._y, l1, l2, weights, bias, self._tolerance, most_passes=1)
            now.passes = passes = passes + now.passes
            if now.gap <= self._tolerance or passes >= self._most_passes:
                return now
            excess = now.gradient.abs().amax(0) - l1
            active = (weights != 0).any(0)
            excess[active] = -1.0
            order = torch.argsort(excess, descending=True, stable=True)
            there = int(active.sum())
            if there >= room:
                left = self._most_passes - passes
                found = solve(self._whole, self._y, l1, l2, weights, bias, self._tolerance, left)
                found.passes += passes
                return found
            most = min(max(FEWEST_ADDED, there), room - there)
            added = order[: min(most, int((excess > self._tolerance / 2).sum()))]
            columns = torch.cat([active.nonzero().squeeze(1), added]).sort(stable=True).values
            part = self._whole.part(columns.numpy())
            left = self._most_passes - passes
            inner = solve(part, self._y, l1, l2, weights[:, columns], bias, self._tolerance / 2, left)
            weights, bias = torch.zeros_like(weights), inner.bias
            weights[:, columns] = inner.weights
            passes += inner.passes

    def _probe(self, found: Solution, l1: float, l2: float) -> Probe:
        weights = np.zeros((len(self.data.labels), self.data.units))
        weights[self._classes] = found.weights.numpy()
        bias = np.full(len(self.data.labels), -np.inf)
        bias[self._classes] = found.bias.numpy()
        pull = found.gradient.abs().amax(0).numpy()
        return Probe(
            weights, bias, self.moments, pull, l1, l2, found.loss, found.gap, self._tolerance, found.passes
        )


def require_converged(probe: Probe, name: str) -> None:
    """Raise UserError for a probe that did not reach its optimum: its weights would rank units wrongly."""
    if not probe.converged:
        raise UserError(
            f"{name}: the probe of l1 {probe.l1:g}, l2 {probe.l2:g} is {probe.gap:.1e} from its optimum after"
            f" {probe.passes} passes, above {probe.tolerance:g}; allow more passes or take larger penalties"
        )
