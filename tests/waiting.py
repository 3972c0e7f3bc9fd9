"""Waiting in tests always ends: at a deadline far beyond what a busy machine takes."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds.
LIMIT = 120.0


def wait_until(holds: Callable[[], bool], what: str, seconds: float = LIMIT) -> None:
    """Wait until something holds; the test fails, saying `what` it waited for, after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.01)
