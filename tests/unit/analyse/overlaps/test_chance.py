"""What chance gives: the expectation by counting all masks, exchanges that keep what rows share."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from workflow_scripts.analyse.overlaps.chance import exchanged_iou, expected_iou, paired_iou


@pytest.mark.parametrize(
    ("units", "one", "other", "iou"),
    [
        # All 6 masks of 2 of 4 units against one: 1 alike (IoU 1), 4 share one unit (1/3), 1 none (0).
        (4, 2, 2, (1 + 4 / 3) / 6),
        (2, 1, 1, 1 / 2),
        (4, 4, 1, 1 / 4),
        (5, 0, 2, 0),
        (5, 0, 0, 1),
        # Two of three: each two masks share at least one unit.
        (3, 2, 2, (1 + 2 * 1 / 3) / 3),
    ],
)
def test_expected_iou_by_hand(units, one, other, iou):
    assert expected_iou(units, one, other) == pytest.approx(iou, abs=1e-12)


def test_expected_iou_is_the_mean_over_all_masks():
    first = set(range(3))
    every = [len(first & set(two)) / len(first | set(two)) for two in combinations(range(9), 4)]
    assert expected_iou(9, 3, 4) == pytest.approx(np.mean(every), abs=1e-12)


def test_expected_iou_of_a_wide_layer_is_near_the_limit():
    # Half of many units: a third.
    assert expected_iou(4096, 2048, 2048) == pytest.approx(1 / 3, abs=1e-3)


def test_paired_iou():
    one = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0]], dtype=bool)
    other = np.array([[0, 1, 1], [0, 0, 0], [0, 1, 1]], dtype=bool)
    assert paired_iou(one, other).tolist() == pytest.approx([1 / 3, 1, 0])


def test_exchanges_give_what_is_expected():
    generator = np.random.Generator(np.random.PCG64(1))
    one, other = (generator.random((1, 40)) < share for share in (0.3, 0.5))
    drawn = exchanged_iou(one, other, {"a": slice(0, 40)}, 2000, seed=1)["a"]
    expected = expected_iou(40, int(one.sum()), int(other.sum()))
    assert abs(drawn.mean() - expected) < 4 * drawn.std() / np.sqrt(2000)


def test_rows_are_exchanged_together():
    """Ten equal rows are one piece of evidence: the spread of their mean is that of one row."""
    row = np.arange(30) < 10
    alone = exchanged_iou(row[None], row[None], {"a": slice(0, 30)}, 50, seed=3)["a"]
    ten = np.tile(row, (10, 1))
    assert exchanged_iou(ten, ten, {"a": slice(0, 30)}, 50, seed=3)["a"] == pytest.approx(alone)


def test_a_further_layer_or_draw_changes_none():
    generator = np.random.Generator(np.random.PCG64(1))
    one, other = generator.random((2, 3, 20)) < 0.4
    few = exchanged_iou(one, other, {"a": slice(0, 10)}, 3, seed=1)
    more = exchanged_iou(one, other, {"b": slice(10, 20), "a": slice(0, 10)}, 5, seed=1)
    assert more["a"][:3].tolist() == few["a"].tolist()
    assert more["a"].tolist() != more["b"].tolist()
