"""Metrics of tasks with one label or number for each example. Each rises with quality.

They are NaN where they are undefined: of no examples; F1 where no example has a class and none is given it;
Matthews and Spearman where one side is constant. scikit-learn gives 0 for the first two.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, nearest

Numbers = NDArray[np.int64] | NDArray[np.float64]
ACCURACY, F1, MACRO_F1, MATTHEWS = OF_CLASSES = ("accuracy", "f1", "macro_f1", "matthews")
SPEARMAN = "spearman"


def accuracy(gold: Numbers, given: Numbers) -> float:
    """Return the share of examples [n] whose class is the right one."""
    return float((gold == given).mean()) if len(gold) else math.nan


def f1_of(gold: Numbers, given: Numbers, label: int) -> float:
    """Return 2 TP / (2 TP + FP + FN) of one class."""
    both, either = ((gold == label) & (given == label)).sum(), (gold == label).sum() + (given == label).sum()
    return float(2 * both / either) if either else math.nan


def f1(gold: Numbers, given: Numbers) -> float:
    """Return F1 of the second of two classes, 1."""
    return f1_of(gold, given, 1)


def macro_f1(gold: Numbers, given: Numbers) -> float:
    """Return the mean F1 of all classes that an example has or is given."""
    found = [f1_of(gold, given, label) for label in np.union1d(gold, given).tolist()]
    return float(np.mean(found)) if found else math.nan


def matthews(gold: Numbers, given: Numbers) -> float:
    """Return the correlation of two assignments to any number of classes (Matthews 1975; Gorodkin 2004)."""
    if not len(gold):
        return math.nan
    classes = np.union1d(gold, given)
    one, two = ((values[:, None] == classes).astype(np.float64) for values in (gold, given))
    one, two = one - one.mean(axis=0), two - two.mean(axis=0)
    norm = math.sqrt(float((one * one).sum()) * float((two * two).sum()))
    return float((one * two).sum()) / norm if norm > 0 else math.nan


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, [n]; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return shared


def spearman(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation of two arrays [n]; NaN where one of them is constant."""
    a, b = (ranks(values) - (len(values) + 1) / 2 for values in (one, two))
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else math.nan


METRICS: Mapping[str, Callable[[Numbers, Numbers], float]] = {
    ACCURACY: accuracy,
    F1: f1,
    MACRO_F1: macro_f1,
    MATTHEWS: matthews,
    SPEARMAN: lambda gold, given: spearman(gold.astype(np.float64), given.astype(np.float64)),
}


def check_metric(metric: str, classes: int, task: str) -> None:
    """Raise UserError for a metric that there is not, or that a task of so many classes (0: of numbers) has
    no use for."""
    if metric not in METRICS:
        raise UserError(
            f"task {task!r}: metric {metric!r} is not one of {', '.join(METRICS)}{nearest(metric, METRICS)}"
        )
    if (metric in OF_CLASSES) != bool(classes):
        fitting = ", ".join(OF_CLASSES) if classes else SPEARMAN
        of = f"{classes} classes" if classes else "numbers"
        raise UserError(f"task {task!r}: metric {metric!r} is not for labels that are {of}; take {fitting}")
    if metric == F1 and classes != 2:
        raise UserError(
            f"task {task!r}: metric {F1!r} is that of the second of two classes, not of {classes}; take"
            f" {MACRO_F1}"
        )
