"""The controller is gone for a while: nothing is lost, nothing runs twice, the run goes on."""

import shutil
import time

from tests.slurm.overhead import GROUP, prepared, targets
from tests.slurm.programs import wait_until
from tests.slurm.site import NICE

JOBS = 3
#: Seconds without a controller: more than SLURM's programs try by themselves.
AWAY = 25.0
#: The second submission waits for the test, to come while the controller is gone.
SBATCH = """#!/bin/sh
case "$*" in *--test-only*) exec {sbatch} "$@" ;; esac
if ! mkdir {folder}/first 2>/dev/null && mkdir {folder}/second 2>/dev/null; then
    while [ ! -e {folder}/gone ]; do sleep 0.1; done
fi
exec {sbatch} "$@"
"""


def test_a_controller_that_comes_back_finds_all_jobs_and_the_run_goes_on(controller, tmp_path):
    """While it is gone a job ends, another is submitted, and the ends of jobs are looked for."""
    run = prepared(tmp_path / "run", {GROUP: ""})
    run.nice = NICE
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(SBATCH.format(sbatch=shutil.which("sbatch"), folder=tmp_path))
    (programs / "sbatch").chmod(0o755)
    process = run.begin(*targets()[:JOBS], programs=programs)
    module = "workflow_scripts.data.prepare_text"
    wait_until(
        lambda: (tmp_path / "second").exists() and run.starts(module), "a job and a submission", process
    )
    with controller.away():
        (tmp_path / "gone").touch()
        time.sleep(AWAY)
    back = time.monotonic()
    run.finish(process)
    assert time.monotonic() - back < 120
    jobs = [job for job in run.jobs() if job.rule == "prepare_text"]
    assert [job.state for job in jobs] == ["COMPLETED"] * JOBS
    assert len(run.starts(module)) == JOBS
    assert "Falling back to 'sacct'" not in run.said and "Error in rule" not in run.said
