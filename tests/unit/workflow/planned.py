"""A planned job, as far as a test needs it, and a Snakefile that writes its jobs down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.graph import PlannedJob, Reason

#: What a Snakefile begins with.
WRITES_JOBS = f"""
import atexit, os, sys
sys.path.insert(0, "{Path(__file__).resolve().parents[3]}")
from pathlib import Path
from workflow_scripts.workflow import graph
def write_jobs():
    if workflow.scheduler:
        graph.write(Path(os.environ[graph.GRAPH_VARIABLE]), graph.planned_jobs(workflow))
atexit.register(write_jobs)
"""


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
