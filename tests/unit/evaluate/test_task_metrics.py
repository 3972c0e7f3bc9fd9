"""Metrics of tasks: worked out by hand, beside scikit-learn and SciPy, and NaN where they say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.task_metrics import METRICS, check_metric

GOLD = np.array([1, 1, 1, 0, 0, 0, 0, 0])
GIVEN = np.array([1, 1, 0, 1, 0, 0, 0, 0])
#: TP 2, FN 1, FP 1, TN 4: accuracy 6/8, F1 4/6 (of class 0: 8/10), Matthews (2·4 − 1·1) / √(3·3·5·5) = 7/15.
BY_HAND = {"accuracy": 0.75, "f1": 2 / 3, "macro_f1": (2 / 3 + 0.8) / 2, "matthews": 7 / 15}


@pytest.mark.parametrize("metric", BY_HAND)
def test_by_hand(metric):
    assert METRICS[metric](GOLD, GIVEN) == pytest.approx(BY_HAND[metric], rel=1e-12)
    assert METRICS[metric](GOLD, GOLD) == pytest.approx(1.0)


def test_ranks_by_hand():
    """Ranks 1 2 3.5 3.5 and 1 3 2 4: deviations −1.5 −.5 1 1 and −1.5 .5 −.5 1.5, 3 / √(4.5 · 5)."""
    found = METRICS["spearman"](np.array([1.0, 2.0, 5.0, 5.0]), np.array([0.1, 0.7, 0.3, 0.9]))
    assert found == pytest.approx(3 / math.sqrt(22.5), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_the_libraries(seed):
    draw = np.random.default_rng(seed)
    for classes in (2, 4):
        gold, given = draw.integers(classes, size=(2, 60))
        assert METRICS["accuracy"](gold, given) == pytest.approx(accuracy_score(gold, given))
        assert METRICS["macro_f1"](gold, given) == pytest.approx(f1_score(gold, given, average="macro"))
        assert METRICS["matthews"](gold, given) == pytest.approx(matthews_corrcoef(gold, given))
        if classes == 2:
            assert METRICS["f1"](gold, given) == pytest.approx(f1_score(gold, given))
    one = draw.integers(5, size=60).astype(float)
    two = one + draw.normal(size=60)
    assert METRICS["spearman"](one, two) == pytest.approx(spearmanr(one, two).statistic)


def test_what_is_undefined_is_nan():
    none, ones, mixed = np.zeros(4, dtype=int), np.ones(4, dtype=int), np.array([0, 1, 0, 1])
    assert math.isnan(METRICS["f1"](none, none)) and METRICS["f1"](mixed, none) == 0
    assert math.isnan(METRICS["matthews"](mixed, ones)) and math.isnan(METRICS["spearman"](mixed, ones))
    assert METRICS["macro_f1"](none, none) == 1.0
    empty = np.zeros(0, dtype=int)
    assert all(math.isnan(metric(empty, empty)) for metric in METRICS.values())


def test_metrics_that_do_not_fit_a_task():
    for metric, classes, said in (
        ("F1", 2, r"metric 'F1' is not one of .* \(did you mean 'f1'"),
        ("matthews", 0, "is not for labels that are numbers; take spearman"),
        ("spearman", 3, "labels that are 3 classes; take accuracy, f1, macro_f1, matthews"),
        ("f1", 3, "second of two classes, not of 3; take macro_f1"),
    ):
        with pytest.raises(UserError, match=said):
            check_metric(metric, classes, "a task")
    check_metric("f1", 2, "a task")
