"""Clusters of correlated units, by hand, and what is left with one unit of each."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import labelled
from workflow_scripts.analyse.probes import redundancy
from workflow_scripts.analyse.probes.elastic_net import Trainer
from workflow_scripts.analyse.probes.labelled import Split
from workflow_scripts.analyse.probes.redundancy import (
    correlated_clusters,
    correlations,
    without_redundancy,
)
from workflow_scripts.common.errors import UserError


def clusters(units, cut=0.5, **distances):
    """Of distances such as ``d01=0.2``; all others are 1."""
    r = np.eye(units)
    for name, distance in distances.items():
        i, j = int(name[1]), int(name[2])
        r[i, j] = r[j, i] = 1 - distance
    return correlated_clusters(r, cut).tolist()


def test_average_linkage_by_hand():
    # 0 and 1 join at .1; the mean distance to 2 is then .6, though 0 alone is .4 away.
    assert clusters(3, d01=0.1, d02=0.4, d12=0.8) == [0, 0, 1]
    assert clusters(3, d01=0.1, d02=0.4, d12=0.6) == [0, 0, 0]
    # 1 and 2 join first, then 0 joins them.
    assert clusters(3, d12=0.1, d01=0.2, d02=0.3) == [0, 0, 0]
    # Two pairs at .1 and .2, a mean of .45 between them.
    assert clusters(4, d03=0.1, d12=0.2, d01=0.4, d02=0.5, d13=0.5, d23=0.4) == [0, 0, 0, 0]
    assert clusters(4, d03=0.1, d12=0.2, d01=0.6, d02=0.5, d13=0.5, d23=0.5) == [0, 1, 1, 0]
    assert clusters(3) == [0, 1, 2]
    assert clusters(3, cut=1.0) == [0, 0, 0]


def test_the_sign_of_a_correlation_does_not_matter_and_undefined_is_none():
    r = np.array([[1, -0.9, np.nan], [-0.9, 1, np.nan], [np.nan, np.nan, np.nan]])
    assert correlated_clusters(r).tolist() == [0, 0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_a_plain_agglomeration_gives_the_same(seed):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((60, 4)) @ generator.standard_normal((4, 25))
    r = np.corrcoef((X + generator.standard_normal((60, 25))).T)
    groups = [[unit] for unit in range(25)]
    while True:
        pairs = [
            (np.mean(1 - np.abs(r[np.ix_(a, b)])), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups[:i])
        ]
        nearest, i, j = min(pairs)
        if nearest > 0.5:
            break
        groups[j] += groups.pop(i)
    found = correlated_clusters(r)
    assert 2 < len(groups) < 25
    assert {frozenset(group) for group in groups} == {
        frozenset(np.flatnonzero(found == one).tolist()) for one in set(found)
    }


def test_correlations_of_some_rows():
    data = labelled([[0, 0, 5, 1], [1, -2, 5, 1], [2, -4, 5, -2], [9, 9, 9, 9]], [0, 1, 0, 1])
    found = correlations(data, np.arange(3))
    expected = np.eye(4)
    expected[0, 1] = expected[1, 0] = -1
    expected[0, 3] = expected[3, 0] = -np.sqrt(3) / 2
    expected[1, 3] = expected[3, 1] = np.sqrt(3) / 2
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_one_unit_of_each_cluster_holds_what_all_do():
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, 900)
    # Eight units tell a part each, in three copies; of random eight some tell the same.
    parts = generator.standard_normal((900, 8)) + 0.7 * y[:, None]
    X = np.repeat(parts, 3, axis=1) + 0.2 * generator.standard_normal((900, 24))
    data = labelled(X, y)
    split = Split(np.arange(600), np.arange(0), np.arange(600, 900))
    found_clusters = correlated_clusters(correlations(data, split.train))
    assert found_clusters.tolist() == np.repeat(np.arange(8), 3).tolist()
    probe = Trainer(data, split.train).fit(1e-3, 1e-3)
    found = without_redundancy(data, split, probe, found_clusters, draws=6)
    assert (found["units"], found["clusters"], found["alone"], found["largest"]) == (24, 8, 0, 3)
    assert found["one_each"]["n"] == found["random"]["n"] == 6 and found["unconverged"] == 0
    assert found["one_each"]["mean"] > found["random"]["mean"] + 0.02
    with pytest.raises(UserError, match=r"^2 random draws: take at least 5"):
        without_redundancy(data, split, probe, found_clusters, draws=2)


def test_more_units_than_memory_holds_are_one_line(monkeypatch):
    monkeypatch.setattr(redundancy, "MOST_UNITS", 3)
    with pytest.raises(UserError) as caught:
        correlations(labelled(np.eye(4), [0, 0, 1, 1]), np.arange(4))
    assert str(caught.value) == "tag: clusters of at most 3 units, not 4; take one layer at a time"
