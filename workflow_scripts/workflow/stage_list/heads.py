"""Stages of attention heads: importance to masks to losses of every task."""

from collections.abc import Iterator
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.stage import Stage, each
from workflow_scripts.workflow.stage_list.analyses import tables_at


def _pruned(experiment: Experiment) -> Iterator[dict[str, Any]]:
    if (asked := experiment.analysis.heads) is not None:
        yield from each(system=asked.systems, seed=experiment.train.seeds)


STAGES = (
    Stage(
        "analyse.heads.prune_heads",
        "fairseq",
        log="{system}.s{seed}",
        files=tables_at("analysis/prune_heads/{system}/s{seed}"),
        asked_for=("json",),
        jobs=_pruned,
        gpu=True,
    ),
)
