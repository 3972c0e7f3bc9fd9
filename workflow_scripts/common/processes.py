"""Which process a number means: numbers are given out again, and each container counts its own."""

import os
import socket
from pathlib import Path


def start_time(pid: int) -> str | None:
    """Return when a process started, in ticks since boot; None if it ended, or without ``/proc``."""
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


def namespace() -> str:
    """Return the process namespace, in which process numbers are unique, as "pid:[…]"; "-" if unknown."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "-"


def place() -> str:
    """Return what tells process numbers of this machine, or container, from those of another."""
    return f"{socket.gethostname()} {namespace()}"


def identity(pid: int | None = None) -> str:
    """Return what names a process of this place (None: this one) for good: place, number, start time."""
    number = os.getpid() if pid is None else pid
    return f"{place()} {number} {start_time(number)}"


def lives(process: str) -> bool | None:
    """Tell whether the process of an `identity` lives; None if it is of another place, or no identity."""
    where, number, started = process.rsplit(" ", 2) if process.count(" ") > 1 else ("", "", "")
    if where != place() or not number.isdecimal():
        return None
    return is_alive(int(number), started if started.isdecimal() else None)


def is_gone(process: str) -> bool:
    """True if ``process`` is the identity of one of this place that no longer lives."""
    return lives(process) is False
