"""Which process is meant by a number: numbers are given out again, after a reboot above all."""

from __future__ import annotations

import os
from pathlib import Path


def start_time(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks since boot; None if it is gone.

    One that has ended and waits for its parent to notice is gone. Without ``/proc`` nothing is known: None.
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except (OSError, IndexError, ValueError):
        return None
    return None if state in "ZX" else fields[18]


def is_alive(pid: int, started: str | None) -> bool:
    """True if the process that began at ``started`` (by `start_time`; None: not known) still lives."""
    if start_time(os.getpid()) is not None:
        found = start_time(pid)
        return found is not None and started in (None, found)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
