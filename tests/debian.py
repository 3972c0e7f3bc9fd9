"""Debian's packages for suites that need a program or a service, installed where this user may."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

INSTALL_SECONDS = 600.0
#: apt-get is one program at a time: a suite that begins beside another one waits for it.
LOCK = "neuronspec-packages.lock"


def install(missing: Callable[[], str | None], packages: Sequence[str]) -> str | None:
    """Install packages where something is missing and this user may; return why it is missing even so.

    Args:
        missing: says what is missing, or None.
    """
    reason = missing()
    if reason is None or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return reason
    with (Path(tempfile.gettempdir()) / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (reason := missing()) is None:
            return None
        for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", *packages]):
            if said := _failed(command):
                reason = f"{missing()}; apt-get {command[0]}{said}"
    return reason if missing() else None


def _failed(command: Sequence[str]) -> str | None:
    """Return why apt-get did not do it, or None."""
    try:
        done = subprocess.run(
            ["apt-get", "-y", *command], capture_output=True, text=True, timeout=INSTALL_SECONDS,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f" took more than {INSTALL_SECONDS:.0f} s"
    if done.returncode == 0:
        return None
    return f": {''.join(done.stderr.strip().splitlines()[-1:]) or f'exit status {done.returncode}'}"
