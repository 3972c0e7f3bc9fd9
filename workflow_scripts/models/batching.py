"""Which lines of a text are in a batch together, by their lengths; whichever library reads them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError

Lengths = NDArray[np.integer[Any]]
Lines = NDArray[np.int64]


def cut(lengths: Lengths, max_tokens: int) -> Iterator[slice]:
    """Cut sentences of ``lengths``, in order, into runs of at most ``max_tokens`` padded positions."""
    start, longest = 0, 0
    for end, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        if end > start and longest * (end + 1 - start) > max_tokens:
            yield slice(start, end)
            start, longest = end, length
    if start < len(lengths):
        yield slice(start, len(lengths))


def by_source(
    name: str, sources: Lengths, targets: Lengths, max_tokens: int, max_positions: int, max_lines: int | None
) -> tuple[list[Lines], int]:
    """Return the lines of each batch by source length, then line, cut by the source alone: the same for equal
    sources. And how many sentences are skipped, as they are over ``max_positions``. UserError if none is
    left. ``name``: of the direction. ``max_lines``: use the first so many lines."""
    sources, targets = sources[:max_lines].astype(np.int64), targets[:max_lines]
    lines = np.argsort(sources, kind="stable")
    lines = lines[np.maximum(sources, targets)[lines] <= max_positions]
    check_some(name, lines, max_positions)
    return [lines[run] for run in cut(sources[lines], max_tokens)], len(sources) - len(lines)


def by_length(
    name: str, sources: Lengths, targets: Lengths, max_tokens: int, max_positions: int, max_lines: int | None
) -> tuple[list[Lines], int]:
    """Return the lines of each batch by source, then target length, then line, cut by the longer of the two
    sides; else as ``by_source``."""
    sources, targets = sources[:max_lines].astype(np.int64), targets[:max_lines].astype(np.int64)
    lengths = np.maximum(sources, targets)
    limit = min(max_positions, max_tokens)
    lines = np.lexsort((targets, sources))
    lines = lines[lengths[lines] <= limit]
    check_some(name, lines, limit)
    return [lines[run] for run in cut(lengths[lines], max_tokens)], len(lengths) - len(lines)


def check_some(name: str, lines: Lines, limit: int) -> None:
    """Raise UserError if no line is left."""
    if len(lines) == 0:
        raise UserError(f"direction {name}: no line has at most {limit} positions")
