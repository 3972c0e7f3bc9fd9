"""The two runs that most tests of this folder look at, and the same on this machine alone.

The tiny experiment goes through the cluster, from text to tables; then, with its data, one training of two
tasks whose workflow is killed and whose node fails. They go on in a thread while tests run that need neither:
much of it is waiting. What they are compared with is made meanwhile, in what is left of the machine.
"""

import contextlib
import copy
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.slurm.programs import begin, call, end_of, wait_until
from tests.slurm.site import NICE, ROOT, ClusterRun, SlurmJob
from tests.tiny_experiment import CONFIG
from workflow_scripts.common.durations import seconds_of
from workflow_scripts.workflow.cluster.queue import name_prefix

TRAINING = "workflow_scripts.train.train_baseline"
SYSTEM = "results/tiny/systems/baseline/s1/system.json"
#: More than the first slice makes before and after it is held, and the second one before it is cancelled.
UPDATES = 200
#: Seconds that are left of the first slice when it goes on; five of them are the training's margin.
LEFT_SECONDS = 12.0
#: The job that fails at its first start.
FAILS = "workflow_scripts.data.write_card"
#: Of the training of two tasks: more than it makes while its workflow is killed and begun again.
UPDATES_OF_TWO = 200
#: Seconds that a test waits for a run, in which two steps may wait.
PATIENCE = 1500.0


def tiny() -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    config["train"] |= {"max_updates": UPDATES, "validate_interval_updates": 150, "log_interval": 5}
    # To the cluster they are jobs like the control of masks.
    del config["evaluation"]["likelihood"], config["evaluation"]["contrastive"]
    del config["analysis"]["criteria"]
    return config


def without_chance() -> dict[str, Any]:
    """Without dropout nothing depends on which process draws. The data are those of `tiny`."""
    config = tiny()
    config["model"] |= {"dropout": 0.0}
    config["train"] |= {
        "max_updates": UPDATES_OF_TWO, "validate_interval_updates": 100, "max_tokens": 1000, "update_freq": 2,
        "lr": 1e-4,
    }  # fmt: skip
    return config


@dataclass(frozen=True)
class Finished:
    """A run on the cluster that has ended well, and what the controller knows of it."""

    run: ClusterRun
    jobs: list[SlurmJob]
    cancelled: str

    def of(self, rule: str) -> list[SlurmJob]:
        return [job for job in self.jobs if job.rule == rule]


def tiny_on_cluster(folder: Path) -> Finished:
    """Run the tiny experiment; in its second slice the training is cancelled by hand, once it has gone on."""
    # Decodes that ask for little leave room on the node for what the rest waits for.
    lines = {
        "      runtime: ?gpu_minutes": "      runtime: 1",
        '      mem_mb: ?f"min(attempt * 8000, {cpu_mem_mb})"': "      mem_mb: 2000",
    }
    run = ClusterRun(folder, tiny(), lines=lines, fails=FAILS)
    process = run.begin()
    hold_first_slice(run, process)
    wait_until(lambda: len(run.starts(TRAINING)) == 2, "a second slice", process)
    wait_until(lambda: "| loss" in log_of(run).rpartition("resumed at update")[2], "its progress", process)
    cancelled = run.starts(TRAINING)[-1].job
    call("scancel", cancelled)
    run.finish(process)
    return Finished(run, run.jobs(), cancelled)


def hold_first_slice(run: ClusterRun, process: subprocess.Popen[bytes]) -> None:
    """Stop the training after its first updates until its time is nearly up: no machine is too quick."""
    wait_until(lambda: "| loss" in log_of(run), "the first updates", process)
    start = run.starts(TRAINING)[-1]
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(start.process), signal.SIGSTOP)
        try:
            wait_until(lambda: seconds_left(start.job) <= LEFT_SECONDS, "the end of the first slice", process)
        finally:
            os.kill(int(start.process), signal.SIGCONT)


def seconds_left(job: str) -> float:
    """Return what is left of a job's time limit; nothing of one that does not run."""
    said = call("squeue", "--noheader", "--states=RUNNING", f"--jobs={job}", "--format=%L")
    return seconds_of(said) or 0.0


def two_tasks_on_cluster(folder: Path, made: Path) -> ClusterRun:
    """Kill a run while its training is at work; begin it again; then the node fails, and comes back."""
    # Of a single node the program starts the processes itself, one for each GPU; here srun is to do it.
    lines = {"      ?if training_nodes == 1:": "      ?if False:"}
    run = ClusterRun(folder, without_chance(), {"training_gpus": 2}, lines)
    copy_data(made, folder)
    first = run.begin(SYSTEM)
    wait_until(lambda: has_trained(run, 1), "the first training", first)
    os.kill(first.pid, signal.SIGKILL)
    end_of(first, "the killed workflow", 60.0)
    second = run.begin(SYSTEM)
    wait_until(lambda: has_trained(run, 2), "the second training", second)
    node = socket.gethostname().partition(".")[0]
    call("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    call("scontrol", "update", f"nodename={node}", "state=resume")
    run.finish(second)
    return run


def has_trained(run: ClusterRun, starts: int) -> bool:
    if len(run.starts(TRAINING)) < starts or len(run.history("baseline")) < starts:
        return False
    return "| loss" in (log_of(run).rpartition("resumed at update")[2] if starts > 1 else log_of(run))


def log_of(run: ClusterRun) -> str:
    file = run.results / "logs/train_baseline/s1.log"
    return file.read_text(errors="replace") if file.exists() else ""


def copy_data(made: Path, folder: Path) -> None:
    """Copy an experiment's data with Snakemake's records of them, as far as they are there."""
    for name in ("results/tiny/data", "results/tiny/benchmarks", ".snakemake/metadata"):
        if (made / name).exists():
            shutil.copytree(made / name, folder / name)


def alone(folder: Path, config: dict[str, Any], *targets: str) -> Path:
    """Run an experiment without a cluster, in what others leave of the machine; return its results."""
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), "--configfile", "config.yaml"]
    log = folder / "run.log"
    process = begin([*command, "--cores", "2", *targets], folder, log, {"PYTHONPATH": str(ROOT)}, 2 * NICE)
    status = end_of(process, f"the run without a cluster in {folder}")
    assert status == 0, log.read_text(errors="replace")[-5000:]
    return folder / "results" / str(config["experiment"])


def two_tasks_alone(folder: Path, made: Path) -> Path:
    copy_data(made, folder)
    return alone(folder, without_chance(), SYSTEM)


class Runs:
    """The runs that are wanted, by the names of their fixtures: all are begun, `result` waits for one."""

    def __init__(self, folder: Path, wanted: Collection[str]) -> None:
        self.folder = folder
        # A failed node takes every job with it, so the runs on the cluster are one after the other.
        self.cluster, self.machine = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.futures: dict[str, Future[Any]] = {}
        steps = (
            (self.cluster, "finished", tiny_on_cluster, ()),
            (self.machine, "alone_finished", alone, (tiny(),)),
            (self.cluster, "two_tasks", two_tasks_on_cluster, (folder / "finished",)),
            (self.machine, "alone_two_tasks", two_tasks_alone, (folder / "alone_finished",)),
        )
        for pool, name, step, arguments in steps:
            if name in wanted:
                self.futures[name] = pool.submit(step, folder / name, *arguments)

    def result(self, name: str) -> Any:
        try:
            return self.futures[name].result(timeout=PATIENCE)
        except TimeoutError:
            raise AssertionError(f"the run {name!r} has not ended after {PATIENCE:.0f} s") from None

    def jobs_are_named(self) -> set[str]:
        return {name_prefix(self.folder / name, "tiny") for name in ("finished", "two_tasks")}

    def close(self) -> None:
        """Begin no more of them, and wait for those that were begun, which have been ended."""
        for pool in (self.cluster, self.machine):
            pool.shutdown(cancel_futures=True)
