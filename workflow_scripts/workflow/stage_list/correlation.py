"""Stages that compare the units of several models at the same tokens, and remove those that they share."""

from collections.abc import Callable
from typing import Any

from workflow_scripts.config.analyses.correlation_checks import compared_models
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, Wildcards, of_port
from workflow_scripts.workflow.stage_list.analyses import of_systems, tables_at

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
    return of_systems(experiment, asked, between=asked.between)


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


def _table(place: str) -> Callable[[Experiment, Wildcards], list[str]]:
    """Return the pattern of a table: each rule has its own folder, by what it compares."""
    return lambda e, w: [place.replace("{between}", w["between"])]


TABLES = tables_at("analysis/correlate_units/{between}/{of}")

STAGES = (
    Stage(
        "analyse.correlation.correlate_units",
        of_port,
        log="{between}/{of}",
        files={**{role: _table(place) for role, place in TABLES.items()}, "scores": _scores},
        asked_for=("json",),
        rule=lambda e, w: f"correlate_units_{w['between']}",
        jobs=_compared,
        gpu=True,
    ),
    Stage(
        "analyse.correlation.erase_correlated",
        of_port,
        log="{between}/{system}.s{seed}",
        files=tables_at("analysis/erase_correlated/{between}/{system}/s{seed}"),
        asked_for=("json",),
        jobs=_erased,
        gpu=True,
    ),
)
