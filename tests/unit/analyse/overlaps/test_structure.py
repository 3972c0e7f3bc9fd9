"""Which languages share units: the correlation of two matrices, and exchanges of whole languages."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage

from workflow_scripts.analyse.overlaps.similarity_order import similarity_order
from workflow_scripts.analyse.overlaps.structure import structure
from workflow_scripts.analyse.permutations import relabel


def symmetric(*pairs, languages=4):
    """A matrix of its upper triangle, row by row."""
    out = np.eye(languages)
    upper = np.triu_indices(languages, 1)
    out[upper] = pairs
    return out + np.triu(out, 1).T


ONE = symmetric(0.9, 0.5, 0.4, 0.3, 0.2, 0.1)


def test_the_same_matrix():
    found = structure(ONE, ONE, 1000, 1)
    # 24 orders; no other one gives this matrix again.
    assert found["r"] == pytest.approx(1)
    assert (found["orders"], found["exact"], found["languages"]) == (24, True, 4)
    assert found["p"] == found["smallest_p"] == pytest.approx(1 / 24)


def test_pearson_by_hand():
    # Pairs (1, 2, 3) and (1, 3, 2): around their means (-1, 0, 1) and (-1, 1, 0), so r = 1 / 2. Of the six
    # orders of three languages the pairs take all six orders: 1, 1/2, 1/2, -1/2, -1/2, -1.
    found = structure(symmetric(1, 2, 3, languages=3), symmetric(1, 3, 2, languages=3), 100, 1)
    assert found["r"] == pytest.approx(0.5)
    assert found["p"] == pytest.approx(3 / 6)


def test_units_have_no_part_in_it():
    """Another scale and level, as of another size of masks, leaves r as it is."""
    assert structure(ONE, 0.2 + 0.5 * ONE, 1000, 1)["r"] == pytest.approx(1)


def test_random_orders_count_the_given_one():
    generator = np.random.Generator(np.random.PCG64(1))
    iou = symmetric(*generator.random(28), languages=8)
    found = structure(iou, iou, 99, 1)
    assert (found["orders"], found["exact"]) == (99, False)
    assert found["p"] == found["smallest_p"] == pytest.approx(0.01)
    other = symmetric(*generator.random(28), languages=8)
    assert structure(iou, other, 99, 1)["p"] > 0.05


@pytest.mark.parametrize(
    ("one", "other"),
    [(ONE[:2, :2], ONE[:2, :2]), (ONE, symmetric(*[0.5] * 6)), (symmetric(*[0.5] * 6), ONE)],
)
def test_undefined_is_none(one, other):
    found = structure(one, other, 100, 1)
    assert (found["r"], found["p"]) == (None, None)


def test_orders():
    every, exact = relabel(range(3), 6, 1)
    assert exact and sorted(map(tuple, every.tolist()))[0] == (0, 1, 2) and len(every) == 6
    some, exact = relabel(range(4), 23, 1)
    assert not exact and len(some) == 23 and (np.sort(some, axis=1) == [0, 1, 2, 3]).all()


def test_order_by_average_linkage_by_hand():
    # a and b join at .9; c joins their mean (.5 + .4) / 2 = .45; d the mean of all three (.1 + .2 + .3) / 3.
    iou = symmetric(0.9, 0.5, 0.1, 0.4, 0.2, 0.3)
    found = similarity_order(list("abcd"), iou)
    assert [round(one["iou"], 6) for one in found["joins"]] == [0.9, 0.45, 0.2]
    assert [sorted(side) for side in found["joins"][1]["sides"]] == [["c"], ["a", "b"]]
    assert found["order"] in (["d", "c", "a", "b"], ["c", "a", "b", "d"], ["d", "a", "b", "c"])


@pytest.mark.filterwarnings("error")
def test_distances_are_those_of_sets_not_of_rows():
    """Distances between rows of the matrix would join b and d first, though a and c share more of their
    units: an overlap depends on the sizes of sets, and rows on all other sets."""
    sets = [{0, 6, 7, 9, 11}, {1, 5, 6}, {0, 1, 2, 6, 9}, {1, 2, 4, 5}]
    iou = np.array([[len(a & b) / len(a | b) for b in sets] for a in sets])
    joins = similarity_order(list("abcd"), iou)["joins"]
    assert [(one["sides"], pytest.approx(one["iou"])) for one in joins] == [
        ([["a"], ["c"]], 3 / 7),
        ([["b"], ["d"]], 2 / 5),
        ([["a", "c"], ["b", "d"]], np.mean([1 / 7, 0, 2 / 6, 2 / 7])),
    ]
    rows = linkage(iou, method="average")
    assert sorted(rows[0, :2].tolist()) == [1, 3]


def test_one_name_has_an_order():
    assert similarity_order(["a"], np.ones((1, 1))) == {"order": ["a"], "joins": []}
