"""Dissociation and its nulls, by hand; rank correlation of tasks with a permutation test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workflow_scripts.analyse.heads.dissociation import (
    dissociation,
    pair_dissociation,
    public,
    relative,
)
from workflow_scripts.analyse.heads.pruning_results import curve
from workflow_scripts.analyse.heads.similarity_test import against_similarity
from workflow_scripts.analyse.permutations import share_as_large
from workflow_scripts.common.task_metrics import ranks, spearman

BASE = np.array([80.0, 90.0])
AFTER = np.array([[40.0, 85.0], [70.0, 30.0]])


def test_a12_dissociation_of_accuracies():
    assert public(AFTER, BASE) == pytest.approx([56.25, 44.444444])
    assert public(AFTER, BASE).mean() == pytest.approx(50.347222)
    assert relative(AFTER, BASE) == pytest.approx([44.444444, 54.166667])
    assert relative(AFTER, BASE).mean() == pytest.approx(49.305556)
    nothing = np.tile(BASE, (2, 1))
    assert public(nothing, BASE) == pytest.approx([12.5, -11.111111])
    assert relative(nothing, BASE).tolist() == [0.0, 0.0]


def test_of_a_loss_the_sign_is_turned():
    """Own heads: 2 → 4, twice the loss; the other's text 4 → 5, a quarter more."""
    base, after = np.array([2.0, 4.0]), np.array([[4.0, 5.0], [2.5, 8.0]])
    assert relative(after, base, rises=False) == pytest.approx([100 - 25, 100 - 25])
    assert public(after, base, rises=False) == pytest.approx([-50.0, 137.5])  # (4 - 5) / 2, (8 - 2.5) / 4
    assert pair_dissociation(after, base, rises=False)[0, 1] == pytest.approx(75.0)
    assert np.isnan(pair_dissociation(after, base, rises=False)[0, 0])


def test_three_tasks_compare_with_the_mean_of_the_others():
    base = np.array([10.0, 20.0, 40.0])
    after = np.array([[5.0, 18.0, 40.0], [10.0, 10.0, 30.0], [8.0, 20.0, 10.0]])
    # Lost shares: .5 .1 0 | 0 .5 .25 | .2 0 .75
    assert relative(after, base) == pytest.approx([45.0, 37.5, 65.0])
    assert public(after, base) == pytest.approx([100 * (29 - 5) / 10, 50.0, 10.0])


def test_a_base_of_zero_is_undefined():
    found = dissociation(AFTER, np.array([0.0, 90.0]), np.tile(BASE, (5, 1)), True, 100, seed=1)
    assert found["public"]["tasks"][0] is None and found["public"]["mean"] is None
    assert found["public"]["random"]["p"] is None and found["public"]["permuted"]["p"] is None


def test_nulls_of_random_sets_and_of_exchanged_tasks():
    random = np.array([[70.0, 80.0], [72.0, 79.0], [71.0, 82.0], [69.0, 81.0], [73.0, 80.5]])
    found = dissociation(AFTER, BASE, random, True, 100, seed=1)["relative"]
    assert (found["mean"], found["n"]) == (pytest.approx(49.305556), 2)
    # The first set, of task 0: lost .125 and .1111
    by_hand = [100 * ((1 - a / 80) - (1 - b / 90)) for a, b in random]
    assert found["random"]["tasks"][0]["mean"] == pytest.approx(np.mean(by_hand))
    assert found["random"]["tasks"][1]["mean"] == pytest.approx(-np.mean(by_hand))
    # Five sets for each of two tasks: of 25 assignments none is as large, the given one is added.
    assert (found["random"]["assignments"], found["random"]["p"]) == (25, pytest.approx(1 / 26))
    # Task 0 with set i and task 1 with set j: half the difference of what the sets give task 0.
    assigned = sorted((a - b) / 2 for a in by_hand for b in by_hand)
    assert found["random"]["mean"] == pytest.approx(0, abs=1e-9)
    # 2.5 % of the way from the first to the last of 25: .6 of the way to the second.
    low = assigned[0] + 0.6 * (assigned[1] - assigned[0])
    assert (found["random"]["low"], found["random"]["high"]) == (pytest.approx(low), pytest.approx(-low))
    # Exchanged, both tasks lose less by what they then have: -49.3; of two orders one is as large.
    assert found["permuted"] == {
        "mean": pytest.approx(0.0, abs=1e-9), "orders": 2, "exact": True, "p": 0.5, "smallest_p": 0.5
    }  # fmt: skip


def test_of_too_many_assignments_a_thousand_are_drawn():
    """Five tasks and five sets: 3,125. Each task alone loses anything by its own heads."""
    base = np.full(5, 10.0)
    random = np.stack([base - 0.01 * n for n in range(5)])
    found = dissociation(base - 5 * np.eye(5), base, random, True, 10, seed=1)["relative"]["random"]
    assert (found["assignments"], found["p"]) == (1000, pytest.approx(1 / 1001))


def test_of_sampled_orders_the_observed_one_is_added():
    assert share_as_large(np.array([1.0, 2.0, 3.0]), 2.0, exact=True) == pytest.approx(2 / 3)
    assert share_as_large(np.array([1.0, 2.0, 3.0]), 2.0, exact=False) == 3 / 4
    assert np.isnan(share_as_large(np.array([1.0, np.nan]), 2.0, exact=True))


def test_rank_correlation_by_hand():
    assert ranks(np.array([3.0, 1.0, 3.0, 0.0])).tolist() == [3.5, 2.0, 3.5, 1.0]
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([9.0, 4.0, 1.0])) == -1.0
    # Ranks 1 2 3 4 and 2 1 4 3: 1 - 6 · 4 / (4 · 15)
    assert spearman(np.arange(4.0), np.array([5.0, 2.0, 9.0, 8.0])) == pytest.approx(0.6)
    assert np.isnan(spearman(np.ones(3), np.arange(3.0)))


def symmetric(tasks, upper):
    found = np.full((tasks, tasks), np.nan)
    found[np.triu_indices(tasks, 1)] = upper
    return np.where(np.isnan(found), found.T, found)


def test_similar_tasks_that_come_apart_less():
    # Five tasks: every pair has its own similarity; the least similar come apart most.
    similar = symmetric(5, [1.0, 0.9, 0.7, 0.6, 0.8, 0.5, 0.4, 0.35, 0.2, 0.1])
    found = against_similarity(-similar, similar, 10_000, seed=1)
    assert (found["pairs"], found["rho"], found["orders"], found["exact"]) == (10, -1.0, 120, True)
    assert found["p"] == pytest.approx(1 / 120) and "note" not in found


def test_what_cannot_be_significant_or_is_undefined_is_said():
    similar = symmetric(3, [0.9, 0.5, 0.1])
    found = against_similarity(-similar, similar, 10_000, seed=1)
    # Of six orders two have |rho| = 1: the given one and the one that exchanges both ends.
    assert (found["rho"], found["p"], found["smallest_p"]) == (
        -1.0,
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
    )
    assert found["note"] == "cannot be significant: of 3 tasks no p is below 0.33"
    constant = against_similarity(similar, symmetric(3, [0.5] * 3), 10_000, seed=1)
    assert constant["rho"] is None and constant["note"] == "undefined: all pairs have one value"
    gap = against_similarity(symmetric(3, [0.9, np.nan, 0.1]), similar, 10_000, seed=1)
    assert gap["p"] is None and gap["note"] == "undefined: a pair has no value"


def test_a_single_pair_is_undefined():
    found = against_similarity(symmetric(2, [3.0]), symmetric(2, [0.5]), 100, seed=1)
    assert (found["pairs"], found["rho"], found["note"]) == (1, None, "undefined: all pairs have one value")


def test_a_curve_stands_beside_draws_each_the_mean_over_tasks():
    """Own heads cost 1 and 4, others 1 and 0; draws cost 1.5, 2, 2.5, 3 and 3.5 on average."""
    base, after = np.array([10.0, 20.0]), np.array([[9.0, 19.0], [10.0, 16.0]])
    drawn = np.array([[9.5 - n / 2, 17.5 - n / 2] for n in range(5)])
    found = curve(after, base, drawn)
    assert (found["own"]["mean"], found["others"]["mean"]) == (-2.5, -0.5)
    assert found["own"]["sd"] == pytest.approx(4.5**0.5)
    assert (found["random"]["n"], found["random"]["mean"]) == (5, pytest.approx(-2.5))
    assert found["random"]["sd"] == pytest.approx(0.625**0.5)
    assert (found["own"]["place"], found["others"]["place"]) == ("within", "within")


def test_a_curve_beside_draws_of_which_one_is_undefined():
    """Without random heads, too, all examples of a task may get one class, of which Matthews says nothing."""
    base, after = np.array([10.0, 20.0]), np.array([[9.0, 19.0], [10.0, 16.0]])
    drawn = np.array([[9.5, 17.5], [9.0, 17.0], [math.nan, 16.5], [8.0, 16.0], [7.5, 15.5]])
    found = curve(after, base, drawn)
    assert found["random"] == {"n": 5, "mean": None, "sd": None, "low": None, "high": None}
    assert (found["own"]["mean"], found["own"]["place"], found["others"]["place"]) == (-2.5, None, None)
