"""A job of the cluster keeps the GPUs that SLURM gives it: leases are for local jobs."""

import os

from tests.slurm.programs import end_of
from tests.slurm.site import NICE, ClusterRun
from tests.workflow.finished_experiment import CONFIG, finish, lay_down_text
from tests.workflow.observed_trainings import TRAININGS, prepare, script


def test_nothing_is_leased_in_a_job_of_the_cluster(controller, tmp_path, monkeypatch):
    lay_down_text(tmp_path / "finished")
    prepare(
        finish(tmp_path / "finished"),
        tmp_path,
        'echo "${SLURM_JOB_ID:+a job} ${CUDA_VISIBLE_DEVICES-unset}" >> seen',
        monkeypatch,
    )
    # Other GPUs than SLURM's: a lease would name these.
    script(tmp_path / "bin/nvidia-smi", 'echo "GPU 0: X (UUID: GPU-a)"; echo "GPU 1: X (UUID: GPU-b)"\n')
    run = ClusterRun(tmp_path / "cluster", CONFIG, lines={"retries: 2": "retries: 0"}, nice=NICE)
    options = [f"results/small/systems/{name}/s1/system.json" for name in TRAININGS[:1]]
    options += ["--directory", str(tmp_path / "here")]
    prepared = {name: os.environ[name] for name in ("NEURONSPEC_VENVS", "NEURONSPEC_LEASES", "PATH")}
    process = run.begin(*options, environment=prepared)
    assert end_of(process, "the run of a stand-in for the training") == 1, "the stand-in fails"
    seen = (tmp_path / "here/seen").read_text().splitlines()
    assert seen in (["a job 0"], ["a job 1"]), run.said[-3000:]
    assert not (tmp_path / "leases").exists()
