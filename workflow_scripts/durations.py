"""How a time span is written for people. Input: seconds. Output: a short text. Standard library only."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Return hours and minutes, rounded up to whole minutes: 5400 -> ``1:30``."""
    minutes = int(-(-max(seconds, 0) // 60))
    return f"{minutes // 60}:{minutes % 60:02d}"
