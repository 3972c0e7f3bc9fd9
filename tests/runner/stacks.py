"""The processes that a test started: which they are, where they stand, and their end. Linux (`/proc`)."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
#: A stack is read within this many seconds, or not.
_PATIENCE = 20.0


@dataclass(frozen=True)
class Process:
    """A process as `/proc` shows it; ``started``: seconds since the machine's boot."""

    pid: int
    parent: int
    state: str
    started: float


def now() -> float:
    """Return the seconds since the machine's boot, the clock of `Process.started`."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def find(pid: int) -> Process | None:
    """Return a process by its number; None if it has ended."""
    fields = _read(pid, "stat").rpartition(")")[2].split()
    if not fields or fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), fields[0], int(fields[19]) / _TICKS)


def all_processes() -> dict[int, Process]:
    """Return the processes of this machine that have not ended, by their numbers."""
    numbers = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]
    return {pid: process for pid in numbers if (process := find(pid)) is not None}


def started_by(pid: int, since: float, marks: Iterable[str] = ()) -> list[Process]:
    """Return what ``pid`` and its children have started since, parents first.

    ``marks``: words of the environment that a test's processes inherit; those that bear them all belong to it
    even if their parents have ended.
    """
    found, wanted = all_processes(), list(marks)
    own = {pid}
    while more := {p.pid for p in found.values() if p.parent in own} - own:
        own |= more
    # Those of before live on: a server of forks serves the tests that come.
    late = [p for p in found.values() if p.started >= since - 1 / _TICKS and p.pid not in (pid, os.getpid())]
    if wanted:
        for process in late:
            variables = _read(process.pid, "environ").split("\0")
            if all(any(variable.startswith(mark) for variable in variables) for mark in wanted):
                own.add(process.pid)
    return sorted((p for p in late if p.pid in own), key=lambda p: (p.started, p.pid))


def describe(process: Process, py_spy: Path) -> str:
    """Return what a process is and where it stands: its stack if it is a Python, or what it waits for."""
    words = " ".join(_read(process.pid, "cmdline").split("\0")).strip()
    where = _read(process.pid, "wchan").strip("0\n")
    lines = [f"process {process.pid}, child of {process.parent}: {words or '(gone)'}"]
    lines.append(f"  state {process.state}" + (f", waits in {where}" if where else ""))
    if "python" in Path(f"/proc/{process.pid}/exe").resolve().name and py_spy.is_file():
        with suppress(OSError, subprocess.TimeoutExpired):
            command = [str(py_spy), "dump", "--pid", str(process.pid)]
            said = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
            # Its first line repeats the command.
            lines += [f"  {line}" for line in said.stdout.splitlines()[1:] if line.strip()]
    return "\n".join(lines)


def kill(processes: Iterable[Process]) -> None:
    """End processes at once; those that are gone are gone."""
    for process in processes:
        there = find(process.pid)
        # A number may have been given out again.
        if there is not None and there.started == process.started:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
