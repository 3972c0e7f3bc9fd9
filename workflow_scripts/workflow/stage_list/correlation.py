"""Stages that compare the units of several models at the same tokens, and remove those that they share."""

from collections.abc import Callable
from typing import Any

from workflow_scripts.config.correlation_checks import compared_models
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, Wildcards, each

#: Of SVCCA there are no scores of units.
SCORES = ("max", "min", "linreg")


def forms_of(experiment: Experiment) -> list[str]:
    """Return the forms that give scores and are asked for."""
    asked = experiment.analysis.correlation
    return [form for form in SCORES if asked and form in asked.forms]


def _compared(experiment: Experiment) -> list[dict[str, Any]]:
    asked = experiment.analysis.correlation
    found = compared_models(experiment, asked) if asked else {}
    return [{"between": between, "of": of} for between, models in found.items() for of in models]


def _erased(experiment: Experiment) -> list[dict[str, Any]]:
    asked = experiment.analysis.correlation
    if asked is None or not (asked.erase and forms_of(experiment)):
        return []
    return each(between=asked.between, system=asked.systems, seed=experiment.train.seeds)


def _scores(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    """Return the scores of every model of a comparison, by form; ``{of}`` is a system, or a seed."""
    asked = experiment.analysis.correlation
    if asked is None:
        return []
    models = (
        [f"{{of}}/s{seed}" for seed in experiment.train.seeds]
        if wildcards["between"] == "seeds"
        else [f"{system}/{{of}}" for system in asked.systems]
    )
    forms = forms_of(experiment)
    return [f"correlation/{wildcards['between']}/{form}/{model}.npz" for form in forms for model in models]


def _table(ending: str) -> Callable[[Experiment, Wildcards], list[str]]:
    """Return the pattern of a table: each rule has its own folder, by what it compares."""
    return lambda e, w: [f"analysis/correlate_units/{w['between']}/{{of}}.{ending}"]


ENDINGS = {"json": "json", "csv": "csv", "markdown": "md"}


STAGES = (
    Stage(
        "analyse.correlation.correlate_units",
        "fairseq",
        log="{between}/{of}",
        files={**{role: _table(ending) for role, ending in ENDINGS.items()}, "scores": _scores},
        asked_for=("json",),
        rule=lambda e, w: f"correlate_units_{w['between']}",
        jobs=_compared,
        gpu=True,
    ),
    Stage(
        "analyse.correlation.erase_correlated",
        "fairseq",
        log="{between}/{system}.s{seed}",
        files={
            role: f"analysis/erase_correlated/{{between}}/{{system}}/s{{seed}}.{ending}"
            for role, ending in ENDINGS.items()
        },
        asked_for=("json",),
        jobs=_erased,
        gpu=True,
    ),
)
