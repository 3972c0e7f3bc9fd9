"""Stages that compare masks with one another and under the model, and scores of units."""

from collections.abc import Sequence
from typing import Any, Protocol

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.needed_masks import has_strongest
from workflow_scripts.workflow.stage import Stage, each, of_port
from workflow_scripts.workflow.stage_list.models import of_baseline


class OfSystems(Protocol):
    """A section of the config that says which systems are analysed."""

    @property
    def systems(self) -> list[str]:
        """Their names."""


def tables_at(place: str) -> dict[str, str]:
    """Return the files of an analysis that writes tables, below a place."""
    return {"json": f"{place}.json", "csv": f"{place}.csv", "markdown": f"{place}.md"}


def of_systems(
    experiment: Experiment, asked: OfSystems | None, **more: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return the jobs of an analysis for each system that its section names, in every seed, if any."""
    return each(system=asked.systems, seed=experiment.train.seeds, **more) if asked else []


def _of_masks(stage: str) -> str:
    return f"analysis/{stage}/{{system}}/s{{seed}}/{{maskset}}"


def _strongest(experiment: Experiment) -> list[dict[str, Any]]:
    # One seed: it says which units these are; several seeds have others.
    return of_baseline(experiment)[:1] if has_strongest(experiment) else []


def _k(k: str | None) -> list[str]:
    return [f"k{k}"] if k else []


STAGES = (
    Stage(
        "analyse.strongest_units",
        of_port,
        log="{system}.s{seed}",
        files=tables_at("analysis/strongest_units/{system}/s{seed}"),
        asked_for=("json",),
        jobs=_strongest,
        gpu=True,
    ),
    Stage(
        "analyse.mask_control",
        of_port,
        log="{system}.s{seed}.{maskset}",
        files={"json": f"{_of_masks('mask_control')}.json"},
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=_k(e.analysis.mask_control_k)),
        gpu=True,
    ),
    Stage(
        "analyse.overlap",
        "text",
        log="{system}.s{seed}.{maskset}",
        files=tables_at(_of_masks("overlap")),
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=_k(e.analysis.overlap_k)),
        local=True,
    ),
    Stage(
        "analyse.stability",
        of_port,
        log="{system}.s{seed}.{maskset}",
        files=tables_at(_of_masks("stability")),
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=[e.analysis.stability.masks] if e.analysis.stability else []),
        gpu=True,
    ),
    Stage(
        "analyse.text_control",
        "text",
        log="{system}.s{seed}.{maskset}",
        files=tables_at(_of_masks("text_control")),
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=[e.analysis.text_control] if e.analysis.text_control else []),
        local=True,
    ),
    Stage(
        "analyse.criteria",
        of_port,
        log="{system}.s{seed}",
        files=tables_at("analysis/criteria/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: of_baseline(e) if e.analysis.criteria else [],
        gpu=True,
    ),
)
