"""What a training has cost so far: `history.json`, an entry for each attempt and their totals.

It is written at every heartbeat, so that a killed attempt is counted too.
"""

import logging
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import read_json, write_json
from workflow_scripts.units.training_files import HISTORY

logger = logging.getLogger(__name__)

CPU = "cpu"
# The outcome until an attempt ends: after kill -9 nobody writes another.
KILLED = "killed"


def peak_memory_mb() -> float:
    """Return the largest resident set so far of this process or of one it started, in MB (10**6 bytes)."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def outcome_of(error: BaseException) -> str:
    """Return an attempt's outcome that an error ended."""
    return f"{type(error).__name__}: {error}"[:300]


class History:
    """The attempts of one training folder; nothing is written unless it is `ours`."""

    def __init__(self, folder: Path, ours: Callable[[], bool] = lambda: True) -> None:
        self.file, self._ours = folder / HISTORY, ours
        self._attempt: dict[str, Any] | None = None
        self._before: list[dict[str, Any]] = []
        self._began = 0.0
        # The heartbeat's thread writes history.json too.
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any]:
        """Return {"seconds": total, "gpu_hours": total, "peak_memory_mb": largest, "attempts": [...]}."""
        try:
            value: dict[str, Any] = read_json(self.file)
        except (FileNotFoundError, ValueError):
            value = {}
        return {"seconds": 0.0, "gpu_hours": 0.0, "peak_memory_mb": 0.0, "attempts": [], **value}

    @contextmanager
    def attempt(self, devices: list[str], **facts: Any) -> Iterator[dict[str, Any]]:
        """Add an attempt and yield its JSON entry. `devices`: one for each process, "cpu" without a GPU."""
        self._before = self.read()["attempts"]
        self._began = time.monotonic()
        self._attempt = {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": socket.gethostname(),
            "devices": devices,
            **facts,
            "outcome": KILLED,
        }
        self.record()
        try:
            yield self._attempt
            self._attempt["outcome"] = "finished"
        except BaseException as error:
            if self._attempt["outcome"] == KILLED:
                self._attempt["outcome"] = outcome_of(error)
            raise
        finally:
            try:
                self.record()
            except OSError as error:
                # A full disk most likely ended the attempt: report that error.
                logger.warning(f"{self.file} could not be written: {error}")
            self._attempt = None

    def record(self) -> None:
        """Write what the present attempt has cost so far; nothing outside one, nor in a folder of another."""
        with self._lock:
            attempt = self._attempt
            if attempt is None or not self._ours():
                return
            seconds = time.monotonic() - self._began
            gpus = sum(device != CPU for device in attempt["devices"])
            attempt["seconds"] = round(seconds, 1)
            attempt["gpu_hours"] = round(seconds / 3600 * gpus, 4)
            attempt["peak_memory_mb"] = round(peak_memory_mb(), 1)
            attempts = [*self._before, dict(attempt)]
            value = {
                "seconds": round(sum(one["seconds"] for one in attempts), 1),
                "gpu_hours": round(sum(one.get("gpu_hours", 0.0) for one in attempts), 4),
                "peak_memory_mb": max(one["peak_memory_mb"] for one in attempts),
                "attempts": attempts,
            }
            write_json(self.file, value)
