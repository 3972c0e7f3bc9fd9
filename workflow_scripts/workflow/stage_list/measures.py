"""Stages that measure: hypotheses against references, and likelihoods of given text."""

from typing import Any

from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, each, of_port

PLACE = "{system}/s{seed}/{testset}"


def scored(experiment: Experiment) -> list[dict[str, Any]]:
    """Return system, seed and test set of everything that is decoded."""
    systems, seeds = experiment.all_systems, experiment.train.seeds
    jobs = each(system=systems, seed=seeds, testset=experiment.testsets)
    return [one for one in jobs if experiment.directions_scored(one["system"], one["testset"])]


def _by_references(experiment: Experiment, **more: list[str]) -> list[dict[str, Any]]:
    others = each(profile=experiment.evaluation.references, **more)
    return [one | other for one in scored(experiment) for other in others]


def _comet(experiment: Experiment) -> list[dict[str, Any]]:
    return _by_references(experiment, comet=[model.name for model in experiment.evaluation.comet])


def _tested(experiment: Experiment, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in jobs if experiment.evaluation.significance and one["system"] != BASELINE]


def _contrastive(experiment: Experiment) -> list[dict[str, Any]]:
    sets = experiment.evaluation.contrastive
    return each(system=experiment.all_systems, seed=experiment.train.seeds, contrast=sets)


STAGES = (
    Stage(
        "evaluate.languages.train_identifier",
        "evaluate",
        log="identifier",
        files={"model": "identifier/model.npz", "accuracy": "identifier/accuracy.json"},
        jobs=lambda e: [{}] if e.evaluation.off_target else [],
    ),
    Stage(
        "evaluate.score",
        "evaluate",
        log=f"{PLACE}.{{profile}}",
        files={
            "scores": f"scores/{PLACE}.{{profile}}.json",
            "segments": f"scores/{PLACE}.{{profile}}.segments.npz",
        },
        asked_for=("scores",),
        jobs=_by_references,
    ),
    Stage(
        "evaluate.comet.score_comet",
        "comet",
        log=f"{PLACE}.{{profile}}.{{comet}}",
        files={
            "scores": f"comet/{PLACE}.{{profile}}.{{comet}}.json",
            "segments": f"comet/{PLACE}.{{profile}}.{{comet}}.segments.npz",
        },
        asked_for=("scores",),
        jobs=_comet,
        gpu=True,
    ),
    Stage(
        "evaluate.languages.identify",
        "evaluate",
        log=PLACE,
        files={"languages": f"off_target/{PLACE}.json"},
        asked_for=("languages",),
        jobs=lambda e: scored(e) if e.evaluation.off_target else [],
    ),
    Stage(
        "likelihood.score_likelihood",
        of_port,
        log=PLACE,
        files={"json": f"likelihoods/{PLACE}.json", "segments": f"likelihoods/{PLACE}.npz"},
        asked_for=("json",),
        jobs=lambda e: scored(e) if e.evaluation.likelihood else [],
        gpu=True,
    ),
    Stage(
        "likelihood.score_contrastive",
        of_port,
        log="{system}/s{seed}/{contrast}",
        files={
            "json": "contrastive/{system}/s{seed}/{contrast}.json",
            "segments": "contrastive/{system}/s{seed}/{contrast}.npz",
        },
        asked_for=("json",),
        jobs=_contrastive,
        gpu=True,
    ),
    Stage(
        "evaluate.significance.compare",
        "evaluate",
        log=f"{PLACE}.{{profile}}",
        files={"significance": f"significance/{PLACE}.{{profile}}.json"},
        asked_for=("significance",),
        jobs=lambda e: _tested(e, _by_references(e)),
    ),
    # A job for each model: one that is added, removed or cannot be fetched does not affect the other tests.
    Stage(
        "evaluate.significance.compare",
        "evaluate",
        log=f"{PLACE}.{{profile}}.{{comet}}",
        files={"significance": f"significance/{PLACE}.{{profile}}.{{comet}}.json"},
        asked_for=("significance",),
        jobs=lambda e: _tested(e, _comet(e)),
        own_name="compare_comet",
    ),
)
