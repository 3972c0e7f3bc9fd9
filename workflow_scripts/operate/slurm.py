"""Ask one of SLURM's programs. Input: its command line. Output: what it said, or that it did not answer."""

from __future__ import annotations

import subprocess

#: Seconds that a controller has to answer.
ANSWER_SECONDS = 30.0


def ask(*command: str, seconds: float = ANSWER_SECONDS) -> subprocess.CompletedProcess[str] | None:
    """Return how a program ended and what it said; None if it is not there, or does not answer in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
