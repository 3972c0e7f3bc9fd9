"""The folder a training works in: whose it is, what it is a training of, what it has cost so far.

Files: `owner.json` (one writer at a time), `fingerprint.json` (may this folder be continued?), `history.json`
(attempts, seconds, peak memory), `finished.json` (nothing left to train). Architecture rules 1 and 2.
No path enters a fingerprint: a moved checkout must not retrain anything.
"""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError
from workflow_scripts.files import read_json, write_json

logger = logging.getLogger(__name__)

# A heartbeat older than this belongs to a writer on another host that is gone.
STALE_SECONDS = 120.0
HEARTBEAT_SECONDS = 10.0

LOCK = ".owner.lock"
LAST = "checkpoint_last.pt"
IDENTITY, EXTENDABLE, EXECUTION = "identity", "extendable", "execution"


def peak_memory_mb() -> float:
    """Return this process's largest resident set so far, in MB (10**6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_time(pid: int) -> str | None:
    """Return when the process started, in the kernel's ticks: a number is given again to another process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def differing_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, sorted; a key that only one side has differs."""
    missing = object()
    return sorted(key for key in {*old, *new} if old.get(key, missing) != new.get(key, missing))


class TrainingFolder:
    """One training's folder.

    Args:
        path: the folder, made if absent.
        fingerprint: {"identity": {...}, "extendable": {...}, "execution": {...}}, JSON values, no paths.
    """

    def __init__(self, path: str | Path, fingerprint: Mapping[str, Mapping[str, Any]]) -> None:
        self.path = Path(path)
        self.fingerprint = {name: dict(fingerprint[name]) for name in (IDENTITY, EXTENDABLE, EXECUTION)}
        self._attempt: dict[str, Any] | None = None
        self._before: list[dict[str, Any]] = []
        self._began = 0.0
        # The heartbeat's thread writes history.json too.
        self._lock = threading.Lock()

    # ---- one writer -------------------------------------------------------------------------------------

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the folder; a thread keeps the heartbeat.

        Raises:
            UserError: another live process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        owner_file = self.path / "owner.json"
        self._take(owner_file)
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(owner_file, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            owner_file.unlink(missing_ok=True)

    def _take(self, owner_file: Path) -> None:
        me = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started": _start_time(os.getpid()),
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
        }
        with (self.path / LOCK).open("w") as lock:
            # Two that find the owner gone must not both take its place: one looks and writes at a time.
            with suppress(OSError):  # a file system without locks: the heartbeat alone must do
                fcntl.lockf(lock, fcntl.LOCK_EX)
            holder = self._live_owner(owner_file)
            if holder is not None:
                job = f", SLURM job {holder['slurm_job']}" if holder.get("slurm_job") else ""
                raise UserError(
                    f"{self.path} is being written by process {holder['pid']} on {holder['host']}{job};"
                    " wait for it or stop it"
                )
            if owner_file.exists():
                logger.info(f"{self.path}: taken over from a process that is gone")
            write_json(owner_file, me)

    @staticmethod
    def _live_owner(owner_file: Path) -> dict[str, Any] | None:
        try:
            holder: dict[str, Any] = read_json(owner_file)
            age = time.time() - owner_file.stat().st_mtime
        except (FileNotFoundError, ValueError):
            return None
        if holder.get("host") == socket.gethostname():
            pid = int(holder["pid"])
            same = holder.get("started") is None or _start_time(pid) in (None, holder["started"])
            return holder if pid != os.getpid() and _alive(pid) and same else None
        return holder if age < STALE_SECONDS else None

    def _beat(self, owner_file: Path, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                os.utime(owner_file)
                self._record()
            except OSError as error:
                logger.warning(f"heartbeat in {self.path} failed: {error}")

    # ---- what it is a training of -----------------------------------------------------------------------

    def prepare(self) -> None:
        """Continue the folder's training if its identity is the same, else move its content aside.

        Call it inside `owned()`. Says what it does when anything changed.

        Raises:
            UserError: a finished training would have to go on, and its optimiser state was removed.
        """
        stored_file = self.path / "fingerprint.json"
        if stored_file.exists():
            stored = read_json(stored_file)
            changed = differing_keys(stored[IDENTITY], self.fingerprint[IDENTITY])
            if self.updates_done() > self.fingerprint[EXTENDABLE].get("max_updates", float("inf")):
                changed.append("max_updates (fewer than already trained)")
            if changed:
                self._move_aside(changed)
            else:
                self._refuse_to_begin_again()
                for name in (EXTENDABLE, EXECUTION):
                    for key in differing_keys(stored[name], self.fingerprint[name]):
                        old, new = stored[name].get(key), self.fingerprint[name].get(key)
                        logger.info(f"continuing with {key} changed from {old} to {new}")
        elif any(self.path.glob("*.pt")):
            self._move_aside(["fingerprint.json is missing"])
        write_json(stored_file, self.fingerprint)

    def _refuse_to_begin_again(self) -> None:
        finished_file = self.path / "finished.json"
        if not finished_file.exists() or self.is_finished() or (self.path / LAST).exists():
            return
        finished = read_json(finished_file)
        for key in differing_keys(finished[EXTENDABLE], self.fingerprint[EXTENDABLE]):
            old, new = finished[EXTENDABLE].get(key), self.fingerprint[EXTENDABLE].get(key)
            raise UserError(
                f"{self.path}: {key} changed from {old} to {new}, but the optimiser state to go on from"
                f" ({LAST}) was removed; set {key} back to {old}, or move the folder away to train anew"
            )

    def _move_aside(self, changed: list[str]) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.replaced-{number}")).exists():
            number += 1
        aside.mkdir()
        for entry in self.path.iterdir():
            if entry.name not in ("owner.json", LOCK):
                entry.rename(aside / entry.name)
        logger.warning(f"starting clean ({', '.join(changed)} changed); the old training is kept in {aside}")

    def updates_done(self) -> int:
        """Return the updates of a finished training, else 0."""
        try:
            return int(read_json(self.path / "finished.json")["updates"])
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def is_finished(self) -> bool:
        """True if a training with this identity and these extendable settings has run to its end."""
        try:
            finished = read_json(self.path / "finished.json")
        except (FileNotFoundError, ValueError):
            return False
        return (
            finished.get(EXTENDABLE) == self.fingerprint[EXTENDABLE]
            and finished.get(IDENTITY) == (self.fingerprint[IDENTITY])
        )

    def finish(self, updates: int, reason: str) -> None:
        """Record that nothing is left to train."""
        value = {"updates": updates, "reason": reason}
        write_json(
            self.path / "finished.json", {**value, **{n: self.fingerprint[n] for n in (IDENTITY, EXTENDABLE)}}
        )

    # ---- what it has cost -------------------------------------------------------------------------------

    @property
    def history(self) -> dict[str, Any]:
        """Return {"attempts": [...], "seconds": total, "peak_memory_mb": largest}."""
        try:
            value: dict[str, Any] = read_json(self.path / "history.json")
            return value
        except (FileNotFoundError, ValueError):
            return {"attempts": [], "seconds": 0.0, "peak_memory_mb": 0.0}

    @contextmanager
    def attempt(self) -> Iterator[dict[str, Any]]:
        """Add an attempt to history.json; the dictionary yielded may be filled with JSON values.

        A killed attempt keeps what the last heartbeat wrote.
        """
        self._before = self.history["attempts"]
        self._began = time.monotonic()
        self._attempt = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "execution": self.fingerprint[EXECUTION],
            "outcome": "killed",
        }
        self._record()
        try:
            yield self._attempt
            self._attempt["outcome"] = "finished"
        except BaseException as error:
            self._attempt["outcome"] = f"{type(error).__name__}: {error}"[:300]
            raise
        finally:
            self._record()
            self._attempt = None

    def _record(self) -> None:
        with self._lock:
            attempt = self._attempt
            if attempt is None:
                return
            attempt["seconds"] = round(time.monotonic() - self._began, 1)
            attempt["peak_memory_mb"] = round(peak_memory_mb(), 1)
            attempts = [*self._before, dict(attempt)]
            value = {
                "seconds": round(sum(one["seconds"] for one in attempts), 1),
                "peak_memory_mb": max(one["peak_memory_mb"] for one in attempts),
                "attempts": attempts,
            }
            write_json(self.path / "history.json", value)
