"""What an experiment was made with: packages of every environment, version of the code, the machine."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import psutil

from workflow_scripts.workflow.software.environments import RUN_ENVIRONMENTS, canonical_name, read_lock

PROBE_SECONDS = 60
_ASK = (
    "import json, platform; from importlib.metadata import distributions as d;"
    " print(json.dumps({'python': platform.python_version(), 'packages': {x.name: x.version for x in d()}}))"
)


def _said(*command: str | Path) -> str | None:
    """Return what a program prints; None if it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PROBE_SECONDS, stdin=subprocess.DEVNULL,
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def environments(venvs: Path | None, names: Sequence[str] = RUN_ENVIRONMENTS) -> dict[str, dict[str, Any]]:
    """Return packages of environments: those of its interpreter, or (``"from": "lock"``) its pins."""
    found = mapped(lambda name: _environment(name, venvs), names, len(names))
    return dict(zip(names, found, strict=True))


def _environment(name: str, venvs: Path | None) -> dict[str, Any]:
    # Isolated: packages on the user's PYTHONPATH do not belong to the environment.
    said = venvs and _said(venvs / name / "bin" / "python", "-I", "-c", _ASK)
    if not said:
        return {"from": "lock", "packages": read_lock(name)}
    asked = json.loads(said)
    packages = {canonical_name(package): version for package, version in asked["packages"].items()}
    return {"from": "interpreter", "python": asked["python"], "packages": dict(sorted(packages.items()))}


def code(checkout: Path) -> dict[str, Any] | None:
    """Return a checkout's commit and the files that differ from it; None if git does not know it."""
    top = _said("git", "-C", checkout, "rev-parse", "--show-toplevel")
    if top is None or Path(top.strip()) != checkout.resolve():
        return None
    commit = _said("git", "-C", checkout, "rev-parse", "--verify", "HEAD")
    status = _said("git", "-C", checkout, "status", "--porcelain", "-z", "--no-renames")
    if commit is None or status is None:
        return None
    changed = [entry[3:] for entry in status.split("\0") if entry]
    return {"commit": commit.strip(), "clean": not changed, "changed": changed}


def hardware() -> dict[str, Any]:
    """Return this machine's processor, cores that may be used, memory (bytes) and GPUs."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": _processor(),
        "cores": usable,
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": _gpus(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _gpus() -> list[dict[str, Any]]:
    program = shutil.which("nvidia-smi")
    fields = ("name", "memory_mib", "driver")
    asked = "--query-gpu=name,memory.total,driver_version"
    said = program and _said(program, asked, "--format=csv,noheader,nounits")
    rows = [[value.strip() for value in line.split(",")] for line in (said or "").splitlines()]
    return [dict(zip(fields, row, strict=True)) for row in rows if len(row) == len(fields)]


Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(function: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> list[Result]:
    """Return the results in order, ``at_once`` in threads; a program that is ending starts none."""
    waiting = list(items)
    try:
        with ThreadPoolExecutor(at_once) as pool:
            futures = [pool.submit(function, item) for item in waiting]
    except RuntimeError:
        return [function(item) for item in waiting]
    return [future.result() for future in futures]
