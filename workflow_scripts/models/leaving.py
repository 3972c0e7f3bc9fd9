"""Whether a training is to end now: its time is up, or a signal has come.

It is asked after each update and each batch of a validation; every process of a training gets the same
answer. SIGTERM is a preemption or an end that somebody wants; SIGUSR1, of `sbatch --signal`, says that the
time is nearly up.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import torch

from workflow_scripts.models.deadline import Deadline
from workflow_scripts.models.slices import SIGTERM, TIME_LIMIT

# By rank: of what several processes have met, the last counts.
_REASONS = (None, TIME_LIMIT, SIGTERM)
#: What ends a slice, and why it says so.
SIGNALS = {signal.SIGUSR1: TIME_LIMIT, signal.SIGTERM: SIGTERM}


class Leaving:
    """The time and the signals of one process's training.

    It is not begun what would not be done by the end: two updates as long as the longest so far and the
    longest writing of a checkpoint are kept free, and what the caller is about to begin.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.longest = {"update": 0.0, "writing": 0.0, "validation": 0.0}
        self._signal: str | None = None

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Remember how long an "update", a "writing" or a "validation" takes."""
        begin = time.monotonic()
        yield
        self.longest[what] = max(self.longest[what], time.monotonic() - begin)

    def reason(self, *, before_validation: bool = False) -> str | None:
        """Return why to leave now, if so. All processes of a training must ask at the same places."""
        longest = self.longest
        needed = 2 * longest["update"] + longest["writing"]
        if before_validation:
            needed += longest["validation"]
        found = self._signal or (TIME_LIMIT if self.deadline.is_near(needed) else None)
        return _REASONS[_highest_of_all(_REASONS.index(found))]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take note of signals instead of ending by them."""
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        reason = SIGNALS[signal.Signals(number)]
        self._signal = SIGTERM if SIGTERM in (self._signal, reason) else reason


def _highest_of_all(value: int) -> int:
    """Return the largest `value` of all processes of the training; alone: the value itself."""
    if not torch.distributed.is_initialized():
        return value
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    most = torch.tensor([value], device=device)
    torch.distributed.all_reduce(most, op=torch.distributed.ReduceOp.MAX)
    return int(most.item())
