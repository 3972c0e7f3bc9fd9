"""One run at a time makes the results of an experiment, in whichever folder, on whichever machine.

Two working folders may share one ``results``, so a run writes who it is into ``.run.lock`` there, and renews
the file's time. A killed run's file blocks nobody, but stays until a run ends well: a run in another folder
must know what the killed one made (workflow.run.taken_over).
"""

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from workflow_scripts.common.processes import identity, lives
from workflow_scripts.units.training_files import STALE_SECONDS
from workflow_scripts.workflow.provenance.records import read_record

RUN_LOCK = ".run.lock"
#: Seconds between two renewals.
HEARTBEAT_SECONDS = 10.0


@dataclass(frozen=True)
class Run:
    """A run of the workflow.

    ``process``: its identity (processes.identity). ``since``: seconds since 1970. ``began``: it started jobs.
    ``ended``: it has ended, but not well. ``before``: folders of runs that did not end well, with when the
    first of them began; they have the records of what these made. ``group``: that of its processes, all of
    which Ctrl-C would reach; 0 where not known.
    """

    host: str
    pid: int
    process: str
    since: float
    folder: str
    began: bool = False
    ended: bool = False
    before: dict[str, float] = field(default_factory=dict)
    group: int = 0

    def is_this(self) -> bool:
        """True if it is this process."""
        return self.process == identity()

    def words(self) -> str:
        """Return "process 4711 on node3, in /home/me/checkout"."""
        return f"process {self.pid} on {self.host}, in {self.folder}"

    def refusal(self, results: Path) -> str:
        """Return the line that refuses another run."""
        began = datetime.fromtimestamp(self.since).strftime("%d %b %H:%M")
        gone = ""
        if lives(self.process) is None:
            gone = f"; killed there, it counts as gone {STALE_SECONDS:.0f} s after its last sign of life"
        return (
            f"{results}: a run has been on since {began} ({self.words()}): wait for its end, or stop it there"
            f" (kill -INT {f'-- -{self.group}' if self.group else self.pid}){gone}"
        )


def run_of(results: Path) -> Run | None:
    """Return the run that makes the results of a folder now, or None."""
    run = _read(results)
    return run if run and _is_on(run, results / RUN_LOCK, time.time()) else None


def take(results: Path, folder: Path) -> Run | None:
    """Take the lock of these results for this process, or return another run that has it."""
    results.mkdir(parents=True, exist_ok=True)
    with _alone(results) as lock:
        before = _read(results)
        if before and before.is_this() and not before.ended:
            return None
        here = str(folder.resolve())
        # Files have times of the clock of the disk's machine.
        modified = lock.stat().st_mtime
        os.utime(lock)
        if before and _is_on(before, lock, lock.stat().st_mtime, modified):
            os.utime(lock, (modified, modified))
            return before
        _write(
            lock,
            Run(
                socket.gethostname(),
                os.getpid(),
                identity(),
                time.time(),
                here,
                before=_not_well(before),
                group=os.getpgrp(),
            ),
        )
    return None


def begin(results: Path) -> None:
    """Record that this process's run starts jobs."""
    with _alone(results) as lock:
        if (run := _read(results)) and run.is_this():
            _write(lock, replace(run, began=True))


def release(results: Path, well: bool = False) -> None:
    """Release the lock. Unless the run ended ``well``, the next one must know of what it made."""
    with suppress(OSError):
        if not (results / RUN_LOCK).exists():
            return
        with _alone(results) as lock:
            if (run := _read(results)) is not None and not run.is_this():
                return
            if run and not well and _not_well(run):
                _write(lock, replace(run, ended=True))
                return
            lock.unlink()
        for folder in (results, results.parent):
            folder.rmdir()


def others_of(results: Path, folder: Path) -> dict[str, float]:
    """Return the other folders than ``folder`` where runs did not end well, with when these began."""
    run = _read(results)
    if run is None:
        return {}
    is_on = _is_on(run, results / RUN_LOCK, time.time())
    found = _not_well(run) if not is_on else run.before if run.is_this() else {}
    here = str(folder.resolve())
    return {other: since for other, since in sorted(found.items()) if other != here}


def _not_well(run: Run | None) -> dict[str, float]:
    """Return the folders of a run that did not end well and of those before it, with when the first began."""
    if run is None or not run.began:
        return run.before if run else {}
    return {**run.before, run.folder: min(run.since, run.before.get(run.folder, run.since))}


def keep_alive(results: Path) -> None:
    """Renew the lock from a thread. A process that slept and lost it is interrupted before it writes."""

    def beat() -> None:
        while True:
            with suppress(OSError):
                run = _read(results)
                if run and run.is_this():
                    os.utime(results / RUN_LOCK)
                elif run:
                    print(f"error: {results} was taken over by {run.words()}", file=sys.stderr)
                    os.kill(os.getpid(), signal.SIGINT)
                    return
            time.sleep(HEARTBEAT_SECONDS)

    threading.Thread(target=beat, daemon=True).start()


def _write(lock: Path, run: Run) -> None:
    lock.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")


def _read(results: Path) -> Run | None:
    found = read_record(results / RUN_LOCK)
    try:
        before = {str(folder): float(since) for folder, since in found.get("before", {}).items()}
        who = str(found["host"]), int(found["pid"]), str(found["process"])
        how = found.get("began") is True, found.get("ended") is True
        return Run(
            *who, float(found["since"]), str(found["folder"]), *how, before, int(found.get("group", 0))
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # none, or half written


def _is_on(run: Run, lock: Path, now: float, modified: float | None = None) -> bool:
    alive = False if run.ended else lives(run.process)
    if alive is not None:
        return alive
    try:
        return now - (lock.stat().st_mtime if modified is None else modified) < STALE_SECONDS
    except FileNotFoundError:
        return False


@contextmanager
def _alone(results: Path) -> Iterator[Path]:
    """Yield the file, there and locked: one process at a time looks at it and writes it."""
    lock = results / RUN_LOCK
    while True:
        with lock.open("a") as handle:
            with suppress(OSError):  # a file system without locks: what the file says must do
                fcntl.flock(handle, fcntl.LOCK_EX)
            # The file may have been removed while this process waited.
            if lock.exists() and lock.stat().st_ino == os.fstat(handle.fileno()).st_ino:
                yield lock
                return
