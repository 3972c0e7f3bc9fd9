"""Which directions an average is over: groups, sides, and named directions left out.

A direction belongs to a group when all its languages but the pivot do: ``en-de`` and ``de-en`` to de's group,
``de-nl`` to the group that has both. The side "both" is the mean of the two sides, as in the paper's tables.
"""

from collections.abc import Iterable, Mapping, Sequence

from workflow_scripts.common.checked_options import ALL, DIRECTION, Groupings
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest

OUT, INTO, BOTH, OTHER = "out of pivot", "into pivot", "both", "other"
SIDES = (OUT, INTO, BOTH, OTHER)
# Groupings come in this order: all, the user's, single directions.
Row = tuple[str, str, str, list[list[str]]]  # grouping, group, side, parts


def side_of(direction: str, pivot: str) -> str:
    """Return the side of a direction: out of the pivot, into it, or other (without the pivot)."""
    source, target = split_direction(direction)
    return OUT if source == pivot else INTO if target == pivot else OTHER


def main_side(sides: Sequence[str]) -> str:
    """Return the most comprehensive of the sides that there are: both, or else the first."""
    return BOTH if BOTH in sides else sides[0]


def members(directions: Sequence[str], pivot: str, languages: Iterable[str] | None) -> dict[str, list[str]]:
    """Return the directions of each non-empty side; ``languages`` of a group, None for all."""
    allowed = None if languages is None else {*languages, pivot}
    sides: dict[str, list[str]] = {}
    for direction in directions:
        if allowed is None or set(direction.split("-")) <= allowed:
            sides.setdefault(side_of(direction, pivot), []).append(direction)
    return {side: sides[side] for side in (OUT, INTO, OTHER) if side in sides}


def layout(directions: Sequence[str], pivot: str, groups: Groupings) -> tuple[list[Row], list[str]]:
    """Return the rows of every table and what is left out. A row is (grouping, group, side, parts): its value
    is the mean over parts of the mean over a part's directions (one part, or the two sides for "both")."""
    rows: list[Row] = []
    skipped: list[str] = []
    named: list[tuple[str, str, list[str] | None]] = [(ALL, ALL, None)]
    named += [(grouping, group, langs) for grouping, by in groups.items() for group, langs in by.items()]
    for grouping, group, languages in named:
        sides = members(directions, pivot, languages)
        expected = (OUT, INTO) if pivot else (OTHER,)
        absent = [side for side in expected if side not in sides]
        if absent:
            skipped.append(f"{grouping}/{group}: no direction {' and none '.join(absent)}")
        rows += [(grouping, group, side, [listed]) for side, listed in sides.items()]
        if OUT in sides and INTO in sides:
            rows.append((grouping, group, BOTH, [sides[OUT], sides[INTO]]))
    rows += [(DIRECTION, direction, side_of(direction, pivot), [[direction]]) for direction in directions]
    return rows, skipped


def layouts(
    directions: Sequence[str], pivot: str, groups: Groupings, without: Mapping[str, Sequence[str]]
) -> tuple[list[tuple[str, Row]], list[str]]:
    """Return the rows with all directions and, after them, those without named ones, each with that name.
    Raises UserError: an exclusion leaves no direction, or names one that the experiment has not."""
    rows, skipped = layout(directions, pivot, groups)
    named = [("", row) for row in rows]
    for name, excluded in without.items():
        for direction in excluded:
            if direction not in directions:
                raise UserError(f"without {name}: no direction {direction}{nearest(direction, directions)}")
        left = [direction for direction in directions if direction not in excluded]
        if not left:
            raise UserError(f"without {name}: no direction is left")
        rows, more = layout(left, pivot, groups)
        named += [(name, row) for row in rows if row[0] != DIRECTION]
        skipped += [f"without {name}, {item}" for item in more if item not in skipped]
    return named, skipped
