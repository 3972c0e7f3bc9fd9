"""When a training ends before it is done: its time is up, or a signal came; a further slice goes on.

SIGTERM is a preemption, or an end that somebody wants; SIGUSR1, of `sbatch --signal`, says that the time is
nearly up. Imports no torch.
"""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Self

#: Why an attempt ended before its training was done; its outcome in history.json.
TIME_LIMIT, SIGTERM = "time limit", "SIGTERM"
#: By rank: of what several processes have met, the last counts.
REASONS = (None, TIME_LIMIT, SIGTERM)
SIGNALS = {signal.SIGUSR1: TIME_LIMIT, signal.SIGTERM: SIGTERM}


class SliceEnded(Exception):
    """The training has saved checkpoint `update` and stops for now, in all its processes at once."""

    def __init__(self, reason: str, update: int) -> None:
        super().__init__(reason, update)
        self.reason, self.update = reason, update

    def __str__(self) -> str:
        return f"{self.reason} at update {self.update}"

    @classmethod
    def found_in(cls, traceback: str) -> Self | None:
        """Return the one that a traceback's text ends with: of another process that is all there is."""
        name = re.escape(f"{cls.__module__}.{cls.__name__}: ")
        found = re.search(rf"\n{name}(.+) at update (\d+)\s*$", traceback)
        return cls(found[1], int(found[2])) if found else None


@contextmanager
def handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call ``handler`` for the signals that end a slice, for the block."""
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class SliceWatch:
    """Watches the time and the signals of one process's training. Two updates as long as the longest so far,
    the longest writing of a checkpoint, and what is about to begin must fit, or the end `is_near`."""

    def __init__(self, is_near: Callable[[float], bool]) -> None:
        self._is_near = is_near
        self.longest = {"update": 0.0, "writing": 0.0, "validation": 0.0}
        self._signal: str | None = None

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Remember how long an "update", a "writing" or a "validation" takes."""
        begin = time.monotonic()
        yield
        self.longest[what] = max(self.longest[what], time.monotonic() - begin)

    def reason(self, *, before_validation: bool = False) -> str | None:
        """Return why this process is to stop now; None if it goes on."""
        needed = 2 * self.longest["update"] + self.longest["writing"]
        if before_validation:
            needed += self.longest["validation"]
        return self._signal or (TIME_LIMIT if self._is_near(needed) else None)

    def signals(self) -> AbstractContextManager[None]:
        """Take note of signals instead of ending by them."""
        return handling(self._note)

    def _note(self, number: int, _: FrameType | None) -> None:
        reason = SIGNALS[signal.Signals(number)]
        self._signal = SIGTERM if SIGTERM in (self._signal, reason) else reason
