"""Stages that compare masks of samples of sentences and of other text, and scores of units."""

from workflow_scripts.workflow.stage import Stage
from workflow_scripts.workflow.stage_list.models import of_baseline

ENDINGS = {"json": "json", "csv": "csv", "markdown": "md"}
STAGES = (
    Stage(
        "analyse.stability",
        "fairseq",
        log="{system}.s{seed}.{maskset}",
        files={
            role: f"analysis/stability/{{system}}/s{{seed}}/{{maskset}}.{end}"
            for role, end in ENDINGS.items()
        },
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=[e.analysis.stability.masks] if e.analysis.stability else []),
        gpu=True,
    ),
    Stage(
        "analyse.text_control",
        "text",
        log="{system}.s{seed}.{maskset}",
        files={
            role: f"analysis/text_control/{{system}}/s{{seed}}/{{maskset}}.{end}"
            for role, end in ENDINGS.items()
        },
        asked_for=("json",),
        jobs=lambda e: of_baseline(e, maskset=[e.analysis.text_control] if e.analysis.text_control else []),
        local=True,
    ),
    Stage(
        "analyse.criteria",
        "fairseq",
        log="{system}.s{seed}",
        files={role: f"analysis/criteria/{{system}}/s{{seed}}.{end}" for role, end in ENDINGS.items()},
        asked_for=("json",),
        jobs=lambda e: of_baseline(e) if e.analysis.criteria else [],
        gpu=True,
    ),
)
