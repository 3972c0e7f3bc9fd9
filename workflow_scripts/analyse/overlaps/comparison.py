"""Two mask sets, layer by layer: the overlap of the masks of each direction, beside what chance gives.

The rows of the two are directions with the same name. A *figure* is a mean over these.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlaps.chance import crossed_iou, exchanged_iou, expected_iou, paired_iou
from workflow_scripts.analyse.permutations import share_as_large
from workflow_scripts.analyse.random_draws import Draws
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitGroup

#: Figures of a layer, in the order of tables; one that is undefined is None.
FIGURES = ("iou", "chance", "low", "high", "p", "largest", "others")


def common_rows(one: MaskTable, other: MaskTable) -> list[str]:
    """Return the rows that both have, in the order of the first; there may be none."""
    return [row for row in one.rows if row in other.rows]


def common_groups(one: MaskTable, other: MaskTable) -> list[UnitGroup]:
    """Return the groups of units that both have, in the order of the first; none where kinds differ."""
    return [group for group in one.space.groups if group in other.space.groups]


def kept(table: MaskTable, rows: Sequence[str], groups: Sequence[UnitGroup]) -> NDArray[np.bool_]:
    """Return the masks of some rows over the units of some groups, bool [rows, units]."""
    return np.stack(
        [
            np.concatenate([row[table.space.slice_of(group.key)] for group in groups])
            for row in map(table.row, rows)
        ]
    )


def spans_of(groups: Sequence[UnitGroup]) -> dict[str, slice]:
    """Return the places of groups that follow one another."""
    ends = np.cumsum([group.size for group in groups]).tolist()
    return {group.key: slice(end - group.size, end) for group, end in zip(groups, ends, strict=True)}


def means_of(groups: Sequence[UnitGroup]) -> dict[str, list[str]]:
    """Return the layers of each mean: of a stack, and by kind of unit where there are several."""
    several = len({group.kind for group in groups}) > 1
    found: dict[str, list[str]] = {}
    for group in groups:
        kind = f".{group.kind}" if several else ""
        found.setdefault(f"{group.stack}{kind}.mean", []).append(group.key)
    return found


def compare_tables(one: MaskTable, other: MaskTable, draws: int, seed: int) -> dict[str, Any]:
    """Return the overlap of two mask sets.

    Returns:
        ``rows``: the directions in common; ``layers``: {layer, or a stack's mean: {``iou``, the mean over
        directions; ``by_row``: [rows]; ``chance``: its expectation for random masks of the same sizes;
        ``low``, ``high``: between which 95 % of random exchanges of units lie, and ``p``: the share of these
        with at least this IoU, the given one among them; ``place``: below, within or above them;
        ``largest``: the most that these sizes allow; ``others``: the mean IoU with the masks of *other*
        directions, None where there is one direction}}. No layers where no group of units is in both.
    Raises ValueError: no row in common.
    """
    rows, groups = common_rows(one, other), common_groups(one, other)
    if not rows:
        raise ValueError("no row is in both")
    if not groups:
        return {"rows": rows, "layers": {}}
    mine, its, spans = kept(one, rows, groups), kept(other, rows, groups), spans_of(groups)
    exchanged = exchanged_iou(mine, its, spans, draws, seed)
    by_row: dict[str, NDArray[np.float64]] = {}
    whole: dict[str, dict[str, float | None]] = {}
    for layer, span in spans.items():
        first, second = mine[:, span], its[:, span]
        by_row[layer] = paired_iou(first, second)
        sizes = [np.count_nonzero(keep, axis=1).tolist() for keep in (first, second)]
        pairs = list(zip(*sizes, strict=True))
        whole[layer] = {
            "chance": float(np.mean([expected_iou(first.shape[1], a, b) for a, b in pairs])),
            "largest": float(np.mean([min(a, b) / max(a, b) if max(a, b) else 1.0 for a, b in pairs])),
            "others": _with_others(crossed_iou(first, second)),
        }
    for mean, layers in means_of(groups).items():
        exchanged[mean] = np.mean([exchanged[layer] for layer in layers], axis=0)
        by_row[mean] = np.mean([by_row[layer] for layer in layers], axis=0)
        whole[mean] = {name: _mean([whole[layer][name] for layer in layers]) for name in whole[layers[0]]}
    return {
        "rows": rows,
        "layers": {
            layer: {
                **beside(float(values.mean()), exchanged[layer]),
                "by_row": values.tolist(),
                **whole[layer],
            }
            for layer, values in by_row.items()
        },
    }


def beside(iou: float, exchanged: NDArray[np.float64]) -> dict[str, Any]:
    """Return an IoU with what random exchanges gave, [draws]: ``low``, ``high``, ``sd_of_draws``, ``p`` and
    ``place``."""
    drawn = Draws.of(exchanged.tolist())
    return {
        "iou": iou,
        "low": max(0.0, drawn.low),
        "high": min(1.0, drawn.high),
        "sd_of_draws": drawn.sd,
        "p": share_as_large(exchanged, iou, exact=False),
        "place": drawn.place(iou),
    }


def _with_others(iou: NDArray[np.float64]) -> float | None:
    rows = len(iou)
    return float((iou.sum() - np.trace(iou)) / (rows * (rows - 1))) if rows > 1 else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
