"""Tasks of an analysis: directions, or groups of directions that are taken together.

Standard library only.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from workflow_scripts.common.directions import ends_of
from workflow_scripts.common.errors import UserError

By = Literal["direction", "language", "family", "side"]
BY: tuple[By, ...] = get_args(By)
#: Names of the sides of the pivot: one-to-many and many-to-one.
OUT, INTO = "out of {pivot}", "into {pivot}"


def tasks_of(
    directions: Sequence[str],
    by: By = "direction",
    pivot: str | None = None,
    families: Mapping[str, str] | None = None,
) -> dict[str, list[str]]:
    """Return the directions of each task, in the order of ``directions``.

    ``by``: ``direction``, each is a task; ``language`` and ``family``, those of one language or family beside
    the pivot, either way round (without a pivot, of one pair of them); ``side``, those out of the pivot, and
    those into it. ``families``: language → family; a language without one is its own.

    UserError: fewer than two tasks; ``side`` without a pivot, or with a direction that lacks it.
    """
    found: dict[str, list[str]] = {}
    for direction in directions:
        found.setdefault(_task(direction, by, pivot, families or {}), []).append(direction)
    if len(found) < 2:
        said = f"{' '.join(directions) or 'no direction'} {'are one task' if found else 'is no task'}"
        raise UserError(f"--tasks {by}: {said}; a task is compared with others, so take more directions")
    return found


def _task(direction: str, by: By, pivot: str | None, families: Mapping[str, str]) -> str:
    if by == "direction":
        return direction
    source, target = ends_of(direction)
    if by == "side":
        if pivot is None or pivot not in (source, target):
            raise UserError(f"--tasks side: {direction} is neither out of the pivot {pivot!r} nor into it")
        return (OUT if source == pivot else INTO).format(pivot=pivot)
    ends = {one for one in (source, target) if one not in (None, pivot)}
    return "+".join(sorted({families.get(one, one) for one in ends} if by == "family" else ends))
