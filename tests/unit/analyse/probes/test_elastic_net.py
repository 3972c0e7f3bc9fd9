"""The probe's optimum: worked out by hand, reached by every way of training, refused where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.unit.analyse.probes.planted import labelled, planted
from workflow_scripts.analyse.probes import elastic_net
from workflow_scripts.analyse.probes.elastic_net import Trainer, accuracy, norms
from workflow_scripts.analyse.probes.fista import gap_of
from workflow_scripts.common.errors import UserError


def test_the_optimum_of_two_labels_and_one_unit():
    """z is -1 or 1, and the label agrees with it for 3/4 of tokens. By symmetry the weights are -w and w, and
    the probability of agreeing is σ(2w). The slope is zero where 3/4 − σ(2w) = l1 + 2 · l2 · w."""
    X = np.array([[0.0]] * 40 + [[2.0]] * 40)
    y = np.array([0] * 30 + [1] * 40 + [0] * 10)
    trainer = Trainer(labelled(X, y), np.arange(80), tolerance=1e-6)
    w = math.log(1.5) / 2  # σ(2w) = 0.6
    probe = trainer.fit(0.15 - 0.2 * w, 0.1)
    np.testing.assert_allclose(probe.weights[:, 0], [-w, w], atol=1e-5)
    np.testing.assert_allclose(probe.bias, [0, 0], atol=1e-5)
    assert probe.converged
    assert probe.loss == pytest.approx(-0.75 * math.log(0.6) - 0.25 * math.log(0.4))
    # At w = 0 the slope is 1/4: a larger l1 leaves exact zeros.
    assert (trainer.fit(0.2501, 0).weights == 0).all()
    assert (trainer.fit(0.2499, 0).weights != 0).all()
    # Without penalty the bias-free optimum is σ(2w) = 3/4.
    free = trainer.fit(0, 0)
    assert free.weights[1, 0] - free.weights[0, 0] == pytest.approx(math.log(3), abs=1e-5)


def test_the_gap_is_the_largest_sub_gradient():
    # With 2 · l2 · w: .5, -.2, -.3, .6. Weights: .5 + .25, |-.3 - .25|. Zeros: nothing, .6 - .25.
    weights = torch.tensor([[1.0, 0.0], [-2.0, 0.0]]).double()
    gradient = torch.tensor([[0.3, -0.2], [0.1, 0.6]]).double()
    level = torch.tensor([0.05, -0.05]).double()
    assert gap_of(weights, gradient, level, 0.25, 0.1) == pytest.approx(0.75)
    weights[0, 0] = weights[1, 0] = 0.0
    assert gap_of(weights, gradient, level, 0.25, 0.1) == pytest.approx(0.35)
    assert gap_of(weights, gradient, level, 0.7, 0.1) == pytest.approx(0.05)


def test_training_by_parts_and_block_by_block_reach_the_same_optimum(monkeypatch):
    data, split, _ = planted(2, train=400, test=5, units=300)
    monkeypatch.setattr(elastic_net, "FEWEST_ADDED", 16)
    whole = Trainer(data, split.train, tolerance=1e-6)
    parts = Trainer(data, split.train, tolerance=1e-6, held_bytes=4 * 400 * 250)
    assert (whole.holds_all, parts.holds_all) == (True, False)
    monkeypatch.setattr(elastic_net, "FEW_UNITS", 100)
    held = Trainer(data, split.train, tolerance=1e-6)
    np.testing.assert_allclose(held.fit(1e-2, 1e-2).weights, parts.fit(1e-2, 1e-2).weights, atol=1e-4)
    monkeypatch.setattr(elastic_net, "FEW_UNITS", 300)
    for l1, l2 in ((1e-2, 1e-2), (3e-3, 1e-3)):
        one, other = whole.fit(l1, l2), parts.fit(l1, l2)
        assert one.converged and other.converged
        np.testing.assert_allclose(one.weights, other.weights, atol=1e-4)
        assert ((one.weights != 0) == (other.weights != 0)).all()
    assert 50 < other.facts()["units_with_weight"] < 250
    # Too little room for the units that have a weight, and no l1: both read all values at each pass.
    for room, l1 in ((20, 3e-3), (0, 0.0)):
        blocks = Trainer(data, split.train, tolerance=1e-6, held_bytes=4 * 400 * room)
        np.testing.assert_allclose(blocks.fit(l1, 1e-2).weights, whole.fit(l1, 1e-2).weights, atol=1e-4)


def test_from_where_another_probe_ended_fewer_passes_lead_to_the_same_place():
    data, split, _ = planted(3, train=400, test=5, units=100)
    trainer = Trainer(data, split.train, tolerance=1e-6)
    near = trainer.fit(2e-3, 1e-3)
    cold, warm = trainer.fit(1.9e-3, 1e-3), trainer.fit(1.9e-3, 1e-3, start=near)
    assert warm.passes < cold.passes
    np.testing.assert_allclose(warm.weights, cold.weights, atol=1e-3)


def test_a_constant_unit_has_weight_zero_and_is_counted():
    data, split, _ = planted(1, train=300, test=5, units=20)
    data.X[:, 4] = 1e4
    probe = Trainer(data, split.train).fit(0, 0.01)
    assert (probe.weights[:, 4] == 0).all() and (probe.weights[:, 5] != 0).all()
    assert probe.facts()["constant_units"] == 1


def test_a_unit_far_from_zero_is_as_good_as_its_z_scores():
    """Mean 1,000 times the spread: squares in float32 would leave no variance."""
    data, split, _ = planted(1, train=300, test=300, units=20)
    near = Trainer(data, split.train).fit(1e-3, 1e-3)
    data.X[:] += 1000
    far = Trainer(data, split.train).fit(1e-3, 1e-3)
    np.testing.assert_allclose(far.weights, near.weights, atol=2e-3)
    same = far.predict(data.X, split.test) == near.predict(data.X - 1000, split.test)
    assert same.mean() > 0.99


def test_a_label_that_is_not_in_train_is_never_predicted():
    data, _, _ = planted(1, train=300, test=5, units=20)
    rows = np.flatnonzero(data.y != 1)
    probe = Trainer(data, rows).fit(1e-3, 1e-3)
    assert (probe.weights[1] == 0).all() and probe.bias[1] == -np.inf
    assert set(probe.predict(data.X, np.arange(300))) == {0, 2, 3}


def test_the_penalty_has_one_optimum_only_with_l2():
    """Adding a number to a unit's weights of all labels changes no prediction. Of an even number of labels l1
    alone leaves it open between the two middle weights; any l2 decides."""
    data, split, _ = planted(4, train=400, test=5, units=30)
    trainer = Trainer(data, split.train, tolerance=1e-6)
    zero, other = trainer.fit(1e-3, 1e-3), trainer.fit(1e-2, 0)
    np.testing.assert_allclose(trainer.fit(1e-3, 1e-3, start=other).weights, zero.weights, atol=1e-4)


def test_o12_norms_of_weights():
    assert norms(np.array([[3.0, -4.0], [0.0, 12.0]])) == (19.0, 13.0)


@pytest.mark.parametrize(
    ("l1", "l2", "message"),
    [
        (None, 0, "l1 is None, but a penalty is a number from 0; 0 means none"),
        (0, None, "l2 is None, but a penalty is a number from 0; 0 means none"),
        (-0.1, 0, "l1 is -0.1, but a penalty is a number from 0; 0 means none"),
        (0, math.nan, "l2 is nan, but a penalty is a number from 0; 0 means none"),
    ],
)
def test_o13_a_penalty_that_is_none_is_refused(l1, l2, message):
    data, split, _ = planted(1, train=50, test=5, units=20)
    with pytest.raises(UserError) as caught:
        Trainer(data, split.train).fit(l1, l2)
    assert str(caught.value) == message


def test_a_tolerance_that_float32_cannot_reach_is_refused():
    data, split, _ = planted(1, train=50, test=5, units=20)
    with pytest.raises(UserError) as caught:
        Trainer(data, split.train, tolerance=1e-9)
    assert str(caught.value) == "tag: tolerance 1e-09 is not from 1e-06 to 1"


def test_o13_one_label_is_refused():
    data = labelled(np.eye(4), [0, 0, 1, 1])
    with pytest.raises(UserError) as caught:
        Trainer(data, np.array([2, 3]))
    assert str(caught.value) == "tag: train has one label, 'b'; a probe needs two"


def test_o15_accuracy():
    gold = np.array([0] * 50 + [1] * 50)
    predicted = gold.copy()
    predicted[:20] = 1
    assert accuracy(predicted, gold) == 0.8
    assert math.isnan(accuracy(gold[:0], gold[:0]))
