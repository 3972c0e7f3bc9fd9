"""How far a long program is, on stderr: on a terminal one line that changes, else a line a step."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType

SECONDS = 1.0  # between two looks at the clock, on a terminal


class Progress:
    """One stage; a context, so that the line on a terminal is cleared at its end."""

    def __init__(self, doing: str, total: int, unit: str = "directions") -> None:
        """Begin: ``doing`` is what has been done, such as ``scored``, of ``total`` of a ``unit``."""
        self._doing, self._total, self._unit = doing, total, unit
        self._done, self._last = 0, ""
        self._start = time.monotonic()
        self._alive = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        """On a terminal show the clock, so that one sees that something goes on."""
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line."""
        if self._thread is not None:
            self._alive.set()
            self._thread.join()
            _write("\r\x1b[K")

    def done(self, name: str) -> None:
        """Tell that one more is done."""
        self._done += 1
        self._last = f" ({name})"
        if self._thread is None:
            print(self._line(), file=sys.stderr, flush=True)

    def _line(self) -> str:
        return f"{self._doing} {self._done} of {self._total} {self._unit}{self._last}"

    def _tick(self) -> None:
        while not self._alive.wait(SECONDS):
            seconds = time.monotonic() - self._start
            _write(f"\r\x1b[K{self._line()}, {seconds:.0f} s")


def _write(text: str) -> None:
    """Write without a lock of Python's: a process that is forked meanwhile would find it taken for good."""
    try:
        os.write(sys.stderr.fileno(), text.encode())
    except (OSError, ValueError):  # no file
        sys.stderr.write(text)
