"""What a killed run leaves: half-written files and records, and jobs that outlived their workflow.

Where Snakemake would not notice that an output is unfinished, it gets Snakemake's own mark and is made again.
Every job inherits RUN_VARIABLE, which names its workflow's process (processes.identity): it is ended only if
that process is gone and the job works in this folder.
"""

import os
import re
import shutil
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import psutil

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import HOST, read_json
from workflow_scripts.common.processes import is_gone

#: `.{stem}.{HOST}-{process}.tmp{suffix}` of files.atomic_path (HOST ends in the ten digits of a process
#: namespace, where there is one); and how fairseq writes a checkpoint, without host. Others are the user's.
_NAMESPACE = r"[A-Za-z0-9-]+-[0-9]{10}"
_TEMPORARY = re.compile(rf"\..+\.(?P<host>{_NAMESPACE}|{re.escape(HOST)})-(?P<pid>[0-9]+)\.tmp(?:\.\w+)?")
_CHECKPOINT = re.compile(r"checkpoint.*\.pt\.(?P<pid>[0-9]+)\.tmp")
#: Folders in which a dataset is joined while it is fetched (data.mtdata_source).
FETCHING = "data/download/mtdata/mtdata-*"
#: Processes of another host or container cannot be seen: after a day, a file has no writer.
OTHER_HOST_SECONDS = 24 * 3600.0
#: The writer of a file without a host in its name may be on another; it writes more often than this.
UNKNOWN_HOST_SECONDS = 60.0
#: Clocks of the file system and of the process table differ by fractions of a second.
CLOCK_SECONDS = 2.0


def _has_writer(pid: int, modified: float) -> bool:
    """True if process ``pid`` lives and was there when the file was written: numbers are given out again."""
    try:
        process = psutil.Process(pid)
        lives: bool = process.status() != psutil.STATUS_ZOMBIE
        return lives and bool(process.create_time() <= modified + CLOCK_SECONDS)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def is_leftover(path: Path) -> bool:
    """True for a temporary file whose writer is gone."""
    ours, checkpoint = _TEMPORARY.fullmatch(path.name), _CHECKPOINT.fullmatch(path.name)
    if not (named := ours or checkpoint):
        return False
    modified = path.stat().st_mtime
    age = time.time() - modified
    if ours and ours["host"] != HOST:
        return age > OTHER_HOST_SECONDS
    patience = 0.0 if ours else UNKNOWN_HOST_SECONDS
    return age > patience and not _has_writer(int(named["pid"]), modified)


def remove_temporaries(results: Path) -> list[Path]:
    """Remove the half-written files of processes that are gone; return them."""
    removed = []
    for path in sorted(results.rglob("*.tmp*")):
        try:
            if path.is_file() and is_leftover(path):
                path.unlink()
                removed.append(path)
        except FileNotFoundError:
            continue  # its writer has just renamed it
    # Their names do not say who writes there.
    for folder in sorted(results.glob(FETCHING)):
        if time.time() - _last_written(folder) > OTHER_HOST_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _last_written(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # it is being written, or has just been removed
        return time.time()


def _is_whole(record: Path) -> bool:
    with record.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(size - 1, 0))
        return handle.read(1) == b"}"


def place_of(output: str, folder: Path) -> Path:
    """Return where Snakemake keeps its record, or its mark, of an output below ``folder``: base64, cut."""
    name = urlsafe_b64encode(output.encode()).decode()
    limit = os.pathconf(folder, "PC_NAME_MAX") - 1
    *first, last = (name[start : start + limit] for start in range(0, len(name), limit))
    return Path(*(f"@{part}" for part in first), last)


def _is_recorded(output: Path, record: Path) -> bool:
    """True if a record is of the output as it is: it holds its time when the job had finished."""
    try:
        ended = read_json(record).get("endtime") or 0.0
    except FileNotFoundError:
        return False
    return output.stat().st_mtime <= ended + CLOCK_SECONDS


def unfinished(working: Path) -> tuple[list[Path], list[Path]]:
    """Return what a killed run did not finish and Snakemake would not notice.

    They are the missing marks of such outputs, and the records that are not whole. Call it before Snakemake's
    lock is cleared, which lists the outputs of the killed run. There are two cases:

    - Records are neither synced nor renamed: a power cut can leave an empty one without the output's mark.
    - The mark is made just after the job has begun. If the run is killed in between, the job can go on to its
      end, and its output has no record, or an older one.
    """
    snakemake = working / ".snakemake"
    metadata, incomplete = snakemake / "metadata", snakemake / "incomplete"
    broken = [path for path in metadata.rglob("*") if path.is_file() and not _is_whole(path)]
    places = {path.relative_to(metadata) for path in broken}
    for lock in (snakemake / "locks").glob("*.output.lock"):
        for output in lock.read_text(encoding="utf-8", errors="replace").splitlines():
            if not (working / output).is_file():
                continue
            place = place_of(output, snakemake)
            if not _is_recorded(working / output, metadata / place):
                places.add(place)
    return [mark for place in sorted(places) if not (mark := incomplete / place).exists()], broken


def set_mark(mark: Path) -> None:
    """Set Snakemake's mark of an unfinished output."""
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text('{"external_jobid": null}', encoding="utf-8")


def mark_unfinished(working: Path) -> int:
    """Mark what `unfinished` finds, so that it is made again; return the number of outputs."""
    marks, broken = unfinished(working)
    for mark in marks:
        set_mark(mark)
    for path in broken:
        path.unlink()
    return len(marks)


def remove_scripts(snakemake: Path) -> None:
    """Remove the scripts that long commands were put in; only when no run is on."""
    for folder in snakemake.glob("shell_tmp.*"):
        shutil.rmtree(folder, ignore_errors=True)


#: Set in the environment of every job, not in params or commands, so that it reruns nothing.
RUN_VARIABLE = "NEURONSPEC_RUN"
#: Seconds that a job has to end by itself (SIGTERM) before it is killed.
GRACE_SECONDS = 30.0
#: How often processes are looked for: one may just have started another.
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
    """Ask processes to end, kill them after ``grace`` seconds; UserError if one cannot be ended."""
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
    """End the orphans of ``folder``, and return a line about them. UserError: one does not end."""
    jobs: dict[int, str] = {}
    others = 0
    for _ in range(ROUNDS):
        if not (processes := orphans(folder)):
            break
        for process in processes:
            # Only jobs are counted, not their shells and workers.
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
