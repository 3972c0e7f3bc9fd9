"""Scores of units by label without a probe: differences of class means, and average precision."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.labelled import Labelled
from workflow_scripts.analyse.probes.matrix import read
from workflow_scripts.analyse.probes.moments import Moments

#: Values that are sorted at a time.
SORTED_VALUES = 1 << 24


def probeless(moments: Moments) -> NDArray[np.float64]:
    """Return [C, units]: how far a label's mean lies from those of all others, Σ over them of |q_c − q_c'|.

    Antverg and Belinkov (2022). The means are of z-scores, since plain ones order units by their spread. A
    constant unit has 0; a label without a token NaN, and no part in the sums of others.
    """
    return _distances(moments.z_means)


def probeless_overall(moments: Moments) -> NDArray[np.float64]:
    """Return [units]: the sum of |q_c − q_c'| over pairs of labels that have tokens."""
    half: NDArray[np.float64] = np.nansum(probeless(moments), axis=0) / 2
    return half


def _distances(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """By running sums over sorted means: the pairs of a thousand labels would not fit."""
    there = ~np.isnan(means).any(1)
    values = means[there]
    order = np.argsort(values, axis=0, kind="stable")
    ascending = np.take_along_axis(values, order, 0)
    below = np.cumsum(ascending, axis=0) - ascending
    n = len(values)
    place = np.arange(n)[:, None]
    sums = (place * ascending - below) + (ascending.sum(0) - below - ascending - (n - 1 - place) * ascending)
    found = np.full(means.shape, np.nan)
    back = np.empty_like(sums)
    np.put_along_axis(back, order, sums, 0)
    # Rounding may leave a sum of distances just below 0.
    found[there] = np.maximum(back, 0)
    return found


def selectivity_scores(moments: Moments) -> NDArray[np.float64]:
    """Return [C, units]: |mean with the label − mean without| divided by the unit's range, 0 to 1.

    A constant unit has 0; NaN for a label of no token, or of all.
    """
    n = moments.counts.sum()
    counts = moments.counts[:, None].astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        others = (moments.mean * n - np.nan_to_num(moments.class_means) * counts) / (n - counts)
        span = np.where(moments.constant, 1.0, moments.high - moments.low)
        found: NDArray[np.float64] = np.abs(moments.class_means - others) / span
    found[:, moments.constant] = np.where(np.isnan(found[:, moments.constant]), np.nan, 0.0)
    return found


def average_precision(data: Labelled, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return [C, units]: average precision of a unit's value as the sign of a label against all others.

    The score of the IoU probe (Mu and Andreas, 2020). Equal values form one step, so a constant unit has the
    label's share of tokens. NaN for a label without a token.
    """
    classes = len(data.labels)
    y = torch.from_numpy(data.y[rows])
    positives = torch.bincount(y, minlength=classes).double()
    found = np.full((classes, data.units), np.nan)
    for units in _parts(len(rows), data.units):
        values = read(data.X, rows, units)
        ordered, order = values.sort(dim=0, descending=True, stable=True)
        last = torch.ones_like(ordered, dtype=torch.bool)
        last[:-1] = ordered[1:] != ordered[:-1]
        taken = torch.arange(1, len(rows) + 1, dtype=torch.float64)[:, None]
        for label in torch.nonzero(positives).flatten().tolist():
            hits = (y == label)[order].double().cumsum(0)
            # Precision counts at the last of equal values, with the hits since the step before.
            at_steps = torch.where(last, hits, 0.0)
            earlier = torch.zeros_like(hits)
            earlier[1:] = at_steps.cummax(0).values[:-1]
            gain = torch.where(last, (hits - earlier) * hits / taken, 0.0)
            found[label, units] = (gain.sum(0) / positives[label]).numpy()
    return found


def _parts(rows: int, units: int) -> Iterator[NDArray[np.int64]]:
    width = max(1, SORTED_VALUES // max(1, rows))
    for first in range(0, units, width):
        yield np.arange(first, min(first + width, units))
