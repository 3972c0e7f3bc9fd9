"""Stages that draw what analyses of units found: a figure has all seeds of what it shows."""

from collections.abc import Iterable
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.figure_stage import drawn_at
from workflow_scripts.workflow.stage import Stage, Wildcards, each
from workflow_scripts.workflow.stage_list import analyses, correlation, effects, heads, probes
from workflow_scripts.workflow.stage_list.analyses import OfSystems

_ANALYSES = {
    stage.name: stage for topic in (analyses, correlation, effects, heads, probes) for stage in topic.STAGES
}


def jobs_of(experiment: Experiment, analysis: str, *names: str) -> list[dict[str, Any]]:
    """Return the wildcards of the figures of an analysis: each combination of values that some of its jobs
    have for ``names``."""
    jobs = _ANALYSES[analysis].jobs(experiment)
    found = (tuple(job[name] for name in names) for job in jobs)
    return [dict(zip(names, values, strict=True)) for values in dict.fromkeys(found)]


def criteria_of(experiment: Experiment) -> list[str]:
    """Return the criteria of the effect matrices."""
    asked = experiment.analysis.effects
    return [*asked.criteria, *(["masks"] if asked.masks else [])] if asked else []


def _effects(experiment: Experiment) -> Iterable[Wildcards]:
    asked: OfSystems | None = experiment.analysis.effects
    return each(system=asked.systems, criterion=criteria_of(experiment)) if asked else []


def _figure(name: str, place: str, log: str, jobs: Any) -> Stage:
    return Stage(
        f"report.figures.{name}", "evaluate", log=log, jobs=jobs, local=True, **drawn_at(f"figures/{place}")
    )


STAGES = (
    _figure(
        "plot_ablation",
        "ablation_{system}",
        "{system}",
        lambda e: jobs_of(e, "ablate_units", "system"),
    ),
    _figure("plot_effects", "effects_{system}_{criterion}", "{system}.{criterion}", _effects),
    _figure("plot_heads", "heads_{system}", "{system}", lambda e: jobs_of(e, "prune_heads", "system")),
    _figure("plot_pruning", "pruning_{system}", "{system}", lambda e: jobs_of(e, "prune_heads", "system")),
    _figure(
        "plot_probes",
        "probes_{property}",
        "{property}",
        lambda e: jobs_of(e, "fit_probes", "property"),
    ),
    _figure(
        "plot_stability",
        "stability_{maskset}",
        "{maskset}",
        lambda e: jobs_of(e, "stability", "maskset"),
    ),
    _figure(
        "plot_correlation",
        "correlation_{between}",
        "{between}",
        lambda e: jobs_of(e, "correlate_units", "between"),
    ),
    _figure(
        "plot_erasure",
        "erasure_{between}",
        "{between}",
        lambda e: jobs_of(e, "erase_correlated", "between"),
    ),
    _figure("plot_criteria", "criteria", "criteria", lambda e: jobs_of(e, "criteria")),
)
