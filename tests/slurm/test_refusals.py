"""What a cluster refuses: one line, with the line of the profile to edit, before the first job."""

import os
import stat

import pytest

from tests.slurm.site import NICE, ClusterRun
from tests.tiny_experiment import CONFIG

REFUSED = {
    "partition": (
        {"cpu_partition": "cpus"},
        "slurm_partition cpus (rule {rule}): there is no such partition (did you mean 'cpu'?)",
    ),
    "gpu_model": (
        {"gpu_model": "a1000"},
        "gpu_model a1000 (rule {rule}): no node of partition gpu has such GPUs (did you mean 'a100'?)",
    ),
    "gpu_minutes": ({"gpu_minutes": 61}, "runtime 61 (rule {rule}): partition gpu gives at most 60 minutes"),
    "gpu_mem_mb": (
        {"gpu_mem_mb": 25000},
        "mem_mb 25000 (rule {rule}): the largest node of partition gpu has 24000",
    ),
    "training_gpus": (
        {"training_gpus": 3},
        "gpu 3 (rule {rule}): Requested node configuration is not available (no node has so many GPUs",
    ),
    "gpu_constraint": (
        {"gpu_constraint": "nvlink"},
        "constraint nvlink (rule {rule}): Invalid feature specification (no node has this feature)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_cannot_be_met(case, controller, new_jobs, tmp_path):
    edits, message = REFUSED[case]
    run = ClusterRun(tmp_path / "run", CONFIG, edits, nice=NICE)
    run.refused()
    errors = [line for line in run.said.splitlines() if line.startswith("error: ")]
    name, value = next(iter(edits.items()))
    lines = (run.profile / "config.yaml").read_text().splitlines()
    number = 1 + next(n for n, line in enumerate(lines) if line.startswith(f"  {name}: {value}"))
    assert len(errors) == 1
    place, _, said = errors[0].removeprefix("error: ").partition(": ")
    assert place == f"{run.profile}/config.yaml:{number}"
    rule = said.partition("(rule ")[2].partition(")")[0]
    assert said.startswith(message.format(rule=rule))
    assert "Traceback" not in run.said
    assert new_jobs() == []


def test_without_sbatch(tmp_path):
    run = ClusterRun(tmp_path / "run", CONFIG, nice=NICE)
    run.refused(environment={"PATH": str(tmp_path)})
    number = 1 + (run.profile / "config.yaml").read_text().splitlines().index("executor: slurm")
    assert run.said.splitlines() == [
        f"error: {run.profile}/config.yaml:{number}: executor slurm needs sbatch, which this machine does"
        " not have: run on a login node of the cluster, or on this machine alone, without PROFILE"
    ]


def test_a_profile_that_is_not_there(tmp_path):
    run = ClusterRun(tmp_path / "run", CONFIG, nice=NICE)
    run.refused("--profile", "profiles/slrum")
    assert run.said.splitlines() == [
        "error: profiles/slrum: there is no profile (a folder with config.yaml)"
        " (did you mean 'profiles/slurm'?)"
    ]


def test_a_quota_of_jobs(controller, tmp_path):
    """The controller here keeps no accounts: what one with them says is said by a program in its place."""
    run = ClusterRun(tmp_path / "run", CONFIG, lines={"retries: 2": "retries: 0"}, nice=NICE)
    sbatch = tmp_path / "bin" / "sbatch"
    sbatch.parent.mkdir()
    sbatch.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--test-only*) exit 0;; esac\n'
        "echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2\n"
        "echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit"
        " limit, user'\"'\"'s size and/or time limits)' >&2\n"
        "exit 1\n"
    )
    sbatch.chmod(sbatch.stat().st_mode | stat.S_IXUSR)
    path = f"{sbatch.parent}:{os.environ['PATH']}"
    run.refused(environment={"PATH": path})
    number = 1 + (run.profile / "config.yaml").read_text().splitlines().index("jobs: 200")
    errors = [line for line in run.said.splitlines() if line.startswith("error: ")]
    assert errors == [
        f"error: {run.profile}/config.yaml:{number}: sbatch refused a job: sbatch: error: Batch job"
        " submission failed: Job violates accounting/QOS policy (job submit limit, user's size"
        " and/or time limits) (the limit of jobs, or of what they may use, is reached; ask for less)"
    ]
