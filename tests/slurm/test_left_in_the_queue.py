"""A training of two tasks whose workflow is killed and whose node fails: it never runs twice at once."""

from __future__ import annotations

import copy
import os
import signal
import socket
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.slurm.controller import Controller
from tests.slurm.site import ROOT, VENVS, ClusterRun, slurm_jobs, wait_until
from tests.tiny_experiment import CONFIG

TRAINING = "workflow_scripts.train.train_baseline"
SYSTEM = "results/tiny/systems/baseline/s1/system.json"
UPDATES = 300
COMPARE = """
import sys
from safetensors.numpy import load_file
one, two = (load_file(path) for path in sys.argv[1:])
print(max(float(abs(one[name] - two[name]).max()) for name in one))
"""


def without_chance() -> dict[str, Any]:
    """Without dropout nothing depends on which process draws."""
    config = copy.deepcopy(CONFIG)
    config["model"] |= {"dropout": 0.0}
    config["train"] |= {
        "max_updates": UPDATES,
        "validate_interval_updates": 100,
        "max_tokens": 1000,
        "lr": 1e-4,
    }
    config["train"] |= {"update_freq": 2}
    return config


@pytest.fixture(scope="module")
def run(controller: Controller, tmp_path_factory: pytest.TempPathFactory) -> ClusterRun:
    """Killed while its training is at work; begun again; then the node fails, and comes back."""
    # Of a single node the program starts the processes itself, one for each GPU; here srun is to do it.
    lines = {"      ?if training_nodes == 1:": "      ?if False:"}
    run = ClusterRun(
        tmp_path_factory.mktemp("two") / "cluster", without_chance(), {"training_gpus": 2}, lines
    )
    first = run.begin(SYSTEM)
    wait_until(lambda: has_trained(run, 1), "the first training", first)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = run.begin(SYSTEM)
    wait_until(lambda: has_trained(run, 2), "the second training", second)
    node = socket.gethostname().partition(".")[0]
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=down", "reason=test"], check=True)
    subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"], check=True)
    run.finish(second)
    return run


def has_trained(run: ClusterRun, starts: int) -> bool:
    """True once the training has made updates in its latest start."""
    log = run.results / "logs/train_baseline/s1.log"
    if len(run.starts(TRAINING)) < starts or len(run.history("baseline")) < starts:
        return False
    return "| loss" in (log.read_text().rpartition("resumed at update")[2] if starts > 1 else log.read_text())


def test_two_processes_trained(run: ClusterRun) -> None:
    history = run.history("baseline")
    assert [len(attempt["devices"]) for attempt in history] == [2, 2, 2]
    assert {attempt["execution"]["processes"] for attempt in history} == {2}
    assert history[-1]["to_update"] == UPDATES


def test_a_job_of_a_killed_workflow_is_cancelled(run: ClusterRun) -> None:
    assert (
        "1 jobs of an earlier run were still in the queue and were cancelled: train_baseline (1)" in run.said
    )
    killed = run.starts(TRAINING)[0].job
    assert [job.state for job in slurm_jobs() if job.number == killed] == ["CANCELLED"]


def test_a_failed_node_gives_the_job_back_to_the_queue(run: ClusterRun) -> None:
    """SLURM requeues it under its number, and Snakemake does not submit it beside that."""
    jobs = [start.job for start in run.starts(TRAINING)]
    assert len(jobs) == 3
    assert jobs[0] != jobs[1] == jobs[2]


def test_it_never_ran_twice_at_once(run: ClusterRun) -> None:
    spans = [
        (datetime.fromisoformat(a["started"]).timestamp(), a["seconds"]) for a in run.history("baseline")
    ]
    assert len(spans) == 3
    assert all(a + seconds <= b + 2 for (a, seconds), (b, _) in pairwise(spans))


def test_two_processes_train_what_one_does(run: ClusterRun, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(without_chance()))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    command += ["--configfile", "config.yaml", "--workflow-profile", str(ROOT / "profiles/default"), SYSTEM]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    weights = [
        str(one / SYSTEM).replace("system.json", "model.safetensors") for one in (tmp_path, run.folder)
    ]
    python = VENVS / "text/bin/python"
    done = subprocess.run([python, "-c", COMPARE, *weights], capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 1e-5
