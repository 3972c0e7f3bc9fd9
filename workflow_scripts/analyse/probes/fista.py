"""Multinomial regression with an elastic net, by accelerated proximal gradient steps.

FISTA (Beck and Teboulle, 2009) with restarts (O'Donoghue and Candès, 2015) and a step length that follows the
curvature. The proximal step makes weights exactly zero, which gradient methods with an l1 term do not.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from workflow_scripts.analyse.probes.design import Design

#: The step is lengthened a little at each pass, and shortened where the loss bends more than it assumes.
LONGER, SHORTER = 0.9, 1.2


@dataclass
class Solution:
    """``weights`` float64 [C, units] and ``bias`` [C] after so many passes over the values; ``gradient``
    [C, units] of the mean cross-entropy (nats) ``loss`` there; ``gap``: see ``gap_of``."""

    weights: Tensor
    bias: Tensor
    gradient: Tensor
    loss: float
    gap: float
    passes: int


class _Logits:
    """Logits [n, C] at the point that was reached, those where its gradient is taken (ahead of it by the
    momentum), and both for the next point, until it is taken."""

    def __init__(self, design: Design, y: Tensor, classes: int) -> None:
        self._design, self._y = design, y
        self.at = torch.zeros(len(y), classes, dtype=torch.float64)
        self.ahead = torch.zeros_like(self.at)
        self.next = torch.zeros_like(self.at)
        self._next_ahead = torch.zeros_like(self.at)

    def sweep(self, weights: Tensor, bias: Tensor, momentum: float) -> tuple[Tensor, Tensor]:
        """Fill in those of the next point; return the gradients of its weights and bias, ahead of it."""
        slope = torch.zeros(len(bias), dtype=torch.float64)

        def residual(rows: slice, logits: Tensor) -> Tensor:
            self.next[rows] = logits + bias
            self._next_ahead[rows] = self.next[rows] + momentum * (self.next[rows] - self.at[rows])
            error = torch.softmax(self._next_ahead[rows], 1)
            gold = self._y[rows, None]
            error.scatter_add_(1, gold, torch.full(gold.shape, -1.0, dtype=torch.float64))
            error /= len(self._y)
            slope.add_(error.sum(0))
            return error

        return self._design.sweep(weights, residual), slope

    def go_on(self) -> None:
        """Take the next point."""
        self.at, self.next = self.next, self.at
        self.ahead, self._next_ahead = self._next_ahead, self.ahead


def gap_of(weights: Tensor, gradient: Tensor, bias_gradient: Tensor, l1: float, l2: float) -> float:
    """Return how far from the optimum: the largest entry of the smallest sub-gradient, 0 at the optimum.

    ``weights``, ``gradient``: [C, units]. For a weight of zero it is what its gradient exceeds l1 by.
    """
    smooth = gradient + 2 * l2 * weights
    at_zero = (smooth.abs() - l1).clamp(min=0)
    away = (smooth + l1 * weights.sign()).abs()
    residual = torch.where(weights == 0, at_zero, away)
    return max(float(residual.max()) if residual.numel() else 0.0, float(bias_gradient.abs().max()))


def solve(
    design: Design,
    y: Tensor,
    l1: float,
    l2: float,
    weights: Tensor,
    bias: Tensor,
    tolerance: float,
    most_passes: int,
) -> Solution:
    """Minimise mean cross-entropy + l1 · Σ|w| + l2 · Σw² over weights and bias, the bias unpenalised.

    ``y``: int64 [n], classes of the design's rows. ``weights``, ``bias``: where to begin. Stops where the gap
    is at most the tolerance, or after so many passes.
    """
    logits = _Logits(design, y, len(bias))
    gradient, slope = logits.sweep(weights, bias, 0.0)
    logits.go_on()
    passes = 1
    gap = gap_of(weights, gradient, slope, l1, l2)
    ahead_weights, ahead_bias = weights, bias
    bend, t = 0.25, 1.0
    exact = True  # the gradient was taken at the point itself, without momentum
    while gap > tolerance and passes < most_passes:
        step_weights = _shrink(ahead_weights - gradient / bend, l1 / bend) / (1 + 2 * l2 / bend)
        step_bias = ahead_bias - slope / bend
        moved = [step_weights - ahead_weights, step_bias - ahead_bias]
        turned = -sum(
            float((a * (b - c)).sum())
            for a, b, c in zip(moved, (step_weights, step_bias), (weights, bias), strict=True)
        )
        settled = bend * max(float(one.abs().max()) if one.numel() else 0.0 for one in moved) <= tolerance / 2
        momentum, next_t = 0.0, 1.0
        if turned <= 0 and not settled:
            next_t = (1 + (1 + 4 * t * t) ** 0.5) / 2
            momentum = (t - 1) / next_t
        next_gradient, next_slope = logits.sweep(step_weights, step_bias, momentum)
        passes += 1
        length = float(sum(one.square().sum() for one in moved))
        bent = 2 * _divergence(logits.ahead, logits.next)
        if bent > bend * length * (1 + 1e-6) + 1e-15:
            bend = max(bent / length * 1.05, bend * SHORTER)
            continue
        ahead_weights = step_weights + momentum * (step_weights - weights)
        ahead_bias = step_bias + momentum * (step_bias - bias)
        weights, bias, gradient, slope, t = step_weights, step_bias, next_gradient, next_slope, next_t
        logits.go_on()
        bend *= LONGER
        exact = momentum == 0
        if exact:
            gap = gap_of(weights, gradient, slope, l1, l2)
    if not exact:
        gradient, slope = logits.sweep(weights, bias, 0.0)
        logits.go_on()
        passes += 1
        gap = gap_of(weights, gradient, slope, l1, l2)
    at = logits.at
    loss = float((torch.logsumexp(at, 1) - at.gather(1, y[:, None]).squeeze(1)).mean())
    return Solution(weights, bias, gradient, loss, gap, passes)


def _shrink(values: Tensor, by: float) -> Tensor:
    return values - values.clamp(-by, by)


def _divergence(before: Tensor, after: Tensor) -> float:
    """Return how much the mean cross-entropy bends between two sets of logits [n, C]: its value after, minus
    that of its tangent before. Summed from the deviations themselves: a difference of losses would round."""
    chance = torch.softmax(before, 1)
    change = after - before
    change = change - (chance * change).sum(1, keepdim=True)
    curved = torch.where(change.abs() < 1e-3, change**2 * (0.5 + change / 6), torch.expm1(change) - change)
    return float(torch.log1p((chance * curved).sum(1)).mean())
