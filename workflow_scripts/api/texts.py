"""Text that a model is given: lists of lines, or files."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.parallel_text import read_lines

#: A text: its lines, or the path of a UTF-8 file of one sentence a line.
Lines = str | Path | Sequence[str]


def lines_of(given: Lines, what: str) -> list[str]:
    """Return the lines of a text; UserError, with ``what`` it is, for a file that is missing or not text."""
    if not isinstance(given, str | Path):
        return list(given)
    if not Path(given).is_file():
        raise UserError(f"{what}: there is no file {str(given)!r:.80}; lines themselves are given as a list")
    return read_lines(given)


def parallel(direction: str, source: Lines, target: Lines) -> tuple[list[str], list[str]]:
    """Return the lines of both sides of a direction, equally many; UserError if they are not, or none."""
    names = split_direction(direction)
    given = zip(names, (source, target), strict=True)
    sources, targets = (lines_of(text, f"{name} of {direction}") for name, text in given)
    if len(sources) != len(targets):
        raise UserError(f"{direction}: {len(sources)} lines of {names[0]}, but {len(targets)} of {names[1]}")
    if not sources:
        raise UserError(f"{direction}: there are no lines")
    return sources, targets
