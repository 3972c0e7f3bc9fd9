"""One writer of a training folder: `owner.json`, kept fresh by a heartbeat; a second job waits for the first.

After kill -9 of a workflow its training may go on. The next run on the same machine ends it; a run on another
waits for it and continues from there.
"""

import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.common.processes import identity, place
from workflow_scripts.units.training_files import OWNER, STALE_SECONDS, process_of, running_owner

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 10.0
# A job that waits for the owner looks this often, and reports it this often.
POLL_SECONDS = 2.0
REPORT_SECONDS = 300.0

LOCK = ".owner.lock"


def _named(holder: dict[str, Any]) -> str:
    job = f", SLURM job {holder['slurm_job']}" if holder.get("slurm_job") else ""
    return f"process {holder['pid']} on {holder['host']}{job}"


class FolderOwner:
    """Ownership of one training folder by this process; `identity`: digest of what is trained."""

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder, self.identity = folder, identity
        self.file = folder / OWNER

    @contextmanager
    def held(self, beat: Callable[[], None]) -> Iterator[None]:
        """Hold the folder, after an owner of the same training; UserError if another is trained in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._wait()
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(beat, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            # On a disk that became read-only, report the error that came first.
            with suppress(OSError):
                if is_owner(self.folder):
                    self.file.unlink(missing_ok=True)

    def _wait(self) -> None:
        reported: float | None = None
        while (holder := self._take()) is not None:
            if holder.get("identity") != self.identity:
                job = holder.get("slurm_job")
                stop = f"scancel {job}" if job else f"kill {holder['pid']}"
                raise UserError(
                    f"{self.folder} is being trained with other settings or data by {_named(holder)}; wait"
                    f" for it, or stop it there ({stop}), then run again"
                )
            if reported is None or time.monotonic() - reported >= REPORT_SECONDS:
                reported = time.monotonic()
                logger.info(f"{self.folder}: {_named(holder)} is training this already; waiting for it")
            time.sleep(POLL_SECONDS)

    def _take(self) -> dict[str, Any] | None:
        me = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "process": identity(),
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
            "identity": self.identity,
        }
        with (self.folder / LOCK).open("w") as lock:
            # Two that find the owner gone must not both take its place: one looks and writes at a time.
            with suppress(OSError):  # a file system without locks: the heartbeat alone must do
                fcntl.lockf(lock, fcntl.LOCK_EX)
            holder = running_owner(self.folder)
            # An earlier process with the number of this one is gone.
            if holder is not None and not process_of(holder).startswith(f"{place()} {os.getpid()} "):
                return holder
            if self.file.exists():
                logger.info(f"{self.folder}: taken over from a process that is gone")
            write_json(self.file, me)
        return None

    def _beat(self, beat: Callable[[], None], stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                if is_owner(self.folder):
                    os.utime(self.file)
                    beat()
            except OSError as error:
                logger.warning(f"heartbeat in {self.folder} failed: {error}")


def is_owner(folder: Path) -> bool:
    """True if this process, or the one that started it, is the folder's owner."""
    try:
        process = process_of(read_json(folder / OWNER))
    except (FileNotFoundError, ValueError):
        return False
    return process in (identity(), identity(os.getppid()))


def check_owner(folder: Path) -> None:
    """Raise UserError unless this process still owns the folder: one that slept too long was taken over."""
    if not is_owner(folder):
        raise UserError(
            f"{folder}: another process took this training over while this one was stopped"
            f" (no heartbeat for {STALE_SECONDS:.0f} s); it stops without writing anything"
        )
