"""In which orders directions stand: as the config has them, by group, by similarity."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.overlap import iou_matrix
from workflow_scripts.analyse.overlaps.similarity_order import similarity_order
from workflow_scripts.common.checked_options import Groupings
from workflow_scripts.common.directions import ends_of
from workflow_scripts.units.mask_table import MaskTable


def group_of(direction: str, groups: Mapping[str, Sequence[str]], pivot: str) -> str | None:
    """Return the group that has all languages of a direction but the pivot; None where no group has."""
    languages = {one for one in ends_of(direction) if one not in (None, pivot)}
    return next((name for name, members in groups.items() if languages and languages <= {*members}), None)


def group_orders(directions: Sequence[str], groups: Groupings, pivot: str) -> list[dict[str, Any]]:
    """Return, for each grouping that parts these directions, ``name``, ``order`` (numbers of directions,
    those of no group last) and ``groups`` (of each place in the order the group, "" of none)."""
    orders = []
    for name, by in groups.items():
        own = [group_of(one, by, pivot) for one in directions]
        if not any(own):
            continue
        rank = {group: place for place, group in enumerate(by)}
        order = sorted(range(len(own)), key=lambda n: rank.get(own[n] or "", len(rank)))
        orders.append({"name": name, "order": order, "groups": [own[n] or "" for n in order]})
    return orders


def similar(table: MaskTable) -> dict[str, list[int]]:
    """Return, for each group of units, the rows ordered so that like ones stand together: average linkage of
    1 - IoU."""
    keep = table.keep
    numbers = [str(number) for number in range(len(table.rows))]
    return {
        key: [int(one) for one in similarity_order(numbers, iou_matrix(keep[:, span]))["order"]]
        for key, span in table.space.slices().items()
    }
