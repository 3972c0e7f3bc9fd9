"""Salient units and their order, by weights that were worked out by hand (oracles O1 to O6, check A8)."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.probes.ranking import count_of, near_largest, rank, salient_units
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitGroup, UnitSpace


def sets(found):
    return [set(units.tolist()) for units in found]


@pytest.mark.parametrize(
    ("percent", "weights", "expected"),
    [
        (50, [[5, 1, 1], [1, 10, 1]], [{0}, {1}]),
        (110, [[10, 9, 8], [10, 2, 1]], [{0, 1, 2}, {0, 1, 2}]),
        (100, [[10, 0, 8], [0, 0, 0]], [{0, 2}, set()]),
        (25, [[-3, 3, -3], [1, 0, -6]], [{0}, {2}]),
    ],
)
def test_o01_o02_the_fewest_units_that_hold_a_share(percent, weights, expected):
    assert sets(salient_units(np.array(weights, dtype=float), percent)) == expected


def test_o01_union():
    first, second = salient_units(np.array([[5.0, 1, 1], [1, 10, 1]]), 50)
    assert np.union1d(first, second).tolist() == [0, 1]


def test_o01_o02_are_the_selector_mass():
    space = UnitSpace([UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 200)])
    weights = np.random.default_rng(3).standard_normal((4, 200)) * (np.arange(200) % 3 > 0)
    for percent in (0.5, 10, 25, 50, 99.9, 100, 110):
        selector = parse_selector(f"mass:{percent:g}:abs")
        kept = [set(np.flatnonzero(selector.select(row, space)).tolist()) for row in weights]
        assert sets(salient_units(weights, percent)) == kept


def test_o03_a_share_of_the_largest_weight():
    weights = np.array([[5.0, 1, 2, 1], [1, 10, 1, 6]])
    assert sets(near_largest(weights, 0.5)) == [{0}, {1, 3}]
    assert sets(near_largest(np.zeros((1, 3)), 0.5)) == [set()]
    with pytest.raises(UserError, match=r"share of the largest weight: 2 is not above 0 and at most 1"):
        near_largest(weights, 2)


def test_o06_the_order_of_units_and_where_each_joins():
    found = rank(np.array([[4.0, 1, 5], [1, 1, 10]]))
    assert found.order.tolist() == [2, 0, 1]
    # Unit 2 is first for both; unit 0 joins where 5/10 are passed, unit 1 where 9/10 are.
    assert [int(np.argmax(found.cutoffs >= n)) for n in (1, 2, 3)] == [0, 51, 91]
    # Of the second label's equal weights we take the lower number. Were unit 1 the larger one, it would join
    # where 10/12 are passed, as where ties are taken from the end.
    tipped = rank(np.array([[4.0, 1, 5], [1, 1 + 1e-9, 10]]))
    assert tipped.order.tolist() == [2, 0, 1]
    assert [int(np.argmax(tipped.cutoffs >= n)) for n in (1, 2, 3)] == [0, 51, 84]
    assert found.order[-1:].tolist() == [1]


def test_a08_the_order_is_a_permutation_also_with_weights_of_zero():
    weights = np.array([[0.0, 2, 0, 0, 1, 0], [0, 0, 0, 3, 0, 0]])
    found = rank(weights)
    # At 0 percent both labels' first: 3 has all of its label's weights, 1 two thirds.
    assert found.order.tolist() == [3, 1, 4, 0, 2, 5]
    assert found.weighted == 3 and found.cutoffs[100] == 3
    pulled = rank(weights, then=np.array([0, 9.0, 0.1, 0, 0, 0.2]))
    assert pulled.order.tolist() == [3, 1, 4, 5, 2, 0]
    assert rank(np.zeros((2, 3))).order.tolist() == [0, 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_a08_larger_shares_keep_what_smaller_ones_kept(seed):
    generator = np.random.default_rng(seed)
    weights = generator.standard_normal((5, 120)) * (generator.random((5, 120)) < 0.4)
    found = rank(weights)
    assert sorted(found.order.tolist()) == list(range(120))
    assert (np.diff(found.cutoffs) >= 0).all()
    for step in (0, 10, 25, 60, 100):
        union = set().union(*sets(salient_units(weights, step))) if step else set(np.abs(weights).argmax(1))
        assert set(found.order[: found.cutoffs[step]].tolist()) == union
    smaller = sets(salient_units(weights, 10))
    for percent in (20, 40, 80, 100):
        larger = sets(salient_units(weights, percent))
        assert all(one <= other for one, other in zip(smaller, larger, strict=True))
        smaller = larger


def test_a_share_of_units_is_rounded_down_and_never_none():
    assert [count_of(percent, 200) for percent in (0.5, 7.5, 20, 100)] == [1, 15, 40, 200]
    # 7 % of 100 is 7, which binary fractions would make 7.000000000000001 or less.
    assert [count_of(percent, 100) for percent in (7, 29, 57)] == [7, 29, 57]
    with pytest.raises(UserError) as caught:
        count_of(5, 8)
    assert str(caught.value) == "5 % of 8 units is less than one; take at least 12.5 %"
    with pytest.raises(UserError, match=r"^120 % of units: a share is above 0 and at most 100$"):
        count_of(120, 8)
