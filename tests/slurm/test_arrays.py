"""Arrays when fewer jobs may be in the queue than are ready: all run, none is forgotten."""

from tests.slurm.overhead import GROUP, prepared, targets
from tests.slurm.site import NICE

JOBS = 5


def test_no_job_is_lost(controller, tmp_path):
    """Five jobs, two at a time: the first array takes two of them, while three more are ready."""
    lines = {GROUP: "", "slurm-array-jobs: decode": "slurm-array-jobs: prepare_text", "jobs: 200": "jobs: 2"}
    run = prepared(tmp_path / "run", lines)
    run.nice = NICE
    run.finish(run.begin(*targets()[:JOBS]))
    numbers = {job.number for job in run.jobs() if job.rule == "prepare_text"}
    assert len(numbers) == JOBS
    assert len(run.starts("workflow_scripts.data.prepare_text")) == JOBS
    assert len([number for number in numbers if "_" in number]) >= 2
