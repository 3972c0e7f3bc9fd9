"""A property of a set of units: its probe, its ranking, and what is asked of both, over several splits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.agreement import mean_jaccard
from workflow_scripts.analyse.probes.class_scores import (
    average_precision,
    probeless_overall,
    selectivity_scores,
)
from workflow_scripts.analyse.probes.controls import KINDS, control_task, majority
from workflow_scripts.analyse.probes.elastic_net import (
    MOST_PASSES,
    TOLERANCE,
    Probe,
    Trainer,
    accuracy,
    require_converged,
)
from workflow_scripts.analyse.probes.kept import PERCENTS, kept_and_retrained
from workflow_scripts.analyse.probes.labelled import SHARES, Labelled, Split, split, under_sample
from workflow_scripts.analyse.probes.minimal import DELTA, SCHEDULE, minimal_subset
from workflow_scripts.analyse.probes.moments import require_varying
from workflow_scripts.analyse.probes.ranking import Ranking, near_largest, salient_units
from workflow_scripts.analyse.probes.redundancy import (
    CUT,
    correlated_clusters,
    correlations,
    without_redundancy,
)
from workflow_scripts.analyse.probes.search import (
    ALPHA,
    BETA,
    GRID,
    SEARCHED_PERCENT,
    grid_search,
    searched_units,
)
from workflow_scripts.analyse.probes.summary import for_json, summary
from workflow_scripts.analyse.random_draws import FEWEST_DRAWS
from workflow_scripts.common.errors import UserError

#: Percent of a label's weights that its salient units hold.
SALIENT_PERCENT = 25.0
#: Share of a label's largest weight that a weight has at least to be near it.
NEAR_LARGEST = 0.5


@dataclass(frozen=True)
class Settings:
    """How a property is probed. ``seeds``: of the splits, at least one; ``shares``: of train, dev and test.

    ``l1``, ``l2``: penalties to choose from on dev. ``percents``: of units that are kept, zeroed and
    retrained, against ``draws`` random sets. ``controls``: draws of control labels of the kind ``control``; 0
    for none. ``salient_percent``: of a label's weights. ``delta``, ``schedule``: of the minimal subset.
    ``balance``: whether train has as many tokens of each label as of its rarest. ``redundancy``: whether
    correlated units are clustered, at the distance ``cut``. ``agreement``: whether the probe's ranking is
    compared with those of scores without a probe. ``require_convergence``: whether a probe that is not at its
    optimum is an error.
    """

    l1: Sequence[float] = GRID
    l2: Sequence[float] = GRID
    seeds: Sequence[int] = (1, 2, 3)
    shares: tuple[float, float, float] = SHARES
    percents: Sequence[float] = PERCENTS
    draws: int = FEWEST_DRAWS
    controls: int = FEWEST_DRAWS
    control: str = KINDS[0]
    fold_case: bool = False
    salient_percent: float = SALIENT_PERCENT
    searched_percent: float = SEARCHED_PERCENT
    alpha: float = ALPHA
    beta: float = BETA
    delta: float = DELTA
    schedule: Sequence[float] = SCHEDULE
    tolerance: float = TOLERANCE
    most_passes: int = MOST_PASSES
    balance: bool = False
    redundancy: bool = False
    cut: float = CUT
    agreement: bool = True
    require_convergence: bool = True


@dataclass(frozen=True)
class Outcome:
    """``facts``: for JSON, where undefined is None. ``weights``: float64 [seeds, labels, units], of z-scores.
    ``orders``: int64 [seeds, units], most salient first."""

    facts: dict[str, Any]
    weights: NDArray[np.float64]
    orders: NDArray[np.int64]


def run_probe(data: Labelled, settings: Settings) -> Outcome:
    """Probe a property on each split, and tell mean, sd and n over splits of its main figures.

    Everything is learned on train, chosen on dev and told of test. Splits of one text overlap, so their sd is
    that of drawing sentences anew from this text. UserError: no seed, what ``split`` and the parts refuse, a
    probe that did not converge.
    """
    if not settings.seeds:
        raise UserError(f"{data.name}: no seed of a split; name at least one")
    runs = [_one(data, split(data, seed, settings.shares), seed, settings) for seed in settings.seeds]
    facts = [one for one, _, _ in runs]
    return Outcome(
        for_json(
            {
                "property": data.name,
                "labels": list(data.labels),
                "tokens": len(data.y),
                "sentences": len(np.unique(data.sentences)),
                "label_tokens": dict(zip(data.labels, data.counts.tolist(), strict=True)),
                "units": data.units,
                "objective": "mean cross-entropy (nats) + l1 sum|w| + l2 sum w^2, z-scored units, free bias",
                "summary": summary(facts),
                "splits": facts,
            }
        ),
        np.stack([probe.weights for _, probe, _ in runs]),
        np.stack([ranking.order for _, _, ranking in runs]),
    )


def _one(
    data: Labelled, parts: Split, seed: int, settings: Settings
) -> tuple[dict[str, Any], Probe, Ranking]:
    if settings.balance:
        parts = replace(parts, train=under_sample(data.y, parts.train, seed))
    trainer = Trainer(data, parts.train, settings.tolerance, settings.most_passes)
    require_varying(data, trainer.moments)
    found = grid_search(
        trainer,
        parts,
        settings.l1,
        settings.l2,
        settings.searched_percent,
        settings.alpha,
        settings.beta,
        settings.require_convergence,
    )
    probe, ranking = found.probe, found.ranking
    if settings.require_convergence:
        require_converged(probe, data.name)
    order = ranking.order
    reached = {
        name: accuracy(probe.predict(data.X, rows), data.y[rows])
        for name, rows in (("train", parts.train), ("dev", parts.dev), ("test", parts.test))
    }
    salient = salient_units(probe.weights, settings.salient_percent)
    large = near_largest(probe.weights, NEAR_LARGEST)
    minimal = minimal_subset(data, parts, probe, order, settings.delta, settings.schedule)
    most = majority(data.y, parts)
    unseen = np.setdiff1d(np.unique(data.y[parts.test]), data.y[parts.train])
    facts: dict[str, Any] = {
        "seed": seed,
        "tokens": {name: len(rows) for name, rows in vars(parts).items()},
        "grid": list(found.rows),
        "probe": probe.facts(),
        "accuracy": reached,
        "majority": {**most, "label": data.labels[most["class"]]},
        "unseen_in_train": {data.labels[c]: int((data.y[parts.test] == c).sum()) for c in unseen},
        "constant_units": np.flatnonzero(trainer.moments.constant).tolist(),
        "salient_percent": settings.salient_percent,
        "salient": {
            label: {"n": len(units), "units": units.tolist(), "near_largest": len(near)}
            for label, units, near in zip(data.labels, salient, large, strict=True)
        },
        "cutoffs": ranking.cutoffs.tolist(),
        "ranked_units": ranking.weighted,
        "kept": kept_and_retrained(data, parts, probe, order, settings.percents, settings.draws, seed),
        "minimal": minimal,
    }
    if settings.controls:
        top = minimal["units"] or searched_units(settings.searched_percent, data.units)
        facts["control"] = control_task(
            data, parts, probe, [order[:top]], settings.control, settings.controls, seed, settings.fold_case
        )
    if settings.agreement:
        facts["agreement"] = _agreement(data, parts, trainer, ranking, settings)
    if settings.redundancy:
        clusters = correlated_clusters(correlations(data, parts.train), settings.cut)
        facts["redundancy"] = {
            "cut": settings.cut,
            **without_redundancy(data, parts, probe, clusters, settings.draws, seed),
        }
    return facts, probe, ranking


def _agreement(
    data: Labelled, parts: Split, trainer: Trainer, ranking: Ranking, settings: Settings
) -> dict[str, Any]:
    """The probe's top units beside those of scores without a probe, each unit by its best label.

    Average precision sorts all values, which takes too long where they do not fit in memory: it is left out.
    """
    scores = {
        "probeless": probeless_overall(trainer.moments),
        "selectivity": np.nanmax(selectivity_scores(trainer.moments), axis=0),
    }
    if trainer.holds_all:
        scores["iou"] = np.nanmax(average_precision(data, parts.train), axis=0)
    orders = {name: np.argsort(-score, kind="stable") for name, score in scores.items()}
    return mean_jaccard(
        {"probe": ranking.order, **orders}, searched_units(settings.searched_percent, data.units)
    )
