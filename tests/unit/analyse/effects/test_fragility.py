"""Effect matrices freed of fragility: centring, permutations, collateral and paired tests, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workflow_scripts.analyse.effects.fragility import (
    advantage,
    centred,
    collateral,
    facts,
    paired_test,
    permutation_test,
)


def test_a_fragile_language_and_a_strong_set_are_taken_out():
    """Rows add 0, 1, 2 and columns 5, 0, 0; the diagonal stands .6 above what these say."""
    rows, columns = np.array([0.0, 1, 2])[:, None], np.array([5.0, 0, 0])[None]
    fragile = rows + columns
    assert np.abs(centred(fragile)).max() < 1e-12 and advantage(fragile) == pytest.approx(0)
    special = fragile + 0.6 * np.eye(3)
    # Raw, the fragile language loses most from the units of any other.
    assert special.argmax(axis=1).tolist() == [0, 0, 0]
    assert advantage(special) == pytest.approx(0.6)
    assert centred(special) == pytest.approx(0.6 * (np.eye(3) - 1 / 3))


def test_permutations_are_all_that_there_are_and_say_the_smallest_p():
    planted = np.eye(4)
    found = permutation_test(planted, 10_000, seed=1)
    # Of 24 orders of four languages one gives each its own.
    assert (found.orders, found.exact, found.p, found.smallest) == (24, True, 1 / 24, 1 / 24)
    # Two languages: two orders, so that no p is below one half.
    two = permutation_test(np.array([[1.0, 0], [0, 1]]), 10_000, seed=1)
    assert (two.orders, two.p, two.smallest) == (2, 0.5, 0.5)
    # Nothing: each order is as good.
    assert permutation_test(np.zeros((4, 4)), 10_000, seed=1).p == 1
    # The others' units harm more: only the orders that leave no language its own are better.
    assert permutation_test(-planted, 10_000, seed=1).p == 1
    drawn = permutation_test(np.eye(8), 999, seed=1)
    assert (drawn.orders, drawn.exact, drawn.smallest) == (999, False, 1 / 1000)
    assert drawn.p == 1 / 1000


def test_collateral_by_hand():
    matrix = np.array([[2.0, 1, 0], [0.3, 0.6, 0.3], [1.0, 1, -0.1]])
    found = collateral(matrix)
    assert found[:2] == pytest.approx([0.25, 0.5]) and math.isnan(found[2])
    told = facts(matrix, 100, 1)
    assert told["collateral"][2] is None and told["hit_hardest"] == 2
    assert told["own"] == pytest.approx(2.5 / 3) and told["others"] == pytest.approx(3.6 / 6)


def test_units_that_do_nothing_hit_no_language_hardest():
    """The first language's units change nothing, the second's harm both alike."""
    effects = np.array([[0.0, 0.0, 0.0], [0.4, 0.4, 0.1], [0.1, 0.2, 0.3]])
    assert facts(effects, 100, 1)["hit_hardest"] == 1


def test_paired_test_of_sentences():
    rng = np.random.default_rng(1)
    others = rng.normal(50, 20, (2, 40))
    own = others.mean(axis=0) + rng.normal(2, 1, 40)
    found = paired_test(own, others, tokens=400, resamples=999, seed=1)
    # Nats a token: the sum over sentences by their tokens.
    assert found.difference == pytest.approx((own - others.mean(axis=0)).sum() / 400)
    assert found.low < found.difference < found.high and found.low > 0
    assert found.p == 1 / 1000
    swapped = paired_test(others.mean(axis=0), own[None], 400, 999, seed=1)
    assert swapped.difference == pytest.approx(-found.difference)
    # The same difference in each sentence has no spread: undefined.
    same = paired_test(np.array([2.0, 3, 4]), np.array([[1.0, 2, 3]]), 10, 999, seed=1)
    assert same.difference == pytest.approx(0.3) and math.isnan(same.p)
