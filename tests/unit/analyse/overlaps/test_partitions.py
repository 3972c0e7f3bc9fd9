"""Groups of languages: how many partitions there are, and that what they cannot show is said."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.overlaps.partitions import count_partitions, grouped_overlap
from workflow_scripts.analyse.permutations import labelings


@pytest.mark.parametrize(
    ("sizes", "partitions"),
    [((2, 2), 3), ((3, 3), 10), ((2, 2, 2), 15), ((3, 3, 3), 280), ((2, 1), 3), ((4, 2), 15), ((5,), 1)],
)
def test_partitions(sizes, partitions):
    assert count_partitions(sizes) == partitions
    labels = [number for number, size in enumerate(sizes) for _ in range(size)]
    sets = {
        frozenset(frozenset(np.flatnonzero(np.array(order) == one)) for one in set(order))
        for order in labelings(labels)
    }
    assert len(sets) == partitions


def matrix(languages, groups, within=0.9, across=0.1):
    """IoU of families as they are planted."""
    of = {language: name for name, group in groups.items() for language in group}
    return np.array(
        [[1.0 if a == b else within if of[a] == of[b] else across for b in languages] for a in languages]
    )


def result_of(sizes, level=0.05, permutations=100_000, **more):
    groups = {f"g{n}": [f"l{n}{m}" for m in range(size)] for n, size in enumerate(sizes)}
    languages = [language for group in groups.values() for language in group]
    iou = matrix(languages, groups, **more)
    return grouped_overlap({"decoder.mean": iou}, languages, groups, permutations, 1, level)


@pytest.mark.parametrize(
    ("sizes", "smallest", "said"),
    [
        ((2, 2), 1 / 3, "cannot be significant: 3 partitions, smallest p 0.33"),
        ((3, 3), 1 / 10, "cannot be significant: 10 partitions, smallest p 0.1"),
        ((2, 2, 2), 1 / 15, "cannot be significant: 15 partitions, smallest p 0.067"),
        ((3, 3, 3), 1 / 280, None),
    ],
)
def test_planted_families_have_the_smallest_p_there_is(sizes, smallest, said):
    found = result_of(sizes)
    assert found["layers"]["decoder.mean"]["p"] == pytest.approx(smallest)
    assert found["smallest_p"] == pytest.approx(smallest)
    assert (found["can_be_significant"], found.get("note")) == (said is None, said)
    assert found["layers"]["decoder.mean"]["difference"] == pytest.approx(0.8)


def test_a_level_is_what_decides():
    assert result_of((3, 3), level=0.1)["can_be_significant"]
    # 280 partitions, but nine random orders: no p is below a tenth.
    few = result_of((3, 3, 3), permutations=9)
    assert (few["exact"], few["can_be_significant"]) == (False, False)
    assert few["note"] == "cannot be significant: 9 orders, smallest p 0.1"


def test_families_that_part_nothing():
    # Within 0.1 and across 0.9: every other partition is better.
    assert result_of((3, 3, 3), within=0.1, across=0.9)["layers"]["decoder.mean"]["p"] == 1


def test_languages_of_no_group_are_left_out_and_named():
    groups = {"one": ["a", "b"], "two": ["c", "d"]}
    languages = ["x", *"abcd"]
    iou = np.full((5, 5), 0.5)
    iou[1:, 1:] = matrix(list("abcd"), groups)
    found = grouped_overlap({"m": iou}, languages, groups, 100, 1, 0.05)
    assert found["ungrouped"] == ["x"]
    assert found["languages"] == {"one": ["a", "b"], "two": ["c", "d"]}
    assert (found["layers"]["m"]["within"], found["layers"]["m"]["across"]) == (0.9, pytest.approx(0.1))


@pytest.mark.parametrize("groups", [{"one": ["a"], "two": ["b"]}, {"one": ["a", "b"]}, {}])
def test_nothing_to_compare_is_said(groups):
    found = grouped_overlap({"m": np.full((2, 2), 0.5)}, ["a", "b"], groups, 100, 1, 0.05)
    assert found["note"] == "no two languages within one group, or none across: nothing to compare"
    assert (found["layers"], found["can_be_significant"]) == ({}, False)
