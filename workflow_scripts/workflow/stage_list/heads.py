"""Stages of attention heads: importance to masks to losses of every task."""

from workflow_scripts.workflow.stage import Stage, of_port
from workflow_scripts.workflow.stage_list.analyses import of_systems, tables_at

STAGES = (
    Stage(
        "analyse.heads.prune_heads",
        of_port,
        log="{system}.s{seed}",
        files=tables_at("analysis/prune_heads/{system}/s{seed}"),
        asked_for=("json",),
        jobs=lambda e: of_systems(e, e.analysis.heads),
        gpu=True,
    ),
)
