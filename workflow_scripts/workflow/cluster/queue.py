"""The jobs of an experiment in a cluster's queue; those that a killed run left are cancelled.

Their names begin alike. A run that holds the lock of the folder cancels them before it submits its own.
"""

import hashlib
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError

#: Seconds that a controller has to answer.
ANSWER_SECONDS = 30.0


def ask(*command: str, seconds: float = ANSWER_SECONDS) -> subprocess.CompletedProcess[str] | None:
    """Return how a program ended and what it said; None if it is not there, or does not answer in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


#: Set for the Snakefile: "yes" if no other run of Snakemake works in this folder.
ALONE_VARIABLE = "NEURONSPEC_ALONE"
#: Seconds for cancelled jobs to leave their nodes: SLURM's KillWait (30 s) and an epilog.
PATIENCE = 180.0
#: States of jobs that have ended.
ENDED = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
}


@dataclass(frozen=True)
class QueuedJob:
    """One job of the queue: SLURM's number, the rule, and its state (PENDING, RUNNING, …)."""

    number: str
    rule: str
    state: str


def name_prefix(folder: Path, experiment: str) -> str:
    """Return how the names of an experiment's jobs in a folder begin (at most 50 characters)."""
    digest = hashlib.sha256(f"{folder.resolve()}\0{experiment}".encode()).hexdigest()[:10]
    return f"neuronspec-{re.sub('[^A-Za-z0-9]', '-', experiment)[:24]}-{digest}"


def queued(prefix: str, seconds: float = ANSWER_SECONDS) -> list[QueuedJob]:
    """Return the user's jobs whose names begin so and have not ended. UserError: SLURM does not answer."""
    command = ["squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i|%T|%j|%k"]
    done = ask(*command, seconds=seconds)
    if done is None or done.returncode:
        said = f": {done.stderr.strip()[-200:]}" if done else ""
        raise UserError(f"the SLURM controller does not answer squeue{said}")
    found = []
    for line in done.stdout.splitlines():
        number, state, name, comment = line.split("|", 3)
        if name.startswith(f"{prefix}_") and state not in ENDED:
            rule = comment.removeprefix("rule_").removeprefix("group_").partition("_wildcards_")[0]
            found.append(QueuedJob(number, rule, state))
    return found


def in_queue(folder: Path, experiment: str) -> dict[str, Counter[str]] | None:
    """Return the jobs of an experiment in the queue by rule and state; None without SLURM or its answer."""
    if shutil.which("squeue") is None:
        return None
    try:
        return by_rule(queued(name_prefix(folder, experiment), seconds=5.0))
    except UserError:
        return None


def by_rule(jobs: list[QueuedJob]) -> dict[str, Counter[str]]:
    """Return how many jobs of each rule are in which state."""
    counts: dict[str, Counter[str]] = {}
    for job in jobs:
        counts.setdefault(job.rule, Counter())[job.state.lower()] += 1
    return counts


def cancel_left_behind(prefix: str, patience: float = PATIENCE) -> str | None:
    """Cancel the jobs of an earlier run, wait until they are gone, and return a line about it.

    Raises UserError if they stay, or the controller does not answer.
    """
    if not (left := queued(prefix)):
        return None
    done = ask("scancel", *(job.number for job in left))
    said = done.stderr.strip() if done else "no answer"
    end = time.monotonic() + patience
    while still := queued(prefix):
        if time.monotonic() > end:
            numbers = " ".join(job.number for job in still)
            why = f"; it says: {said.splitlines()[-1]}" if said else ""
            raise UserError(
                f"jobs of an earlier run do not leave the queue: end them first (scancel {numbers}){why}"
            )
        time.sleep(1.0)
    rules = ", ".join(f"{rule} ({sum(n.values())})" for rule, n in sorted(by_rule(left).items()))
    return f"{len(left)} jobs of an earlier run were still in the queue and were cancelled: {rules}"
