"""Sums by blocks: equal to whole arrays in float64, far means included; constant units are exactly so."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.correlation_values import moments_of  # noqa: E402
from workflow_scripts.analyse.correlation.measures import correlations  # noqa: E402
from workflow_scripts.analyse.correlation.sums import Moments, Sums  # noqa: E402


def test_means_and_covariances_of_blocks_are_those_of_the_whole():
    generator = np.random.default_rng(1)
    one, other = generator.normal(size=(2000, 5)), generator.normal(size=(2000, 4))
    other[:, 0] += one[:, 0]
    one, other = one.astype(np.float32), other.astype(np.float32)
    found = moments_of([one, other])
    expected = np.cov(np.hstack([one, other]).astype(np.float64).T, bias=True)
    assert found.tokens == 2000
    np.testing.assert_allclose(found.covariance(0, 1), expected[:5, 5:], atol=2e-7)
    np.testing.assert_allclose(found.covariance(1, 0), expected[5:, :5], atol=2e-7)
    np.testing.assert_allclose(found.covariance(1, 1), expected[5:, 5:], atol=2e-7)
    np.testing.assert_allclose(found.variance(0), np.diag(expected)[:5], rtol=1e-8)


def test_a_mean_of_a_thousand_deviations_costs_nothing():
    """Sums of float32 without a shift give a negative variance here, and no correlation."""
    generator = np.random.default_rng(2)
    signal = generator.normal(size=(30_000, 1))
    one = (1000 + signal + 0.5 * generator.normal(size=(30_000, 1))).astype(np.float32)
    other = (1000 - signal + 0.5 * generator.normal(size=(30_000, 1))).astype(np.float32)
    found = moments_of([one, other])
    r = correlations(found.covariance(0, 1), found.variance(0), found.variance(1))
    expected = np.corrcoef(one[:, 0].astype(np.float64), other[:, 0].astype(np.float64))[0, 1]
    assert float(r) == pytest.approx(expected, abs=1e-6) and expected < -0.79


def test_parts_add_up():
    values = [np.random.default_rng(seed).normal(size=(900, 3)) + seed for seed in (3, 4)]
    parts = Sums(), Sums()
    for sums, part in zip(parts, (slice(400), slice(400, 900)), strict=True):
        sums.add([torch.from_numpy(one[part]).float() for one in values])
    found = Moments(parts).covariance(0, 1)
    np.testing.assert_allclose(found, np.cov(*(one.T for one in values), bias=True)[:3, 3:], atol=1e-5)


def test_constant_units_have_variance_0_and_correlate_with_nothing():
    generator = np.random.default_rng(4)
    values = generator.normal(size=(1500, 3)).astype(np.float32)
    values[:, 1] = 0.1  # no binary fraction: its mean must not leave a remainder
    found = moments_of([values, values])
    assert found.variance(0).tolist()[1] == 0.0
    r = correlations(found.covariance(0, 1), found.variance(0), found.variance(1))
    assert r[1].tolist() == [0.0] * 3 and r[:, 1].tolist() == [0.0] * 3
    assert float(r[0, 0]) == pytest.approx(1.0)


def test_a_unit_that_is_constant_in_a_later_part_alone():
    """Its shift is that of the first block, where it was not constant; rounding leaves 5.6e-17 of it."""
    late = Sums()
    late.add([torch.full((333, 1), 0.7), torch.randn(333, 1)])
    assert float(Moments([late]).variance(0)) == 0.0 < float(Moments([late]).variance(1))


def test_a_draw_moves_the_anchors_tokens_alone():
    values = [np.arange(6.0).reshape(6, 1), np.array([[1.0], [0], [0], [0], [0], [0]])]
    sums = Sums([1])
    sums.add([torch.from_numpy(one).float() for one in values], [torch.tensor([5, 4, 3, 2, 1, 0])])
    found = Moments([sums])
    # The second model's 1 stands at the last token, where the first model has 5: E[ab] = 5/6.
    assert float(found.by_chance(0, 0)) == pytest.approx(5 / 6 - 2.5 / 6)
    assert float(found.covariance(0, 1)) == pytest.approx(0 - 2.5 / 6)
