"""Waiting for other processes, never for good."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

#: Seconds after which a test does not wait any longer for what takes a few.
DEADLINE = 120.0


def wait_until(
    met: Callable[[], object], process: subprocess.Popen[str] | subprocess.Popen[bytes] | None = None
) -> None:
    """Wait until a condition is met; fail at the deadline, or when the process that should meet it ends."""
    until = time.monotonic() + DEADLINE
    while not met():
        assert process is None or process.poll() is None, "it ended before"
        assert time.monotonic() < until, f"not after {DEADLINE:.0f} s"
        time.sleep(0.02)
