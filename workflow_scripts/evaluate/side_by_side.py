"""The same work for many directions in several processes; the answers do not depend on how many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from workflow_scripts.errors import UserError
from workflow_scripts.options import at_least

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def side_by_side(
    work: Callable[[Task], Answer],
    tasks: Sequence[Task],
    processes: int,
    done: Callable[[int], None] = lambda number: None,
) -> list[Answer]:
    """Return ``work(task)`` of every task; one process starts none; ``done`` gets each task's number.

    Raises UserError: less than one process, or one was killed, as for want of memory.
    """
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
