"""Arrays when fewer jobs may be in the queue than are ready: all run, none is forgotten."""

from __future__ import annotations

from pathlib import Path

from tests.slurm.controller import Controller
from tests.slurm.overhead import GROUP, prepared, targets
from tests.slurm.site import slurm_jobs

JOBS = 7


def test_no_job_is_lost(controller: Controller, tmp_path: Path) -> None:
    """Seven jobs, three at a time: the first array takes three of them, while four more are ready."""
    lines = {GROUP: "", "slurm-array-jobs: decode": "slurm-array-jobs: prepare_text", "jobs: 200": "jobs: 3"}
    run = prepared(tmp_path / "run", lines)
    before = {job.number for job in slurm_jobs()}
    run.finish(run.begin(*targets()[:JOBS]))
    numbers = {job.number for job in slurm_jobs() if job.rule == "prepare_text"} - before
    assert len(numbers) == JOBS
    assert len(run.starts("workflow_scripts.data.prepare_text")) == JOBS
    assert len([number for number in numbers if "_" in number]) >= 3
