"""Which process of a training this is, by the variables of torchrun or srun.

Those of srun are set again under torchrun's names, which torch and fairseq read.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from workflow_scripts.common.errors import UserError

#: In the environment of the processes that `start_processes` started.
STARTED = "NEURONSPEC_STARTED"
# Below the ports that systems give out by themselves (from 32768), above those of common services.
_PORTS = range(12000, 32000)
# Steps of one job on one machine get ports of their own.
_STEPS = 16


@dataclass(frozen=True)
class Place:
    """A process of a training: number `rank` of all `processes`, number `local_rank` on its machine."""

    rank: int = 0
    local_rank: int = 0
    processes: int = 1


def _number(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name, "")
    if not value.isdecimal():
        raise UserError(
            f"{name} is {value!r}, not a number, though this process is one of several: start them with"
            " torchrun or srun"
        )
    return int(value)


def place(environment: Mapping[str, str] | None = None) -> Place:
    """Return the place of this process; `Place()` where it is alone. UserError for contradictions."""
    found = os.environ if environment is None else environment
    if "WORLD_SIZE" in found:
        names = ("RANK", "LOCAL_RANK", "WORLD_SIZE")
    elif "SLURM_STEP_NUM_TASKS" in found:
        names = ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_NUM_TASKS")
    else:
        return Place()
    if _number(found, names[2]) <= 1:
        return Place()
    rank, local_rank, processes = (_number(found, name) for name in names)
    if not local_rank <= rank < processes:
        raise UserError(
            f"{names[0]} {rank} and {names[1]} {local_rank} do not fit {names[2]} {processes}: start"
            " the processes with torchrun or srun"
        )
    return Place(rank, local_rank, processes)


def start_processes(command: str | None) -> None:
    """Become ``command`` (srun with its options), which starts several processes of this very program; in
    those, or without a command, do nothing. UserError if there is no such program."""
    if not command or STARTED in os.environ:
        return
    words = shlex.split(command)
    program = [sys.executable, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(words[0], [*words, *program], {**os.environ, STARTED: "1"})
    except OSError as error:
        raise UserError(
            f"{words[0]}: {error.strerror}; `mpi` in the profile names what starts several processes"
        ) from None


def take_place() -> Place:
    """Return the place of this process and set torchrun's variables, before torch is imported."""
    found = place()
    if found.processes == 1:
        # srun and torchrun set these for a single process too, and fairseq would wait for others.
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            os.environ.pop(name, None)
        return found
    os.environ["RANK"] = str(found.rank)
    os.environ["LOCAL_RANK"] = str(found.local_rank)
    os.environ["WORLD_SIZE"] = str(found.processes)
    if "MASTER_ADDR" not in os.environ:
        os.environ["MASTER_ADDR"] = _meeting_host(os.environ)
    if "MASTER_PORT" not in os.environ:
        os.environ["MASTER_PORT"] = str(_meeting_port(os.environ))
    # A lost connection is reported in one line; torch would log its stack before that.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    return found


def _meeting_host(environment: Mapping[str, str]) -> str:
    if environment.get("SLURM_STEP_NUM_NODES") == "1":
        return "127.0.0.1"  # known by every machine, whatever its name resolves to
    hosts = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST")
    if not hosts:
        raise _not_set("MASTER_ADDR")
    return first_host(hosts)


def _meeting_port(environment: Mapping[str, str]) -> int:
    """Return a port of this step of this job, different from that of most others."""
    job, step = (environment.get(name, "") for name in ("SLURM_JOB_ID", "SLURM_STEP_ID"))
    if not job.isdecimal():
        raise _not_set("MASTER_PORT")
    number = int(job) * _STEPS + (int(step) if step.isdecimal() else 0) % _STEPS
    return _PORTS[number % len(_PORTS)]


def _not_set(name: str) -> UserError:
    where = f"{name}, where the processes of the training meet, is not set"
    return UserError(f"{where}: start them with torchrun or srun")


def first_host(hosts: str) -> str:
    """Return the first of SLURM's list of hosts: `node[03-05,9],login` -> `node03`."""
    try:
        names = subprocess.run(
            ["scontrol", "show", "hostnames", hosts], capture_output=True, text=True, timeout=30, check=True
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        names = []
    # Without scontrol: of each bracket the first number.
    return names[0] if names else re.split(r",(?![^\[]*\])", re.sub(r"\[(\w+)[^\]]*\]", r"\1", hosts))[0]
