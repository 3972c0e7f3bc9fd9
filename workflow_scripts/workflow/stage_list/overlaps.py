"""Stages that compare mask sets of several scores, systems and seeds."""

from workflow_scripts.workflow.stage import Stage

PLACE = "analysis/compare_masks"

STAGES = (
    Stage(
        "analyse.overlaps.compare_masks",
        "evaluate",
        log="compare_masks",
        files={
            "json": f"{PLACE}.json",
            "csv": f"{PLACE}.csv",
            "structure": f"{PLACE}.structure.csv",
            "groups": f"{PLACE}.groups.csv",
            "markdown": f"{PLACE}.md",
        },
        asked_for=("json",),
        jobs=lambda e: [{}] if e.analysis.similarity else [],
    ),
)
