"""Sort examples by length and group them by direction, fast enough for 36 million examples an epoch.

Every sort is stable: equal lengths keep the order of the draw.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]

# Examples grouped at a time: temporary arrays stay in the processor's cache.
BLOCK = 1 << 16


def number_type(examples: int) -> type[np.signedinteger[Any]]:
    """Return the smaller integer type that holds every example's number: half the memory below 2**31."""
    return np.int32 if examples <= np.iinfo(np.int32).max else np.int64


def direction_numbers(indices: Integers, offsets: Integers) -> NDArray[np.int16]:
    """Return the direction's number of each example, int16 [n]; `offsets` [directions + 1] starts with 0."""
    # A table of all examples: searching the offsets for each of millions takes twice as long.
    table = np.empty(offsets[-1], dtype=np.uint8 if len(offsets) <= 256 else np.int16)
    for number, (start, end) in enumerate(pairwise(offsets)):
        table[start:end] = number
    numbers = np.empty(len(indices), dtype=np.int16)
    for start in range(0, len(indices), BLOCK):
        numbers[start : start + BLOCK] = table[indices[start : start + BLOCK]]
    return numbers


def group_by_direction(indices: Integers, offsets: Integers) -> list[Integers]:
    """Return the examples of each direction in the order given, views of one array; some may be empty."""
    directions = len(offsets) - 1
    numbers = direction_numbers(indices, offsets)
    starts = range(0, len(indices), BLOCK)
    counts = np.zeros((len(starts), directions), dtype=np.int64)
    for block, start in enumerate(starts):
        counts[block] = np.bincount(numbers[start : start + BLOCK], minlength=directions)
    ends = np.cumsum(counts.sum(axis=0))
    if (numbers[1:] >= numbers[:-1]).all():
        return np.split(indices, ends[:-1])
    grouped = np.empty_like(indices)
    free = ends - counts.sum(axis=0)
    for block, start in enumerate(starts):
        order = np.argsort(numbers[start : start + BLOCK], kind="stable")
        parts = np.split(indices[start : start + BLOCK][order], np.cumsum(counts[block])[:-1])
        for number, part in enumerate(parts):
            grouped[free[number] : free[number] + len(part)] = part
        free += counts[block]
    return np.split(grouped, ends[:-1])


def sort_by_length(indices: Integers, source_sizes: Integers, target_sizes: Integers) -> Integers:
    """Return `indices` by source, then target length, as np.lexsort would, but in linear time."""
    for sizes in (target_sizes, source_sizes):
        keys = sizes[indices]
        if len(keys) and keys.max() <= np.iinfo(np.uint16).max:
            keys = keys.astype(np.uint16)
        indices = indices[np.argsort(keys, kind="stable")]
    return indices
