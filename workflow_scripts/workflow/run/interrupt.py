"""Ctrl-C in a run: noticed from the start, and answered in one line.

It waits while programs are imported: a blocked signal stays blocked through an exec.
"""

import signal
import sys
import threading
from types import FrameType, TracebackType

#: The last line of a run that was stopped.
STOPPED = "stopped; the same command goes on"
#: By then the main thread of a process, which gets all signals, has noticed one.
NOTICE_SECONDS = 1.0


class Interrupt:
    """Whether a user has stopped this process."""

    def __init__(self) -> None:
        self._came = threading.Event()

    @property
    def came(self) -> bool:
        """Whether it has been noticed."""
        return self._came.is_set()

    def may_have_come(self) -> bool:
        """Return whether a user has stopped it; in a thread, once the main one may have noticed."""
        if threading.current_thread() is threading.main_thread():
            return self.came
        return self._came.wait(NOTICE_SECONDS)

    def watch(self) -> None:
        """Notice Ctrl-C from now on, also one that waits; not where interrupts are ignored (`nohup … &`)."""
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._notice)
        sys.excepthook = self._unless_stopped
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _unless_stopped(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not (self.came and issubclass(kind, KeyboardInterrupt)):
            sys.__excepthook__(kind, error, trace)

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self._came.set()
        signal.default_int_handler(number, frame)

    def say(self) -> None:
        """Say so, if a user stopped the run."""
        if self.came:
            print(STOPPED, file=sys.stderr, flush=True)


def let_wait() -> None:
    """Let interrupts wait for the program that this process becomes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
