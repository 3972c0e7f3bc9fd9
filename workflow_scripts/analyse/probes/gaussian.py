"""Units by what they tell together: a Gaussian for each label, chosen one unit at a time.

Torroba Hennigen et al. (2020): each label's mean and covariance are the most likely ones under a weak prior,
and the next unit is the one with which those chosen so far tell most, in bits, about the labels of train.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.matrix import read
from workflow_scripts.common.errors import UserError

#: A covariance of this many units for each label is held in memory, and every step looks at every unit.
MOST_UNITS = 400
#: Part of a unit's variance over all tokens that is added to each label's: a label may have none of its own.
FLOOR = 1e-6
#: Values of (tokens, units) of one label that are computed at a time.
STEP_VALUES = 1 << 20
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Gaussian:
    """``order``: the chosen units, first the most telling alone. ``bits``: what they tell together after
    each. ``entropy``: of the labels, in bits, the most there is to tell."""

    order: tuple[int, ...]
    bits: tuple[float, ...]
    entropy: float


def covariances(x: Values, y: NDArray[np.int64], classes: NDArray[np.int64]) -> tuple[Values, Values]:
    """Return means [C, D] and covariances [C, D, D] of each class, float64.

    The prior is an inverse Wishart around the class's own variances Λ0 (a diagonal matrix), of D + 2 degrees
    of freedom: Σ = (Λ0 + S) / (n + 2 D + 4), where S sums the products of deviations of n tokens.
    """
    width = x.shape[1]
    means, found = np.zeros((len(classes), width)), np.zeros((len(classes), width, width))
    least = FLOOR * x.var(0)
    for place, label in enumerate(classes):
        own = x[y == label]
        means[place] = own.mean(0)
        away = own - means[place]
        products = away.T @ away
        prior = np.diag(np.diag(products) / len(own) + least)
        found[place] = (prior + products) / (len(own) + 2 * width + 4)
    return means, found


def gaussian_ranking(data: Labelled, rows: NDArray[np.int64], most: int) -> Gaussian:
    """Return up to ``most`` units in the order in which they are chosen on these rows.

    ``bits``: entropy of the labels minus their cross-entropy under the Gaussians with the labels' shares, in
    bits for each token; it is of train, so later units can seem to tell more than they do. Constant units are
    not chosen; of equal units the lower number. UserError: more units than the method takes.
    """
    if data.units > MOST_UNITS:
        raise UserError(
            f"{data.name}: the Gaussian ranking takes at most {MOST_UNITS} units, not {data.units}; give it"
            " the first of another ranking"
        )
    x = read(data.X, rows).double().numpy()
    x = (x - x.mean(0)) / np.where(np.ptp(x, axis=0) == 0, 1.0, x.std(0))
    classes, y = np.unique(data.y[rows], return_inverse=True)
    if len(classes) < 2:
        raise UserError(f"{data.name}: one label, but Gaussians tell at least two apart")
    shares = np.bincount(y) / len(y)
    entropy = float(-(shares * np.log2(shares)).sum())
    means, left = covariances(x, y, np.arange(len(classes)))
    # Of each label: logarithm of its share and of the density of what is chosen so far.
    known = np.broadcast_to(np.log(shares), (len(y), len(classes))).copy()
    away = x - means[:, None]
    open_units = np.flatnonzero(np.ptp(x, axis=0) > 0)
    order: list[int] = []
    bits: list[float] = []
    for _ in range(min(most, len(open_units))):
        gains = _log_shares(known, y, away[:, :, open_units], _variances(left)[:, open_units])
        best = int(gains.argmax())
        unit = int(open_units[best])
        order.append(unit)
        bits.append(entropy + float(gains[best]) / float(np.log(2)))
        known += _log_density(away[:, :, [unit]], _variances(left)[:, [unit]])[:, :, 0].T
        for place in range(len(classes)):
            # What the chosen unit says of the others is taken out of them: a step of Cholesky's method.
            slope = left[place, unit] / left[place, unit, unit]
            away[place] -= np.outer(away[place][:, unit], slope)
            left[place] -= np.outer(left[place][:, unit], slope)
        open_units = np.delete(open_units, best)
    return Gaussian(tuple(order), tuple(bits), entropy)


def _variances(left: Values) -> Values:
    """Return [C, D]: what is left of each unit's variance, above 0 where rounding took all of it."""
    found: Values = np.maximum(np.diagonal(left, axis1=1, axis2=2), 1e-12)
    return found


def _log_density(away: Values, variances: Values) -> Values:
    """Return [C, n, units]: logarithm of each unit's density given the chosen ones, but for a constant."""
    density: Values = -0.5 * (away**2 / variances[:, None] + np.log(variances)[:, None])
    return density


def _log_shares(known: Values, y: NDArray[np.int64], away: Values, variances: Values) -> Values:
    """Return [units]: mean logarithm of the right label's share, with each one unit more."""
    classes, tokens, units = away.shape
    found = np.zeros(units)
    width = max(1, STEP_VALUES // (classes * tokens))
    for first in range(0, units, width):
        span = slice(first, first + width)
        logits = known.T[:, :, None] + _log_density(away[:, :, span], variances[:, span])
        most = logits.max(0)
        total = np.log(np.exp(logits - most).sum(0)) + most
        found[span] = (logits[y, np.arange(tokens)] - total).mean(0)
    return found
