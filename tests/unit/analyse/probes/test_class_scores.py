"""Scores of units by label without a probe, and what units tell together, by hand (oracles O7, O8)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analyse.probes.planted import labelled
from workflow_scripts.analyse.probes import class_scores
from workflow_scripts.analyse.probes.class_scores import (
    average_precision,
    probeless,
    probeless_overall,
    selectivity_scores,
)
from workflow_scripts.analyse.probes.gaussian import covariances, gaussian_ranking
from workflow_scripts.analyse.probes.moments import Moments, measure
from workflow_scripts.common.errors import UserError


def test_probeless_sums_distances_of_class_means():
    means = np.array([[0.0, 1], [3, 1], [1, 1], [np.nan, np.nan]])
    moments = Moments(np.zeros(2), np.array([2.0, 1]), np.zeros(2), np.ones(2), means, np.array([1, 1, 1, 0]))
    # Unit 0, in spreads of 2: 0, 1.5, .5. Distances 1.5 + .5; 1.5 + 1; .5 + 1.
    expected = [[2.0, 0], [2.5, 0], [1.5, 0], [np.nan, np.nan]]
    np.testing.assert_allclose(probeless(moments), expected)
    # Over pairs: 1.5 + .5 + 1.
    np.testing.assert_allclose(probeless_overall(moments), [3.0, 0])


def test_probeless_of_many_labels_is_the_plain_sum():
    means = np.random.default_rng(1).standard_normal((30, 8))
    moments = Moments(np.zeros(8), np.ones(8), np.zeros(8), np.ones(8), means, np.ones(30, dtype=int))
    plain = np.abs(means[:, None] - means[None]).sum(1)
    np.testing.assert_allclose(probeless(moments), plain)


def test_selectivity_is_the_difference_of_means_in_the_range():
    # Unit 0: label b has mean 3, others (0 + 1) / 2; range 0 to 4. Unit 1 is constant.
    data = labelled([[0, 7], [1, 7], [2, 7], [4, 7]], [0, 0, 1, 1])
    found = selectivity_scores(measure(data, np.arange(4)))
    np.testing.assert_allclose(found, [[2.5 / 4, 0], [2.5 / 4, 0]])
    three = labelled([[0], [2], [8]] * 2, [0, 1, 2] * 2, labels=("a", "b", "c", "d"))
    found = selectivity_scores(measure(three, np.arange(6)))
    # a: |0 - 5| / 8, b: |2 - 4| / 8, c: |8 - 1| / 8; d has no token.
    np.testing.assert_allclose(found[:, 0], [5 / 8, 2 / 8, 7 / 8, np.nan])


O7 = np.array([[-1, -1, 0], [-1, 0, 0], [1, 1, 0], [1, 0, 0]], dtype=np.float32)


@pytest.mark.parametrize("values_at_a_time", [1 << 24, 4])
def test_o07_average_precision(values_at_a_time, monkeypatch):
    monkeypatch.setattr(class_scores, "SORTED_VALUES", values_at_a_time)
    data = labelled(O7, [0, 0, 1, 1], labels=("a", "b", "c"))
    found = average_precision(data, np.arange(4))
    # Label b. Unit 1: the first is right (1/2), then two equal ones of which one is: 2/3 · 1/2.
    np.testing.assert_allclose(found[1], [1.0, 1 / 2 + 1 / 3, 0.5])
    assert np.argsort(-found[1], kind="stable").tolist() == [0, 1, 2]
    # Label a, by high values. Unit 0: both come last, at 2 of 4. Unit 1: 1/3 · 1/2 + 2/4 · 1/2.
    np.testing.assert_allclose(found[0], [0.5, 1 / 6 + 1 / 4, 0.5])
    assert np.isnan(found[2]).all()


O8 = [[-1.05, -1.1, 0.01], [0, -1.05, 0.005], [1.05, 1.1, 0.003], [0, 1.03, 0.1]]


def test_o08_gaussian_ranking():
    found = gaussian_ranking(labelled(O8, [0, 0, 1, 1]), np.arange(4), 3)
    assert found.order == (1, 0, 2)
    assert found.entropy == 1.0
    assert found.bits[0] == pytest.approx(1.0, abs=1e-6)


def test_covariances_shrink_to_the_class_s_own_variances():
    x = np.array([[0.0, 0], [2, 4], [5, 5], [5, 7]])
    means, found = covariances(x, np.array([0, 0, 1, 1]), np.arange(2))
    assert means.tolist() == [[1, 2], [5, 6]]
    # Class 0: products 2, 4, 8; variances 1, 4; divided by n + 2 D + 4 = 10.
    np.testing.assert_allclose(found[0], np.array([[1 + 2, 4], [4, 4 + 8]]) / 10, atol=1e-5)
    # Class 1: its first unit varies by what is added alone: 1e-6 of the variance of all.
    np.testing.assert_allclose(found[1][0, 0], 1e-6 * 4.5 / 10)


def test_after_a_unit_comes_not_its_copy_but_what_it_lacks():
    generator = np.random.default_rng(1)
    y = generator.integers(0, 4, 1500)
    noise = generator.standard_normal((1500, 5))
    high, low = (y // 2)[:, None] * 3.0, (y % 2)[:, None] * 2.0
    X = np.concatenate([noise[:, :2], high + noise[:, [2]], low + noise[:, [3]], noise[:, [4]]], axis=1)
    X[:, 4] = X[:, 2] + 0.1 * noise[:, 4]
    X = np.concatenate([X, np.ones((1500, 1))], axis=1)
    found = gaussian_ranking(labelled(X, y), np.arange(1500), 5)
    assert found.order[0] in (2, 4) and found.order[1] == 3
    # The constant unit is not chosen, though five were asked for and there are six.
    assert len(found.order) == 5 and 5 not in found.order
    assert found.bits[0] < found.bits[1] < found.entropy <= 2.0
    assert found.bits[1] > found.bits[0] + 0.3
    by_shares = np.bincount(y) / 1500
    assert found.entropy == pytest.approx(-(by_shares * np.log2(by_shares)).sum())


def test_the_bits_of_the_first_units_are_those_of_their_joint_density():
    generator = np.random.default_rng(3)
    y = generator.integers(0, 3, 300)
    X = (generator.standard_normal((300, 4)) @ generator.standard_normal((4, 4)) + y[:, None]).astype(
        np.float32
    )
    found = gaussian_ranking(labelled(X, y), np.arange(300), 3)
    x = X.astype(float)
    x = (x - x.mean(0)) / x.std(0)
    means, spread = covariances(x, y, np.arange(3))
    for n in (1, 2, 3):
        units = list(found.order[:n])
        logits = np.empty((300, 3))
        for label in range(3):
            own, away = spread[label][np.ix_(units, units)], x[:, units] - means[label][units]
            squares = (away @ np.linalg.inv(own) * away).sum(1)
            logits[:, label] = np.log((y == label).mean()) - 0.5 * (squares + np.linalg.slogdet(own)[1])
        share = logits[np.arange(300), y] - np.log(np.exp(logits).sum(1))
        assert found.bits[n - 1] == pytest.approx(found.entropy + share.mean() / np.log(2))


def test_the_gaussian_ranking_says_how_many_units_it_takes():
    data = labelled(np.zeros((4, 401)), [0, 0, 1, 1])
    with pytest.raises(UserError) as caught:
        gaussian_ranking(data, np.arange(4), 2)
    assert str(caught.value) == (
        "tag: the Gaussian ranking takes at most 400 units, not 401; give it the first of another ranking"
    )
