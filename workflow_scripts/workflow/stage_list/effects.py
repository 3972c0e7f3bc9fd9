"""Stages that switch units off: ablation curves, and effect matrices of languages."""

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, each
from workflow_scripts.workflow.stage_list.analyses import tables_at


def _systems(experiment: Experiment, key: str) -> list[dict[str, object]]:
    """Return the systems that a section names, in every seed; none where it is not given."""
    asked = getattr(experiment.analysis, key)
    return each(system=asked.systems, seed=experiment.train.seeds) if asked else []


STAGES = (
    Stage(
        "analyse.effects.ablate_units",
        "fairseq",
        log="{system}.s{seed}",
        files=tables_at("analysis/ablate_units/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: _systems(e, "ablation"),
        gpu=True,
    ),
    Stage(
        "analyse.effects.effect_matrix",
        "fairseq",
        log="{system}.s{seed}",
        files=tables_at("analysis/effect_matrix/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: _systems(e, "effects"),
        gpu=True,
    ),
)
