"""How far a stage is, for its log."""

import time


class Pace:
    """Counts the parts of a stage, of which all take about as long."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._start = total, 0, time.monotonic()

    def step(self) -> str:
        """Count a part that is done and return how many are, with the seconds that the rest will take:
        ``2/8, left 30 s``."""
        self._done += 1
        left = (time.monotonic() - self._start) / self._done * (self._total - self._done)
        return f"{self._done}/{self._total}, left {left:.0f} s"
