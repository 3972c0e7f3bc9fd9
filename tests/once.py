"""A folder that tests of several workers share: the first one that asks makes it, the others wait for it."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

DONE = "made"


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``name`` of this run of pytest, made by ``make`` in one worker.

    For session fixtures that take long and that no test changes. What failed is made again by the next one.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder of its own in that of the run
    place = base / f"once-{name}"
    with (base / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / DONE).exists():
            shutil.rmtree(place, ignore_errors=True)
            (place / "folder").mkdir(parents=True)
            make(place / "folder")
            (place / DONE).touch()
    return place / "folder"
