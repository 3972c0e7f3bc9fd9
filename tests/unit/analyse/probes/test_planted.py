"""What is planted must be found: probes at their optimum, and what an early end makes of them (A1 to A5)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import EACH, labelled, planted, precision
from workflow_scripts.analyse.probes.class_scores import probeless_overall
from workflow_scripts.analyse.probes.elastic_net import (
    Trainer,
    accuracy,
    require_converged,
)
from workflow_scripts.analyse.probes.kept import retrained_accuracy
from workflow_scripts.analyse.probes.moments import measure
from workflow_scripts.analyse.probes.ranking import rank, salient_units
from workflow_scripts.common.errors import UserError

SEEDS = (1, 2, 3)


def fitted(data, split, l1=1e-2, l2=1e-2):
    probe = Trainer(data, split.train).fit(l1, l2)
    assert probe.converged
    return probe, rank(probe.weights, probe.pull)


@pytest.mark.parametrize("seed", SEEDS)
def test_a01_planted_units_are_found_and_the_others_hold_nothing(seed):
    data, split, place = planted(seed)
    probe, ranking = fitted(data, split)
    gold = data.y[split.test]
    assert precision(ranking.order, place) == 1.0
    for weights, own in zip(probe.weights, place, strict=True):
        assert set(np.argsort(-np.abs(weights), kind="stable")[:EACH]) == set(own)

    def kept(units=None):
        return accuracy(probe.predict(data.X, split.test, units), gold)

    oracle, _ = retrained_accuracy(data, split, split.test, place.ravel(), probe)
    assert 0.89 <= oracle <= 0.93
    assert abs(kept(ranking.order[:12]) - oracle) <= 0.02
    assert abs(kept() - oracle) <= 0.02
    fifth = data.units // 5
    assert kept(ranking.order[:fifth]) >= oracle - 0.02
    assert kept(ranking.order[-fifth:]) <= 0.30
    bottom, _ = retrained_accuracy(data, split, split.test, ranking.order[-fifth:], probe)
    assert bottom <= 0.30


@pytest.mark.parametrize("seed", SEEDS)
def test_a01_at_the_optimum_three_planted_units_hold_a_quarter_of_the_weights(seed):
    """With penalties so small that all units have weights. With larger ones noise has none, and one unit of
    three holds a quarter: counts of two probes compare only under the same penalties."""
    data, split, place = planted(seed)
    probe, _ = fitted(data, split, 1e-3, 1e-3)
    salient = salient_units(probe.weights, 25)
    assert [len(units) for units in salient] == [3, 3, 3, 3]
    assert [set(units) for units in salient] == [set(own) for own in place]
    sparse, _ = fitted(data, split, 1e-2, 1e-2)
    assert [len(units) for units in salient_units(sparse.weights, 25)] == [1, 1, 1, 1]


def by_adam(data, split, batch, epochs, l1, l2):
    """The published training: Adam on mini-batches, the penalty in the loss."""
    generator = np.random.default_rng(1)
    moments = measure(data, split.train)
    z = (data.X[split.train] - moments.mean) / moments.scale
    z = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    gold = np.eye(len(data.labels))[data.y[split.train]]
    # Weights and, last, bias; a linear layer begins with weights of this range.
    w = generator.uniform(-1, 1, (len(data.labels), data.units + 1)) / np.sqrt(data.units)
    first, second, updates = np.zeros_like(w), np.zeros_like(w), 0
    penalised = np.arange(data.units + 1) < data.units
    for _ in range(epochs):
        order = generator.permutation(len(z))
        for rows in np.split(order, range(batch, len(z), batch)):
            chance = np.exp(z[rows] @ w.T)
            chance /= chance.sum(1, keepdims=True)
            slope = (chance - gold[rows]).T @ z[rows] / len(rows) + penalised * (l1 * np.sign(w) + 2 * l2 * w)
            updates += 1
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            w -= 1e-3 * first / (1 - 0.9**updates) / (np.sqrt(second / (1 - 0.999**updates)) + 1e-8)
    begun = Trainer(data, split.train, most_passes=1).fit(l1, l2)
    return replace(begun, weights=w[:, :-1].copy(), bias=w[:, -1].copy())


def gap_at(probe, data, rows):
    """The gap of a probe's weights, however they were trained, by one pass over its training rows."""
    return Trainer(data, rows, most_passes=1).fit(probe.l1, probe.l2, start=probe).gap


@pytest.mark.parametrize(("batch", "epochs"), [(512, 10), (32, 10)])
def test_a01_an_early_end_is_detected_by_the_gap_and_counts_more_units(batch, epochs):
    data, split, _ = planted(1, test=10)
    early = by_adam(data, split, batch, epochs, 1e-3, 1e-3)
    early = replace(early, gap=gap_at(early, data, split.train))
    assert not early.converged and early.gap > 100 * early.tolerance
    assert (early.weights != 0).all()
    assert np.mean([len(units) for units in salient_units(early.weights, 25)]) > 4
    with pytest.raises(
        UserError, match=r"^tag: the probe of l1 0.001, l2 0.001 is .* from its optimum after"
    ):
        require_converged(early, data.name)


def test_a01_too_few_passes_are_detected():
    data, split, _ = planted(1, train=500, test=10, units=50)
    short = Trainer(data, split.train, most_passes=3).fit(1e-3, 1e-3)
    assert not short.converged and short.facts()["converged"] is False
    assert short.gap == pytest.approx(gap_at(short, data, split.train), rel=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_a02_planted_units_after_relu_are_found(seed):
    data, split, place = planted(seed, train=2000, test=10, units=200)
    sparse = replace(data, X=np.maximum(data.X, 0))
    assert precision(fitted(sparse, split)[1].order, place) == 1.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("l1", "l2"), [(1e-2, 0.0), (0.0, 1e-2), (1e-2, 1e-2)])
def test_a03_of_doubled_units_both_copies_are_first(seed, l1, l2):
    """From zero, training takes the same steps for both, so l1 does not give all weight to one copy."""
    data, split, place = planted(seed, train=2000, test=10, units=200)
    copies = np.arange(12)
    doubled = replace(data, X=np.concatenate([data.X, data.X[:, place.ravel()]], axis=1))
    both = np.concatenate([place.ravel(), data.units + copies])
    assert precision(fitted(doubled, split, l1, l2)[1].order, both) == 1.0


def test_a04_permuted_labels_give_chance():
    found = []
    for seed in SEEDS:
        data, split, _ = planted(seed, train=2000, test=2000, units=100)
        shuffled = np.random.default_rng(seed).permutation(data.y)
        mixed = labelled(data.X, shuffled)
        probe, _ = fitted(mixed, split)
        found.append(accuracy(probe.predict(data.X, split.test), shuffled[split.test]))
    assert np.mean(found) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_a05_probeless_needs_z_scores(seed):
    data, split, place = planted(seed, train=2000, test=10, units=200)
    loud = np.setdiff1d(np.arange(data.units), place)[:12]
    X = data.X.copy()
    X[:, loud] *= 100
    moments = measure(replace(data, X=X), split.train)
    plain = replace(moments, mean=np.zeros(200), sd=np.ones(200))
    order = np.argsort(-probeless_overall(plain), kind="stable")
    assert precision(order, place) == 0.0
    assert precision(np.argsort(-probeless_overall(moments), kind="stable"), place) == 1.0
