"""Seeded draws that are the same on every Python version and platform.

``random`` has changed between Python versions, so this is splitmix64 (Steele, Lea and Flood 2014), seeded by
the SHA-256 of a label.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

Item = TypeVar("Item")

_WORD = (1 << 64) - 1
# Constants of the published splitmix64.
_STEP = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB


class Draws:
    """A stream of draws named by its labels: streams of other labels are independent of it."""

    def __init__(self, *labels: int | str) -> None:
        name = "\x1f".join(str(label) for label in labels)
        self._state = int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "big")

    def word(self) -> int:
        """Return the next 64 random bits."""
        self._state = (self._state + _STEP) & _WORD
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * _MIX_1) & _WORD
        mixed = ((mixed ^ (mixed >> 27)) * _MIX_2) & _WORD
        return mixed ^ (mixed >> 31)

    def below(self, bound: int) -> int:
        """Return an integer in ``0 … bound - 1``; the bias of at most bound / 2**64 is of no account here."""
        return (self.word() * bound) >> 64

    def chance(self, percent: int) -> bool:
        """Return True in ``percent`` of 100 cases."""
        return self.below(100) < percent

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of ``items``, all equally likely."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return ``items`` in random order (Fisher and Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


class Zipf:
    """Items drawn with a frequency that falls with their rank: weight 1 / (rank + offset)."""

    # Flattens the head, as Mandelbrot's form of the law does: else one noun would fill a fifth of all places.
    OFFSET = 3
    SCALE = 1_000_000

    def __init__(self, items: Sequence[str]) -> None:
        self._items = tuple(items)
        self._bounds = list(accumulate(self.SCALE // (rank + self.OFFSET) for rank in range(len(items))))

    def pick(self, draws: Draws) -> str:
        """Return one item."""
        return self._items[bisect_right(self._bounds, draws.below(self._bounds[-1]))]
