"""Measures with known answers: planted signals, regressions, canonical correlations, and what noise gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the fairseq environment")

from tests.unit.analyse.correlation_values import moments_of, parts_of  # noqa: E402
from workflow_scripts.analyse.correlation.figures import FORMS, IN_SAMPLE, LINREG, MAX, MIN, SVCCA  # noqa: E402
from workflow_scripts.analyse.correlation.figures import figures as figures_of  # noqa: E402
from workflow_scripts.analyse.correlation.measures import (  # noqa: E402
    Regression,
    best,
    canonical,
    components,
    correlations,
)
from workflow_scripts.analyse.correlation.sums import Moments  # noqa: E402


def best_of(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found = moments_of([one, other])
    return best(correlations(found.covariance(0, 1), found.variance(0), found.variance(1))).numpy()


def planted(seed: int, tokens: int = 6000, units: int = 60, shared: int = 8):
    """Three models that share signals at random places, with random signs and scales; the first has the sum
    of four further signals in one unit, which the others hold in one unit each."""
    generator = np.random.default_rng(seed)
    signals, apart = generator.normal(size=(tokens, shared)), generator.normal(size=(tokens, 4))
    models, places = [], []
    for number in range(3):
        values = generator.normal(size=(tokens, units))
        at = generator.permutation(units)[: shared + 4]
        noisy = signals + 0.28 * generator.normal(size=signals.shape)
        values[:, at[:shared]] = noisy * generator.choice([-1, 1], shared) * generator.uniform(0.1, 9, shared)
        noise = 0.02 * generator.normal(size=apart.shape)
        if number:
            values[:, at[shared:]] = apart + noise
        else:
            values[:, at[shared]] = (apart + noise).sum(axis=1)
        models.append(values)
        places.append(at)
    return models, places


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a07_planted_signals_and_a_sum_that_only_a_regression_finds(seed):
    models, places = planted(seed)
    fit, held_out = parts_of(models, 4800, draws=6)
    scores = figures_of(fit, held_out, FORMS).scores
    for model, at in enumerate(places):
        held_by_all = set(at[:8].tolist())
        noise = sorted(set(range(60)) - set(at[: 9 if model == 0 else 12].tolist()))
        for form in (MAX, MIN):
            # The first model lacks the four signals that the two others have.
            found = np.delete(scores[form][model], at[8:12] if model else [])
            of_planted = scores[form][model][at[:8]]
            assert of_planted.min() >= 0.91
            assert scores[form][model][noise].max() <= 0.053
            top = np.argsort(-found, kind="stable")[:8]
            assert set(np.delete(np.arange(60), at[8:12] if model else [])[top].tolist()) == held_by_all
    sum_of_four = places[0][8]
    assert scores[MAX][0][sum_of_four] == pytest.approx(0.517, abs=0.03)
    assert scores[LINREG][0][sum_of_four] == pytest.approx(0.998, abs=0.002)
    assert int(scores[LINREG][0].argmax()) == sum_of_four
    # Noise that 60 units predict in 4,800 tokens: on others slightly worse than its mean would.
    assert np.abs(np.delete(scores[LINREG][0], places[0][:9])).max() < 0.05


def test_scores_are_those_of_plain_correlation_and_regression():
    """Values far from 0, read in two parts and in blocks."""
    models = [5 * one + 3 for one in planted(5, tokens=3000)[0]]
    scores = figures_of(*parts_of(models, 2400, draws=5), FORMS).scores
    z = [(one - one.mean(axis=0)) / one.std(axis=0) for one in models]
    alike = [np.abs(z[0].T @ z[other] / 3000).max(axis=1) for other in (1, 2)]
    np.testing.assert_allclose(scores[MAX][0], np.max(alike, axis=0), atol=1e-6)
    np.testing.assert_allclose(scores[MIN][0], np.min(alike, axis=0), atol=1e-6)
    explained = []
    for other in (1, 2):
        one, x = ((m - m[:2400].mean(axis=0)) / m[:2400].std(axis=0) for m in (models[0], models[other]))
        gram = x[:2400].T @ x[:2400] / 2400 + 1e-4 * np.eye(60)
        left = one[2400:] - x[2400:] @ np.linalg.solve(gram, x[:2400].T @ one[:2400] / 2400)
        explained.append(1 - (left**2).mean(axis=0) / one[2400:].var(axis=0))
    np.testing.assert_allclose(scores[LINREG][0], np.min(explained, axis=0), atol=1e-5)


@pytest.mark.parametrize(("tokens", "expected", "margin"), [(30, 0.61, 0.01), (1000, 0.11, 0.005)])
def test_the_best_of_2048_noise_units(tokens, expected, margin):
    generator = np.random.default_rng(5)
    found = best_of(generator.normal(size=(tokens, 150)), generator.normal(size=(tokens, 2048)))
    assert found.mean() == pytest.approx(expected, abs=margin)


def test_a_regression_with_a_dead_and_a_repeated_unit():
    """Its exact answer is .9995; without a ridge the matrix has no inverse."""
    generator = np.random.default_rng(6)
    units = generator.normal(size=(3000, 60)).astype(np.float32)
    units[:, 7], units[:, 8] = 0.0, units[:, 9]
    target = units @ generator.normal(size=(60, 1)) * 0.13
    target = target + math.sqrt(target.var() * 0.0005) * generator.normal(size=target.shape)
    fit, held_out = (Moments([one]) for one in parts_of([target, units], 2400))
    regression = Regression.of(fit, 1)
    found = []
    for part in (fit, held_out):
        weights = regression.weights(0, fit.covariance(0, 1))
        found.append(float(regression.r2(part, 0, weights, part.covariance(0, 1))))
    assert found == pytest.approx([0.9995, 0.9995], abs=1e-4)
    solved = np.linalg.lstsq(units[:2400], target[:2400], rcond=None)[0]
    left = target[2400:] - units[2400:] @ solved
    assert found[1] == pytest.approx(1 - left.var() / target[2400:].var(), abs=1e-4)


def test_a_regression_is_tested_from_the_fitted_means():
    """In the held-out part both units are 10 higher than fitted; the prediction y = x still holds there."""
    values = np.random.default_rng(7).normal(size=(1000, 1))
    values[800:] += 10
    other = values.copy()
    other[800:] += 1  # and now it is always off by 1: the error is 1, the variance about 1
    for shifted, expected in ((values, 1.0), (other, 1 - 1 / values[800:].var())):
        fit, held_out = (Moments([one]) for one in _same_shift([shifted, values], 800))
        regression = Regression.of(fit, 1, ridge=1e-9)
        weights = regression.weights(0, fit.covariance(0, 1))
        found = regression.r2(held_out, 0, weights, held_out.covariance(0, 1))
        assert float(found) == pytest.approx(expected, abs=1e-3)


def _same_shift(models, fitted):
    from workflow_scripts.analyse.correlation.sums import Sums

    parts = Sums(), Sums()
    for sums, part in zip(parts, (slice(fitted), slice(fitted, None)), strict=True):
        sums.add([torch.from_numpy(one[part]).float() for one in models])
    return parts


def test_r2_of_noise_is_units_by_tokens_in_sample_and_below_0_held_out():
    """512 units, 1,000 tokens: .5125; on other tokens about -p / (n - p - 1), so -1.05."""
    generator = np.random.default_rng(8)
    models = [generator.normal(size=(3000, size)) for size in (40, 512)]
    fit, held_out = (Moments([one]) for one in parts_of(models, 1000))
    regression = Regression.of(fit, 1)
    weights = regression.weights(0, fit.covariance(0, 1))
    inside = regression.r2(fit, 0, weights, fit.covariance(0, 1))
    outside = regression.r2(held_out, 0, weights, held_out.covariance(0, 1))
    assert float(inside.mean()) == pytest.approx(512 / 999, abs=0.01)
    assert float(outside.mean()) == pytest.approx(-512 / 487, abs=0.08)


def test_canonical_correlations_of_noise_and_none_above_1():
    """512 and 512 units at 1,000 tokens: 25 directions are the same by counting alone; the mean is .65."""
    generator = np.random.default_rng(9)
    found = moments_of([generator.normal(size=(1000, 512)) for _ in range(2)])
    basis = [components(found, model, share=2.0) for model in (0, 1)]
    r = correlations(found.covariance(0, 1), found.variance(0), found.variance(1))
    values = canonical(r, *basis)
    assert values.numel() == 512
    assert int((values > 1 - 1e-4).sum()) == 1024 - 999
    assert float(values.max()) <= 1.0
    assert float(values.mean()) == pytest.approx(0.65, abs=0.005)


def test_components_are_those_strictly_below_the_share():
    # Independent units: after standardising, each component has 1/4 of the variance; a dead unit has none.
    values = np.zeros((8, 5))
    values[:, :4] = np.array(
        [[(n >> bit) & 1 for bit in range(3)] + [bin(n).count("1") % 2] for n in range(8)]
    )
    found = moments_of([values, values])
    assert [components(found, 0, share).shape[1] for share in (0.25, 0.26, 0.75, 0.76, 0.99)] == [
        0,
        1,
        2,
        3,
        3,
    ]
    basis = components(found, 0)
    assert basis[4].tolist() == [0.0] * 3
    r = correlations(found.covariance(0, 1), found.variance(0), found.variance(1))
    np.testing.assert_allclose(canonical(r, basis, basis), 1.0, atol=1e-6)


def test_chance_is_that_of_noise_though_units_are_shared():
    models, _ = planted(4)
    fit, held_out = parts_of(models, 4800, draws=6)
    found = figures_of(fit, held_out, FORMS).facts
    # The best of 60 at 6,000 tokens: about 2.5 / sqrt(6000) = .032; of two models a bit more.
    assert 0.03 < found[MAX]["chance"]["mean"] < 0.04 < found[MAX]["mean"]
    assert found[MIN]["chance"]["mean"] < found[MAX]["chance"]["mean"]
    assert found[IN_SAMPLE]["chance"]["mean"] == pytest.approx(60 / 4800, abs=0.003)
    assert -0.03 < found[LINREG]["chance"]["mean"] < 0 < found[LINREG]["mean"]
    assert found[SVCCA]["chance"]["mean"] < 0.1 < found[SVCCA]["mean"]
    assert [len(found[form]["chance"]["draws"]) for form in FORMS] == [6] * 4
    # 9 and 12 of 60 units have a signal; one or two of the others may lie above the bar by chance.
    shares = [one["above_chance"] for one in found[MAX]["models"]]
    assert all(held / 60 <= share <= (held + 2) / 60 for held, share in zip((9, 12, 12), shares, strict=True))


def test_constant_units_score_0_and_are_counted_and_left_out_of_means():
    generator = np.random.default_rng(10)
    shared = generator.normal(size=(1000, 2))
    one, other = (np.hstack([shared, np.zeros((1000, 2))]) for _ in range(2))
    one[850, 2] = 1.0  # active once, in the held-out part
    fit, held_out = parts_of([one, other], 800, draws=5)
    found = figures_of(fit, held_out, FORMS)
    assert found.facts["constant"] == [{"text": 1, "part": 2}, {"text": 2, "part": 2}]
    assert found.facts[MAX]["models"][0]["n"] == 3 and found.facts[LINREG]["models"][0]["n"] == 2
    assert found.scores[LINREG][0].tolist()[2:] == [0.0, 0.0] and found.scores[MAX][0][3] == 0.0
    assert found.facts[LINREG]["mean"] == pytest.approx(1.0, abs=1e-3)


def test_a_layer_of_constant_units_is_undefined():
    nothing = np.zeros((100, 3))
    fit, held_out = parts_of([nothing, nothing], 80, draws=5)
    found = figures_of(fit, held_out, FORMS).facts
    for form in FORMS:
        assert (found[form]["mean"], found[form]["sd"], found[form]["n"]) == (None, None, 0)
        assert found[form]["chance"]["mean"] is None
