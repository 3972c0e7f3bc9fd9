"""What is laid on a network for a time, one named row of it after the other: masks, adapters."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Self


class Laying(ABC):
    """Rows of one kind for one network, at most one of them on it."""

    @abstractmethod
    def select(self, row: str) -> None:
        """Lay one row on the network, until ``clear``; UserError for an unknown name."""

    @abstractmethod
    def clear(self) -> None:
        """Take all away: the network is the plain one again."""

    @abstractmethod
    def check_fired(self) -> None:
        """Raise RuntimeError where what was laid has not been used since."""

    def use(self, row: str) -> AbstractContextManager[Self]:
        """Select one row for the block; at its end check that all of it was used. Always cleared."""
        return self._using(lambda: self.select(row))

    @contextmanager
    def _using(self, select: Callable[[], None]) -> Iterator[Self]:
        try:
            select()
            yield self
            self.check_fired()
        finally:
            self.clear()
