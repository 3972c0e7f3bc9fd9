"""The figures of one site, a layer's units of several models: each unit's scores, and what chance gives."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.analyse.correlation.measures import (
    Regression,
    best,
    canonical,
    components,
    correlations,
)
from workflow_scripts.analyse.correlation.sums import Moments, Sums
from workflow_scripts.analyse.means import defined, mean_sd
from workflow_scripts.analyse.random_draws import Draws

MAX, MIN, LINREG, SVCCA = "max", "min", "linreg", "svcca"
FORMS = (MAX, MIN, LINREG, SVCCA)
#: Forms that give each unit a score; SVCCA compares directions, which are no units.
SCORES = FORMS[:-1]
#: LinReg's share of variance in the text that it was fitted on: of noise it is units / tokens.
IN_SAMPLE = "linreg_in_sample"
#: The share of units by chance that lie above the bar of chance.
ABOVE = 0.01

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """``scores``: form → model → [D], constant units 0. ``facts``: the JSON of the site."""

    scores: Mapping[str, list[Values]]
    facts: dict[str, Any]


def anchors(models: int, draws: int) -> list[int]:
    """Return whose tokens each draw puts into another order: the models in turn."""
    return [draw % models for draw in range(draws)]


def figures(fit: Sums, held_out: Sums, forms: Collection[str]) -> Figures:
    """Return the scores of each model's units, and the same of each draw by chance.

    ``fit``, ``held_out``: two parts of the text. LinReg is fitted on the first and tested on the second;
    other forms take both.
    """
    found = _Site(fit, held_out, forms)
    models, others = range(found.models), found.others
    by_form: dict[str, list[Values]] = {}
    for model in models:
        each = {other: found.alone(model, other) for other in others(model)}
        for form, values in _over_partners(each.values()).items():
            by_form.setdefault(form, []).append(values)
    chance: dict[str, list[Values]] = {}
    for draw, anchor in enumerate(fit.anchors):
        each = {other: found.alone(anchor, other, draw) for other in others(anchor)}
        for form, values in _over_partners(each.values()).items():
            chance.setdefault(form, []).append(values)
    facts: dict[str, Any] = {
        "units": [int(one.numel()) for one in fit.first],
        "constant": [found.constant(model) for model in models],
    }
    asked = {*forms, IN_SAMPLE}
    facts |= {form: _facts(values, chance[form]) for form, values in by_form.items() if form in asked}
    if SVCCA in forms:
        facts[SVCCA] = found.directions()
    scores = {
        form: [np.nan_to_num(one, nan=0.0) for one in by_form[form]] for form in SCORES if form in forms
    }
    return Figures(scores, facts)


def _over_partners(partners: Iterable[Mapping[str, Values]]) -> dict[str, Values]:
    """Return form → [D] over the other models: the best one, the worst one; of LinReg the worst one."""
    each = list(partners)
    found: dict[str, Values] = {}
    for form in each[0]:
        stacked = np.stack([one[form] for one in each])
        if form == "best":
            found |= {MAX: stacked.max(axis=0), MIN: stacked.min(axis=0)}
        else:
            found[form] = stacked.min(axis=0)
    return found


class _Site:
    def __init__(self, fit: Sums, held_out: Sums, forms: Collection[str]) -> None:
        self.fit, self.held_out = Moments([fit]), Moments([held_out])
        self.whole = Moments([fit, held_out])
        self.forms, self.models, self.anchors = forms, len(fit.first), fit.anchors
        self._regressions: dict[int, Regression] = {}

    def others(self, model: int) -> list[int]:
        return [other for other in range(self.models) if other != model]

    def constant(self, model: int) -> dict[str, int]:
        """How many units are constant: in the text, and in either part of it."""
        whole = self.whole.variance(model) == 0
        parts = (self.fit.variance(model) == 0) | (self.held_out.variance(model) == 0)
        return {"text": int(whole.sum()), "part": int(parts.sum())}

    def alone(self, model: int, other: int, draw: int | None = None) -> dict[str, Values]:
        """Return what each unit of a model is in one other model's units, NaN of constant ones, by form; in a
        draw, with the model's tokens in another order."""

        def covariance(part: Moments) -> torch.Tensor:
            return part.covariance(model, other) if draw is None else part.by_chance(draw, other)

        found: dict[str, Values] = {}
        if {MAX, MIN} & set(self.forms):
            variance = self.whole.variance(model)
            one = best(correlations(covariance(self.whole), variance, self.whole.variance(other)))
            found["best"] = _numpy(torch.where(variance > 0, one, torch.nan))
        if LINREG in self.forms:
            regression = self._regression(other)
            fitted = covariance(self.fit)
            weights = regression.weights(model, fitted)
            found[LINREG] = _numpy(regression.r2(self.held_out, model, weights, covariance(self.held_out)))
            found[IN_SAMPLE] = _numpy(regression.r2(self.fit, model, weights, fitted))
        return found

    def _regression(self, model: int) -> Regression:
        if model not in self._regressions:
            self._regressions[model] = Regression.of(self.fit, model)
        return self._regressions[model]

    def directions(self) -> dict[str, Any]:
        """Return SVCCA's mean canonical correlation of every two models, and of draws by chance."""
        basis = [components(self.whole, model) for model in range(self.models)]
        variance = [self.whole.variance(model) for model in range(self.models)]

        def mean(one: int, other: int, covariance: torch.Tensor) -> float | None:
            if not (basis[one].shape[1] and basis[other].shape[1]):
                return None
            correlation = correlations(covariance, variance[one], variance[other])
            return float(canonical(correlation, basis[one], basis[other]).mean())

        pairs = [(one, other) for one in range(self.models) for other in range(one + 1, self.models)]
        found = [mean(one, other, self.whole.covariance(one, other)) for one, other in pairs]
        chance = []
        for draw, anchor in enumerate(self.anchors):
            drawn = [mean(anchor, other, self.whole.by_chance(draw, other)) for other in self.others(anchor)]
            chance.append(mean_sd(drawn)["mean"])
        return {
            "pairs": [[*pair, value] for pair, value in zip(pairs, found, strict=True)],
            "components": [int(one.shape[1]) for one in basis],
            **mean_sd(found),
            "chance": _chance(chance),
        }


def _numpy(values: torch.Tensor) -> Values:
    out: Values = values.cpu().numpy()
    return out


def _facts(models: Sequence[Values], draws: Sequence[Values]) -> dict[str, Any]:
    """Describe a form: the mean over units of each model, their mean over models, and the same by chance."""
    told = [mean_sd(one) for one in models]
    by_chance = np.concatenate(draws)
    by_chance = by_chance[np.isfinite(by_chance)]
    bar = float(np.quantile(by_chance, 1 - ABOVE)) if by_chance.size else None
    return {
        "models": [
            {
                **about,
                "above_chance": mean_sd(one[np.isfinite(one)] > bar)["mean"] if bar is not None else None,
            }
            for one, about in zip(models, told, strict=True)
        ],
        **mean_sd(one["mean"] for one in told),
        "chance": {**_chance([mean_sd(one)["mean"] for one in draws]), "bar": bar},
    }


def _chance(values: Sequence[float | None]) -> dict[str, Any]:
    """Describe draws; the range in which a further one lies needs at least two."""
    known = [value for value in map(defined, values) if value is not None]
    if len(known) < 2:
        return {"draws": known, **mean_sd(known), "low": None, "high": None}
    return {"draws": known, **Draws.of(known).facts()}
