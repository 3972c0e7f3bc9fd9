"""How a time span is written, for people and by SLURM. Standard library only."""

import math
import re

_SLURM = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)")


def clock(seconds: float) -> str:
    """Return hours and minutes, rounded up to whole minutes: 5400 -> ``1:30``."""
    minutes = int(-(-max(seconds, 0) // 60))
    return f"{minutes // 60}:{minutes % 60:02d}"


def seconds_of(text: str) -> float | None:
    """Return the seconds that SLURM means by MM:SS, HH:MM:SS or D-HH:MM:SS; infinity where it sets no limit.
    None for what is not a time: INVALID, NOT_SET, n/a, several lines."""
    if text.strip().upper() in ("UNLIMITED", "INFINITE"):
        return math.inf
    found = _SLURM.fullmatch(text.strip())
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24.0 + hours) * 60 + minutes) * 60 + seconds
