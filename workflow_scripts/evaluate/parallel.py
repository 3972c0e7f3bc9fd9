"""The same work for many directions in several processes, and on stderr how far it is."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import TypeVar

from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.errors import UserError

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def in_parallel(
    work: Callable[[Task], Answer],
    tasks: Sequence[Task],
    processes: int,
    done: Callable[[int], None] = lambda number: None,
) -> list[Answer]:
    """Return ``work(task)`` of every task; one process starts none; ``done`` gets each task's number. Raises
    UserError: less than one process, or one was killed, as for want of memory."""
    at_least("processes", processes, 1)
    answers: dict[int, Answer] = {}
    if processes == 1 or len(tasks) < 2:
        for number, task in enumerate(tasks):
            answers[number] = work(task)
            done(number)
        return list(answers.values())
    try:
        with ProcessPoolExecutor(min(processes, len(tasks))) as pool:
            futures = {pool.submit(work, task): number for number, task in enumerate(tasks)}
            try:
                for future in as_completed(futures):
                    answers[futures[future]] = future.result()
                    done(futures[future])
            finally:  # of those that have not begun, where one has failed
                pool.shutdown(wait=False, cancel_futures=True)
        return [answers[number] for number in range(len(tasks))]
    except BrokenProcessPool:
        raise UserError(
            f"--processes {processes}: one was killed, perhaps for want of memory; take fewer, or give the "
            "job more memory"
        ) from None


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
