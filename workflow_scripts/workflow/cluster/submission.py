"""Asks a SLURM cluster whether it takes the planned jobs, before the first is submitted.

What it refuses becomes one line with its place in the profile.
"""

import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from workflow_scripts.common.durations import seconds_of
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.workflow.cluster.profile import Profile
from workflow_scripts.workflow.cluster.queue import ask

# The parts of "gpu:a100:4(S:0-1),nvme:1"; commas in brackets do not separate parts.
_RESOURCE = re.compile(r"[^,(]+(?:\([^)]*\))?")

#: Seconds for which the controller must remember jobs: the executor looks every three minutes.
MINJOBAGE = 200

#: What sbatch says to a request, the resource that it means, and what to do.
REFUSALS = (
    ("partition name", "slurm_partition", "the partition is not known here"),
    ("invalid account", "slurm_account", "the account is not known here, or may not use this partition"),
    ("invalid qos", "qos", "the QOS is not known here, or not open to this account"),
    ("feature specification", "constraint", "no node has this feature"),
    ("accounting/qos policy", "jobs", "the limit of jobs, or of what they may use, is reached; ask for less"),
    ("submit limit", "jobs", "the limit of jobs in the queue is reached; ask for fewer at a time"),
    ("max job count", "jobs", "the controller takes no more jobs; ask for fewer at a time"),
    ("time limit", "runtime", "the partition does not give that much time"),
    ("memory", "mem_mb", "no node has that much memory"),
    ("generic resource", "gpu_model", "no node has such GPUs"),
    ("node configuration", "mem_mb", "no node has that much memory, or so many cores or GPUs"),
    ("quota", "slurm-logdir", "the disk is full for this user"),
)


@dataclass(frozen=True)
class Request:
    """What one kind of job asks the cluster for (Snakemake's names and units); None where it does not."""

    slurm_partition: str | None = None
    slurm_account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    gpu: int | None = None
    gpu_model: str | None = None
    mem_mb: int | None = None
    runtime: int | None = None
    nodes: int | None = None
    tasks_per_node: int | None = None
    gres: str | None = None
    threads: int = 1

    @classmethod
    def of(cls, resources: Mapping[str, Any], threads: int) -> Self:
        """Take a request from a job's resources."""
        known = {name: resources.get(name) for name in cls.__dataclass_fields__ if name != "threads"}
        return cls(**known, threads=threads)

    def options(self) -> list[str]:
        """Return the request as sbatch's options."""
        gpus = f"{self.gpu_model}:{self.gpu or 1}" if self.gpu_model else self.gpu
        named = {
            "partition": self.slurm_partition,
            "account": self.slurm_account,
            "qos": self.qos,
            "constraint": self.constraint,
            "gpus": gpus or None,
            "mem": self.mem_mb,
            "time": self.runtime,
            "nodes": self.nodes,
            "ntasks-per-node": self.tasks_per_node,
            "gres": self.gres,
            "cpus-per-task": self.threads,
        }
        return [f"--{name}={value}" for name, value in named.items() if value is not None]


@dataclass(frozen=True)
class Partition:
    """What the nodes of a partition can give: the longest time (None: any), memory, kinds of GPUs."""

    minutes: int | None
    mem_mb: int
    gpu_models: frozenset[str]


def require_sbatch(profile: Profile) -> None:
    """Raise UserError if this machine cannot submit to SLURM."""
    if shutil.which("sbatch") is None:
        raise UserError(
            f"{profile.place('executor')}: executor slurm needs sbatch, which this machine does not have: run"
            " on a login node of the cluster, or on this machine alone, without PROFILE"
        )


def refused_request(rules: Mapping[Request, str], profile: Profile) -> str | None:
    """Return a line for the first request that the cluster refuses. ``rules``: request → its rule."""
    partitions = _partitions()
    for request, rule in rules.items():
        if problem := _against_partitions(request, partitions) or _refused(request):
            key, said = problem
            value = getattr(request, key, None)
            shown = f"{key} {value}" if value is not None else key
            return f"{profile.place(key, value)}: {shown} (rule {rule}): {said}"
    return None


def explain(log: str, profile: Profile) -> str | None:
    """Return one line for the last of sbatch's refusals in Snakemake's log, or None."""
    _, found, said = log.rpartition("The error message was '")
    text = said.partition("'.\n")[0].strip()
    if not found or not text:
        return None
    key, meaning = _meaning(text)
    return f"{profile.place(key)}: sbatch refused a job: {text.splitlines()[-1].strip()} ({meaning})"


def status_options() -> list[str]:
    """Return the executor's options on how it follows jobs: by squeue, which tells tasks of arrays apart.

    By sacct where squeue forgets a job sooner than the executor may look again (MINJOBAGE). With sacct the
    executor (2.8.0) takes one task's state for all, so there are no arrays then. An sacct without its
    database never answers.
    """
    done = ask("scontrol", "show", "config")
    found = re.search(r"MinJobAge\s*=\s*(\d+)", done.stdout) if done else None
    if found and int(found[1]) < MINJOBAGE:
        accounts = ask("sacct", "--allocations", "--noheader", "--format=JobID", "--starttime=now")
        if accounts is not None and accounts.returncode == 0:
            return ["--slurm-status-command", "sacct", "--slurm-array-jobs", ""]
    return ["--slurm-status-command", "squeue"]


def _partitions() -> dict[str, Partition]:
    done = ask("sinfo", "--noheader", "--format=%R|%l|%m|%G")
    if done is None or done.returncode:
        said = done.stderr.strip().splitlines()[-1:] if done else []
        raise UserError(f"the SLURM controller does not answer sinfo{': ' if said else ''}{''.join(said)}")
    found: dict[str, Partition] = {}
    for line in done.stdout.splitlines():
        name, limit, memory, gres = line.split("|")
        before = found.get(name, Partition(None, 0, frozenset()))
        kinds = frozenset(kind for one in _RESOURCE.findall(gres) if (kind := _gpu_model(one)))
        # "16000+" where its nodes differ.
        most = max(before.mem_mb, int(memory.rstrip("+")))
        longest = seconds_of(limit)
        minutes = int(longest // 60) if longest is not None and longest < math.inf else None
        found[name] = Partition(minutes, most, before.gpu_models | kinds)
    return found


def _gpu_model(resource: str) -> str | None:
    """Return the kind that "gpu:a100:4(S:0-1)" names; None where it names none."""
    name, *rest = resource.partition("(")[0].split(":")
    return rest[0] if name == "gpu" and rest and not rest[0].isdecimal() else None


def _against_partitions(request: Request, partitions: Mapping[str, Partition]) -> tuple[str, str] | None:
    if request.slurm_partition is None:
        return None
    # Of several, with commas between them, SLURM takes the one that begins the job first.
    names = str(request.slurm_partition).split(",")
    if unknown := [name for name in names if name not in partitions]:
        which = f" {unknown[0]!r}" if len(names) > 1 else ""
        return "slurm_partition", f"there is no such partition{which}{nearest(unknown[0], list(partitions))}"
    refusals = [_against_partition(request, name, partitions[name]) for name in names]
    return None if None in refusals else refusals[0]


def _against_partition(request: Request, name: str, partition: Partition) -> tuple[str, str] | None:
    if request.runtime is not None and partition.minutes is not None and request.runtime > partition.minutes:
        # sbatch accepts it where limits are not enforced.
        return "runtime", f"partition {name} gives at most {partition.minutes} minutes"
    if request.mem_mb is not None and request.mem_mb > partition.mem_mb:
        return "mem_mb", f"the largest node of partition {name} has {partition.mem_mb}"
    models = partition.gpu_models
    if request.gpu_model is not None and models and request.gpu_model not in models:
        known = nearest(request.gpu_model, models) or f"; it has {', '.join(sorted(models))}"
        return "gpu_model", f"no node of partition {name} has such GPUs{known}"
    return None


def _refused(request: Request) -> tuple[str, str] | None:
    done = ask("sbatch", "--test-only", *request.options(), "--wrap=true")
    if done is None:
        return "executor", "sbatch does not answer"
    if done.returncode == 0 and "failure" not in done.stderr:
        return None
    words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
    said = words.split(": ", 1)[-1]
    key, meaning = _meaning(said)
    if key == "mem_mb" and "node configuration" in said and request.gpu:
        key, meaning = "gpu", "no node has so many GPUs, or that much memory, or so many cores beside them"
    return key, f"{said} ({meaning})"


def _meaning(message: str) -> tuple[str, str]:
    lower = message.lower()
    return next(
        ((key, said) for part, key, said in REFUSALS if part in lower), ("executor", "see the SLURM manual")
    )
