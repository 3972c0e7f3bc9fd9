"""A function over many things, several at a time: to hash files or ask interpreters is mostly waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(function: Callable[[Item], Result], items: Iterable[Item], at_once: int) -> list[Result]:
    """Return the function's results in the order of the items; ``at_once`` run in threads.

    A program that is ending starts no threads: there they come one after the other.
    """
    waiting = list(items)
    try:
        with ThreadPoolExecutor(at_once) as pool:
            futures = [pool.submit(function, item) for item in waiting]
    except RuntimeError:
        return [function(item) for item in waiting]
    return [future.result() for future in futures]
