"""Which direction's row each direction takes: drawn exchanges among directions of one side of the pivot."""

from collections.abc import Mapping, Sequence
from typing import Literal

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_sets import seed_of

#: With any other direction, with one of a language of its family, or with one of another family.
Partners = Literal["all", "within_family", "across_families"]
#: Further ones are hardly ever found after so many attempts.
ATTEMPTS = 500


def drawn_exchange(
    partners: Partners,
    directions: Sequence[str],
    pivot: str,
    families: Mapping[str, str],
    seed: int,
    draw: int = 1,
) -> dict[str, str]:
    """Return a permutation of directions without fixed points: each one → the one whose row it takes.

    Args:
        partners: which ones may be exchanged; never one out of the pivot with one into it.
        directions: all of them, each with the pivot on one side.
        pivot: that language.
        families: language → family; a language without one is a family of its own.
        seed: decides, with the number of the draw; the permutations of draws 1, 2, … differ.

    Raises:
        UserError: a direction has no partner, or there are fewer permutations than draws.
    """
    sides = _sides(directions, pivot)
    found: list[dict[str, str]] = []
    while len(found) < draw:
        for attempt in range(ATTEMPTS):
            seed_here = seed_of(seed, f"exchange {len(found) + 1} {attempt}")
            one = {key: value for side in sides for key, value in _side(partners, side, families, seed_here)}
            if one not in found:
                found.append(one)
                break
        else:
            raise UserError(f"{partners}: there are no {draw} different ones, but {len(found)}")
    return found[-1]


def _sides(directions: Sequence[str], pivot: str) -> list[dict[str, str]]:
    """Return the directions out of the pivot and those into it, each with its other language."""
    sides: list[dict[str, str]] = [{}, {}]
    for direction in directions:
        languages = split_direction(direction)
        if pivot not in languages:
            raise UserError(f"{direction} is neither out of the pivot nor into it; write pairs")
        side = languages.index(pivot)
        sides[side][direction] = languages[1 - side]
    return [side for side in sides if side]


def _side(
    partners: Partners, side: Mapping[str, str], families: Mapping[str, str], seed: int
) -> list[tuple[str, str]]:
    """Return the exchange of one side: a matching, in the order that the seed gives to all pairs."""
    family = {direction: families.get(language, language) for direction, language in side.items()}
    taken: dict[str, str] = {}

    def fits(one: str, other: str) -> bool:
        alike = family[one] == family[other]
        return one != other and (partners == "all" or alike == (partners == "within_family"))

    def place(one: str, tried: set[str]) -> bool:
        """Give a direction a row, others another one where they must make room (Kuhn's algorithm)."""
        for other in sorted(side, key=lambda name: seed_of(seed, f"{one} {name}")):
            if fits(one, other) and other not in tried:
                tried.add(other)
                if other not in taken or place(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    for one in sorted(side, key=lambda name: seed_of(seed, name)):
        if not place(one, set()):
            raise UserError(_alone(partners, one, list(side), family))
    whose = {one: other for other, one in taken.items()}
    return [(direction, whose[direction]) for direction in side]


def _alone(partners: Partners, one: str, side: Sequence[str], family: Mapping[str, str]) -> str:
    """Say why there is no exchange in which a direction has a partner."""
    if len(side) == 1:
        return f"{partners}: {one} is alone on its side of the pivot; there is nothing to exchange it with"
    if partners == "across_families":
        alike = [direction for direction in side if family[direction] == family[one]]
        return (
            f"{partners}: {len(alike)} of the {len(side)} directions on the side of {one} are of its family,"
            f" {family[one]}: more than half find no other; take within_family or all"
        )
    return f"{partners}: {one} is the only one of its family on its side of the pivot; take all"
