"""A planned job, as far as a test needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.workflow.graph import PlannedJob, Reason


def a_job(
    rule: str,
    wildcards: Mapping[str, str] | None = None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    name: str = "",
    **more: Any,
) -> PlannedJob:
    """Return a job; ``name``: of an output, a log and a benchmark of its rule."""
    files = {}
    if name:
        outputs = outputs or (f"{rule}/{name}",)
        folders = {"log": f"logs/{rule}/{name}.log", "benchmark": f"benchmarks/{rule}/{name}.tsv"}
        files = {key: f"results/x/{file}" for key, file in folders.items()}
    return PlannedJob(rule, rule, dict(wildcards or {}), tuple(inputs), tuple(outputs), **files, **more)


def job_because(rule: str, name: str, **reason: Any) -> PlannedJob:
    """Return a job with a reason."""
    return a_job(rule, name=name, reason=Reason(**reason))
