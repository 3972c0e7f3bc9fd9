"""Stages that compare mask sets of several scores, systems and seeds."""

from workflow_scripts.workflow.stage import Stage
from workflow_scripts.workflow.stage_list.analyses import tables_at

PLACE = "analysis/compare_masks"

STAGES = (
    Stage(
        "analyse.overlaps.compare_masks",
        "evaluate",
        log="compare_masks",
        files={
            **tables_at(PLACE),
            "structure": f"{PLACE}.structure.csv",
            "groups": f"{PLACE}.groups.csv",
        },
        asked_for=("json",),
        jobs=lambda e: [{}] if e.analysis.similarity else [],
    ),
)
