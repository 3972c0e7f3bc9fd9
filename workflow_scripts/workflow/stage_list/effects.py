"""Stages that switch units off: ablation curves, and effect matrices of languages."""

from workflow_scripts.workflow.stage import Stage, of_port
from workflow_scripts.workflow.stage_list.analyses import of_systems, tables_at

STAGES = (
    Stage(
        "analyse.effects.ablate_units",
        of_port,
        log="{system}.s{seed}",
        files=tables_at("analysis/ablate_units/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: of_systems(e, e.analysis.ablation),
        gpu=True,
    ),
    Stage(
        "analyse.effects.effect_matrix",
        of_port,
        log="{system}.s{seed}",
        files=tables_at("analysis/effect_matrix/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: of_systems(e, e.analysis.effects),
        gpu=True,
    ),
)
