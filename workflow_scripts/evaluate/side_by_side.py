"""The same work for many directions, several at a time.

In:  a function of a module, and what it is called with.
Out: its answers in that order, the same however many processes work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from workflow_scripts.errors import UserError
from workflow_scripts.options import at_least

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def side_by_side(work: Callable[[Task], Answer], tasks: Sequence[Task], processes: int) -> list[Answer]:
    """Return ``work(task)`` of every task.

    Args:
        processes: at least 1, which starts none.

    Raises:
        UserError: less than one process, or one was killed, as for want of memory.
    """
    at_least("processes", processes, 1)
    if processes == 1 or len(tasks) < 2:
        return list(map(work, tasks))
    try:
        with ProcessPoolExecutor(min(processes, len(tasks))) as pool:
            return list(pool.map(work, tasks))
    except BrokenProcessPool:
        raise UserError(
            f"--processes {processes}: one was killed, perhaps for want of memory; take fewer, or give the "
            "job more memory"
        ) from None
