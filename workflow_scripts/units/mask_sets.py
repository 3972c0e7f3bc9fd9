"""Masks made of other masks: controls of the same size, and the units that directions have in common.

``ROWS`` names the kinds; the first sentence of each one's function says what a direction's row keeps. A
direction's *group* is all rows of the table, or with ``by: language`` (``family``) the rows between the same
two languages (families), either way round.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import ends_of, split_direction
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace

By = Literal["language", "family"]
#: Which units are kept, bool [units].
Keep = NDArray[np.bool_]
#: The same of one or several rows as bits, uint8 [bytes] or [rows, bytes]: rows of weights are large.
Bits = NDArray[np.uint8]

#: Fewest rows that have a majority other than all of them, and fewest that can share units.
SMALLEST_MAJORITY, SMALLEST_SHARING = 3, 2


@dataclass(frozen=True)
class Groups:
    """How directions are grouped; ``families``: language -> family, a language without one is its own."""

    by: By | None = None
    families: Mapping[str, str] | None = None

    def of_language(self, language: str) -> str:
        """Return the group of one language."""
        return (self.families or {}).get(language, language) if self.by == "family" else language

    def members(self, direction: str, rows: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows are of the direction's group, bool [rows]."""
        return np.array([self._pair(row) == self._pair(direction) for row in rows])

    def _pair(self, direction: str) -> frozenset[str]:
        if self.by is None:
            return frozenset()
        return frozenset(self.of_language(one) for one in ends_of(direction) if one is not None)


def seed_of(seed: int, name: str) -> int:
    """Return the seed of one row or group: adding another changes none that are there."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def random_like(keep: Keep, space: UnitSpace, seed: int) -> Keep:
    """Return a random mask (bool [units]) that keeps as many units in every group as ``keep`` does."""
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = np.zeros(space.size, dtype=np.bool_)
    for span in space.slices().values():
        count = int(keep[span].sum())
        drawn[span][generator.permutation(span.stop - span.start)[:count]] = True
    return drawn


def random_rows(like: MaskTable, directions: Sequence[str], seed: int) -> Bits:
    """As many units of every layer as its own row, drawn at random for each direction by its name."""
    drawn = (random_like(like.row(name), like.space, seed_of(seed, name)) for name in directions)
    return np.stack([np.packbits(row) for row in drawn])


def shuffled(like: MaskTable, directions: Sequence[str], seed: int) -> Bits:
    """Its own row after one exchange of each layer's units: sizes of rows and of their overlaps stay."""
    exchange = np.empty(like.space.size, dtype=np.int64)
    for key, span in like.space.slices().items():
        generator = np.random.Generator(np.random.PCG64(seed_of(seed, key)))
        exchange[span] = span.start + generator.permutation(span.stop - span.start)
    return np.stack([np.packbits(like.row(name)[exchange]) for name in directions])


def swapped(like: MaskTable, directions: Sequence[str], pairs: Mapping[str, str]) -> Bits:
    """The row of the direction that ``pairs`` names for it; without a pair, its own row."""
    return _own(like, [pairs.get(direction, direction) for direction in directions])


def merged(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Encoder units that any direction from its source language (family) keeps, and decoder units that any
    direction into its target language (family) keeps; its own row is not needed."""
    made = np.zeros((len(directions), like.bits.shape[1]), dtype=np.uint8)
    sides = [list(map(groups.of_language, split_direction(row))) for row in like.rows]
    spans = like.space.groups
    stacks = np.repeat([one.stack == "decoder" for one in spans], [one.size for one in spans])
    units = [np.packbits(stacks == bool(side)) for side in range(2)]
    for number, direction in enumerate(directions):
        for side, language in enumerate(map(groups.of_language, split_direction(direction))):
            of_side = np.array([row[side] == language for row in sides])
            if not of_side.any():
                where = "into" if side else "from"
                raise UserError(f"{like.origin}: no mask row {where} {language!r}, as {direction} needs")
            made[number] |= units[side] & _any_of(like.bits[of_side])
    return made


def union(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Units that at least one direction of its group keeps."""
    return np.stack([_any_of(like.bits[inside]) for inside in _members(like, directions, groups)])


def shared(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Units that every direction of its group keeps."""
    return np.stack([_all_of(like.bits[inside]) for inside in _members(like, directions, groups)])


def majority(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Units that more than half of the directions of its group keep; a group needs three rows."""
    found = _members(like, directions, groups)
    for direction, inside in zip(directions, found, strict=True):
        if inside.sum() < SMALLEST_MAJORITY:
            raise UserError(
                f"{like.origin}: the group of {direction} has {inside.sum()} mask rows; a majority needs"
                f" {SMALLEST_MAJORITY}: use shared, union or a larger group"
            )
    return np.stack([_most_of(like, inside) for inside in found])


def exclusive(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Units that a direction of its group keeps and none outside it; without ``by``, that it alone keeps."""
    rows = np.array(like.rows)
    made = []
    for direction in directions:
        inside = groups.members(direction, like.rows) if groups.by else rows == direction
        _check_any(like, direction, inside)
        made.append(_any_of(like.bits[inside]) & ~_any_of(like.bits[~inside]))
    return np.stack(made)


def unshared(like: MaskTable, directions: Sequence[str], groups: Groups) -> Bits:
    """Units of its own row that not every direction of its group keeps; a group needs two rows."""
    for direction, inside in zip(directions, _members(like, directions, groups), strict=True):
        if inside.sum() < SMALLEST_SHARING:
            raise UserError(
                f"{like.origin}: no other mask row is of the group of {direction}, so that it shares nothing;"
                " use a larger group"
            )
    made: Bits = _own(like, directions) & ~shared(like, directions, groups)
    return made


#: Keys of a manifest that say how rows were made of other rows.
HOW = ("seed", "by", "families", "pairs", "rows_of")
#: Kinds whose rows are made of a group alone, so that `rows_of` may say who is in it.
OF_OTHERS = ("union", "shared", "majority")
#: Kind -> (what it goes by, its function: (masks, directions, that) -> bits [directions, bytes]).
ROWS: Mapping[str, tuple[str, Callable[[MaskTable, Sequence[str], Any], Bits]]] = {
    "random": ("seed", random_rows),
    "shuffled": ("seed", shuffled),
    "swapped": ("pairs", swapped),
    "merged": ("by", merged),
    "union": ("by", union),
    "shared": ("by", shared),
    "majority": ("by", majority),
    "exclusive": ("by", exclusive),
    "unshared": ("by", unshared),
}


def mask_rows(
    kind: str,
    like: MaskTable,
    directions: Sequence[str],
    *,
    seed: int | None = None,
    pairs: Mapping[str, str] | None = None,
    groups: Groups | None = None,
    rows_of: Sequence[str] | None = None,
) -> MaskTable:
    """Return masks of one kind of ``ROWS``, made of ``like``, a row a direction; the manifest says how.

    ``seed`` is for ``random`` and ``shuffled``, ``pairs`` for ``swapped`` (direction -> whose row it gets),
    ``groups`` for the others; ``rows_of``, for those of OF_OTHERS: the directions of which alone a group has
    rows. UserError: an unknown kind, a missing row, or an option that is missing or not of this kind.
    """
    if kind not in ROWS:
        raise UserError(f"rows {kind!r}: not one of {', '.join(ROWS)}{nearest(kind, ROWS)}")
    goes_by, make = ROWS[kind]
    groups = groups or Groups()
    given = {"seed": seed, "pairs": pairs or None, "by": groups.by}
    for option, value in given.items():
        if option != goes_by and value is not None:
            raise UserError(f"rows {kind}: takes no {option}, but {goes_by}")
    if goes_by != "by" and given[goes_by] is None:
        raise UserError(f"rows {kind}: needs {goes_by}")
    if rows_of is not None:
        if kind not in OF_OTHERS:
            raise UserError(f"rows {kind}: takes no rows_of; there are {', '.join(OF_OTHERS)}")
        like = MaskTable(rows_of, _own(like, rows_of), like.space, like.manifest, like.origin)
    bits = make(like, directions, groups if goes_by == "by" else given[goes_by])
    how: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if groups.by == "family":
        how["families"] = groups.families
    if rows_of is not None:
        how["rows_of"] = list(rows_of)
    # What drew or grouped the rows of `like` itself says nothing of these.
    of_like = {name: value for name, value in like.manifest.items() if name not in HOW}
    manifest = {**of_like, "rule": kind, "ties": None, **how, "like_rule": like.manifest["rule"]}
    if goes_by != "by" and isinstance(data := manifest["data_sha256"], dict):
        # Rows of several directions are made from the text of all.
        manifest["data_sha256"] = {name: data.get((pairs or {}).get(name, name)) for name in directions}
    return MaskTable(directions, bits, like.space, manifest)


def random_masks(like: MaskTable, directions: Sequence[str], seed: int) -> MaskTable:
    """Return random masks, each as large in every group as the direction's row of ``like``.

    Adding a direction changes no other row.
    """
    return mask_rows("random", like, directions, seed=seed)


def _any_of(bits: Bits) -> Bits:
    """Return the units that at least one of some rows keeps, as bits; of no rows none."""
    found: Bits = np.bitwise_or.reduce(bits, axis=0)
    return found


def _all_of(bits: Bits) -> Bits:
    found: Bits = np.bitwise_and.reduce(bits, axis=0)
    return found


def _most_of(like: MaskTable, inside: NDArray[np.bool_]) -> Bits:
    keeping = np.zeros(like.space.size, dtype=np.int32)
    for name in np.array(like.rows)[inside]:
        keeping += like.row(name)
    return np.packbits(2 * keeping > inside.sum())


def _own(like: MaskTable, directions: Sequence[str]) -> Bits:
    return np.stack([np.packbits(like.row(name)) for name in directions])


def _members(like: MaskTable, directions: Sequence[str], groups: Groups) -> list[NDArray[np.bool_]]:
    """Return which rows are of each direction's group, bool [rows]; UserError for one without a row."""
    found = []
    for direction in directions:
        inside = groups.members(direction, like.rows)
        _check_any(like, direction, inside)
        found.append(inside)
    return found


def _check_any(like: MaskTable, direction: str, inside: NDArray[np.bool_]) -> None:
    if not inside.any():
        raise UserError(
            f"{like.origin}: no mask row is of the group of {direction}; rows: {', '.join(like.rows)}"
        )
