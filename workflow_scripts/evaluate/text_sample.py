"""Lines taken evenly from large text files, reading little more than these lines.

Files are cut into stretches of equal bytes; of each the first line is taken. The same files give the same
lines.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from workflow_scripts.errors import UserError


def sample_lines(files: Sequence[str | Path], most: int) -> list[str]:
    """Return at most ``most`` different lines, without surrounding blanks and blank ones, in file order.

    Each file gives lines in proportion to its size. The k-th of K files is entered k/K of a stretch later
    than the first: parallel files repeat one text, and would give the same lines again. A file of fewer lines
    than it should give gives (nearly) all: of two lines within one stretch, the first. Raises UserError: a
    line is not UTF-8.
    """
    sizes = [Path(file).stat().st_size for file in files]
    lines: dict[str, None] = {}
    for number, (file, size) in enumerate(zip(files, sizes, strict=True)):
        if size:
            share = max(1, round(most * size / sum(sizes)))
            lines.update(dict.fromkeys(_of_file(Path(file), size, share, number / len(files))))
    lines.pop("", None)
    return list(lines)[:most]


def _of_file(file: Path, size: int, count: int, phase: float) -> Iterator[str]:
    starts = [0, *(int((stretch + phase) * size / count) for stretch in range(count)), size]
    with file.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start, end in pairwise(starts):
            # From the byte before, so that a line which begins right at `start` is found.
            begin = content.find(b"\n", start - 1, end) + 1 if start else 0
            if (begin == 0 and start) or begin >= end:
                continue
            stop = content.find(b"\n", begin)
            try:
                yield content[begin : stop if stop >= 0 else size].decode("utf-8").strip()
            except UnicodeDecodeError:
                raise UserError(
                    f"{file}: not UTF-8 in the line at byte {begin}; convert it with iconv"
                ) from None
