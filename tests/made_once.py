"""What several tests need, made once in a test run, in however many processes pytest runs them.

A folder in the test run's own temporary one; a lock of the operating system's, which ends with its process,
lets the others wait for the first. For fixtures of the scope `session`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

#: Set by pytest-xdist in each of its processes, whose temporary folders lie in a common one.
WORKER = "PYTEST_XDIST_WORKER"
#: Seconds to wait for the process that makes it, and between two looks.
PATIENCE, LOOK = 800.0, 0.2


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object], patience: float = PATIENCE
) -> Path:
    """Return a folder that `make` has filled, in this process or another.

    Nothing may be changed in it: what changes something works on a copy (`shutil.copytree` keeps the times).
    If `make` fails, each process that wants it tries for itself.

    Raises:
        TimeoutError: another process is at it for longer than `patience` seconds.
    """
    base = factory.getbasetemp()
    if WORKER in os.environ:
        base = base.parent
    folder, made = base / name, base / f"{name}.made"
    with (base / f"{name}.lock").open("w") as lock, _held(lock, patience):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@contextmanager
def _held(lock: IO[str], patience: float) -> Iterator[None]:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise TimeoutError(f"{lock.name}: another process has held it for {patience:.0f} s") from None
            time.sleep(LOOK)
        else:
            break
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
