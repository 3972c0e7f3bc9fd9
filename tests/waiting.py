"""Waiting in tests always ends: at a deadline far beyond what a busy machine takes."""

import subprocess
import time
from collections.abc import Callable

#: Seconds.
LIMIT = 120.0


def wait_until(
    holds: Callable[[], object],
    what: str,
    process: subprocess.Popen[str] | subprocess.Popen[bytes] | None = None,
    seconds: float = LIMIT,
) -> None:
    """Wait until something holds, or the test fails and says ``what`` it waited for.

    Args:
        holds: asked again and again.
        what: in a few words.
        process: that brings it about; the test fails when it ends before.
        seconds: after so many the test fails.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        assert process is None or process.poll() is None, f"it ended before {what}"
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.01)
