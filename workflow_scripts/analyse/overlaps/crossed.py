"""Two mask sets whose rows are of other things (directions, labels of a probe): every row with every row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlaps.chance import crossed_iou, exchanged_iou, expected_iou
from workflow_scripts.analyse.overlaps.comparison import (
    beside,
    common_groups,
    common_rows,
    compare_tables,
    kept,
    means_of,
    spans_of,
)
from workflow_scripts.units.mask_table import MaskTable

DIGITS = 6


def cross_tables(one: MaskTable, other: MaskTable, draws: int, seed: int) -> dict[str, Any]:
    """Return the overlap of all rows of one mask set with all rows of another.

    Returns:
        ``rows``: none is common; ``layers``: as of ``compare_tables``, means over all pairs of rows, without
        ``others``; ``crossed``: ``one`` and ``other``, the names of rows, and by stack's mean ``iou`` and
        ``chance`` [rows of one, rows of other].
    """
    groups = common_groups(one, other)
    found: dict[str, Any] = {"rows": [], "layers": {}}
    if not groups:
        return found
    mine, its, spans = kept(one, one.rows, groups), kept(other, other.rows, groups), spans_of(groups)
    exchanged = exchanged_iou(mine, its, spans, draws, seed, crossed_iou)
    iou: dict[str, NDArray[np.float64]] = {}
    chance: dict[str, NDArray[np.float64]] = {}
    largest: dict[str, NDArray[np.float64]] = {}
    for layer, span in spans.items():
        first, second = mine[:, span], its[:, span]
        sizes = [np.count_nonzero(keep, axis=1).tolist() for keep in (first, second)]
        iou[layer] = crossed_iou(first, second)
        chance[layer] = np.array([[expected_iou(first.shape[1], a, b) for b in sizes[1]] for a in sizes[0]])
        largest[layer] = np.array(
            [[min(a, b) / max(a, b) if max(a, b) else 1.0 for b in sizes[1]] for a in sizes[0]]
        )
    means = means_of(groups)
    for mean, layers in means.items():
        for values in (iou, chance, largest, exchanged):
            values[mean] = np.mean([values[layer] for layer in layers], axis=0)
    found["layers"] = {
        layer: {
            **beside(float(values.mean()), exchanged[layer]),
            "chance": float(chance[layer].mean()),
            "largest": float(largest[layer].mean()),
            "others": None,
        }
        for layer, values in iou.items()
    }
    found["crossed"] = {
        "one": list(one.rows),
        "other": list(other.rows),
        "iou": {mean: np.round(iou[mean], DIGITS).tolist() for mean in means},
        "chance": {mean: np.round(chance[mean], DIGITS).tolist() for mean in means},
    }
    return found


def mask_overlap(one: MaskTable, other: MaskTable, draws: int = 100, seed: int = 1) -> dict[str, Any]:
    """Return the overlap of two mask sets beside chance, layer by layer.

    It is that of the rows that both have (``compare_tables``), or where none is common of all rows with all
    (``cross_tables``). ``draws``: random exchanges of units; ``seed``: of these.
    """
    compare = compare_tables if common_rows(one, other) else cross_tables
    return compare(one, other, draws, seed)


def most_alike(
    compared: Sequence[Mapping[str, Any]], most: int
) -> Iterator[tuple[str, str, str, float, float]]:
    """Yield, by stack's mean, the pairs of rows whose IoU is most above chance: stack, row, other row, IoU,
    chance; means over comparisons with the same rows."""
    crossed = [one["crossed"] for one in compared if "crossed" in one]
    if not crossed:
        return
    first = crossed[0]
    alike = [one for one in crossed if (one["one"], one["other"]) == (first["one"], first["other"])]
    for layer in first["iou"]:
        iou, chance = (np.mean([one[name][layer] for one in alike], axis=0) for name in ("iou", "chance"))
        order = np.argsort(-(iou - chance).ravel(), kind="stable")[:most]
        for row, column in zip(*np.unravel_index(order, iou.shape), strict=True):
            yield (
                layer,
                first["one"][row],
                first["other"][column],
                float(iou[row, column]),
                float(chance[row, column]),
            )
