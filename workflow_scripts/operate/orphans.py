"""Jobs that outlived their workflow: known by an identity they inherited, and ended before new ones begin.

After ``kill -9`` of Snakemake alone its jobs go on. One of an older config could put its output in the place
of a new one; every one takes cores that nobody counts. So every job inherits the variable RUN_VARIABLE, which
names the workflow's process (processes.identity: host, process namespace, number and start time). A job is an
orphan if that process is gone and it works in this folder; jobs of live runs, of other folders and of other
hosts are never touched. Trainings are ended too: they go on from
their last checkpoint.

Inputs: ``/proc`` (elsewhere than on Linux nothing is found). Outputs: none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import psutil

from workflow_scripts.errors import UserError
from workflow_scripts.processes import is_gone

#: Set in the environment of every job; no param and no command names it, so that it reruns nothing.
RUN_VARIABLE = "NEURONSPEC_RUN"
#: Seconds that a job has to end by itself (SIGTERM) before it is killed.
GRACE_SECONDS = 30.0
#: Times the processes are looked at again: one that is ended may just have started another.
ROUNDS = 5


def orphans(folder: Path) -> list[psutil.Process]:
    """Return the processes that work in ``folder`` for a run that is gone, with their descendants."""
    this = psutil.Process()
    own = {this.pid, *(parent.pid for parent in this.parents())}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if process.pid in own or not is_gone(process.environ().get(RUN_VARIABLE, "")):
                continue
            if Path(process.cwd()).samefile(folder):
                found |= {one.pid: one for one in (process, *process.children(recursive=True))}
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or another user's
    return [process for pid, process in sorted(found.items()) if pid not in own]


def rule_of(process: psutil.Process) -> str | None:
    """Return ``decode`` for a process that runs ``-m workflow_scripts.translate.decode``, else None."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None
    modules = [word for flag, word in pairwise(words) if flag == "-m"]
    return modules[0].rpartition(".")[2] if modules and modules[0].startswith("workflow_scripts.") else None


def end(processes: Sequence[psutil.Process], grace: float = GRACE_SECONDS) -> None:
    """Ask processes to end, and kill those that have not after ``grace`` seconds.

    Raises:
        UserError: one does not end, or belongs to another user.
    """
    for ask, seconds in (("terminate", grace), ("kill", 10.0)):
        for process in processes:
            try:
                getattr(process, ask)()
                process.resume()  # one that was stopped (Ctrl-Z) hears nothing else
            except psutil.NoSuchProcess:
                continue
            except psutil.AccessDenied:
                raise UserError(
                    f"process {process.pid} of an earlier run still works in this folder and belongs to"
                    " another user: ask for it to be stopped"
                ) from None
        _, processes = psutil.wait_procs(processes, timeout=seconds)
        if not processes:
            return
    numbers = " ".join(str(process.pid) for process in processes)
    raise UserError(
        f"process {numbers} of an earlier run cannot be killed (it waits for a disk?): end it first"
    )


def end_orphans(folder: Path, grace: float = GRACE_SECONDS) -> str | None:
    """End the orphans of ``folder``; return a line that says so, or None if there were none.

    Raises:
        UserError: an orphan does not end.
    """
    jobs: dict[int, str] = {}
    others = 0
    for _ in range(ROUNDS):
        if not (processes := orphans(folder)):
            break
        for process in processes:
            # The shell around a job, and a job's own workers, are not counted.
            if rule := rule_of(process):
                jobs[process.pid] = rule
            else:
                others += 1
        end(processes, grace)
    if not jobs:
        return "what was left of a killed run's jobs was ended" if others else None
    named = ", ".join(f"{rule} (process {pid})" for pid, rule in sorted(jobs.items()))
    plural = "s of a killed run were" if len(jobs) > 1 else " of a killed run was"
    return f"{len(jobs)} job{plural} still at work and had to end: {named}"
