"""Jobs in processes of their own, as the rules start them, and what each took."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RUN_IN = ROOT / "envs/bin/run-in"
VENVS = Path(os.environ.get("NEURONSPEC_VENVS") or ROOT / ".venvs")
SHARED = Path(os.environ.get("NEURONSPEC_SHARED") or ROOT.parent / "shared")


class Took(NamedTuple):
    """Wall seconds, CPU seconds (which a loaded machine does not stretch), and peak memory in MB."""

    wall: float
    cpu: float
    peak: float


def stage(environment: str, module: str, words: str, *more: object) -> list[str]:
    """Return the command of a stage; ``words`` are parted at blanks, ``more`` are taken whole."""
    return [str(RUN_IN), environment, f"workflow_scripts.{module}", *words.split(), *map(str, more)]


def python(environment: str, *words: object) -> list[str]:
    return [str(VENVS / environment / "bin/python"), *map(str, words)]


def run_once(command: Sequence[str], folder: Path = ROOT, log: Path | None = None, threads: int = 1) -> Took:
    """Run a command in a folder, its output in ``log``; stop with its own words where it fails."""
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as name:
        out, errors = log or Path(name) / "out", Path(name) / "errors"
        started = time.perf_counter()
        if not (pid := os.fork()):
            os.chdir(folder)
            for number, path in ((1, out), (2, errors)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
            os.execve(command[0], list(command), variables)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - started
        if status:
            said = "".join(path.read_text(errors="replace")[-3000:] for path in (out, errors))
            raise SystemExit(f"failed: {' '.join(command)[:300]}\n{said}")
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
