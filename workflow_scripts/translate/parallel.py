"""The two files of a direction, line for line.

Input: patterns such as ``text/{pair}.{source}.txt``, or the name of one file. Output: pairs of lines.
"""

from __future__ import annotations

from pathlib import Path

from workflow_scripts.errors import UserError
from workflow_scripts.translate.pipeline import count_lines, read_lines


def read_text(path: Path) -> list[str]:
    """Return the lines of a file; UserError at one that is not UTF-8 or holds a NUL byte."""
    count_lines(path)
    with path.open(encoding="utf-8-sig", newline="\n") as handle:
        return list(read_lines(handle))


def read_pairs(sources: Path, targets: Path) -> list[tuple[str, str]]:
    """Return the pairs of lines of two files.

    Raises:
        UserError: no lines, or not as many in one file as in the other, besides what ``read_text`` says.
    """
    one, other = read_text(sources), read_text(targets)
    if not other:
        raise UserError(f"{targets}: no lines, nothing to score")
    if len(one) != len(other):
        raise UserError(
            f"{sources} has {len(one)} lines but {targets} has {len(other)}: "
            f"line {min(len(one), len(other)) + 1} has no counterpart"
        )
    return list(zip(one, other, strict=True))
