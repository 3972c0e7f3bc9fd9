"""Which units masks keep: by layer and direction, by how many languages, and which language alone.

Directions are compared by *side*: languages as targets, and as sources; with a pivot, of directions out of it
and into it. A language's units on a side are those that at least one of its directions there keeps.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlap import layer_matrices
from workflow_scripts.common.directions import ends_of, split_direction
from workflow_scripts.units.mask_table import MaskTable

DIGITS = 6
#: The side of texts that are no translations.
ALONE = "languages"


def sides_of(rows: Sequence[str], pivot: str | None) -> dict[str, dict[str, list[str]]]:
    """Return the directions of each language by side; a side with fewer than two languages is left out. The
    texts of language models, which are no directions, are a side of their own, without a pivot."""
    out: dict[str, list[str]] = {}
    into: dict[str, list[str]] = {}
    alone: dict[str, list[str]] = {}
    for row in rows:
        source, target = split_direction(row) if pivot else ends_of(row)
        if source is None:
            alone[target] = [row]
            continue
        if pivot in (None, source):
            out.setdefault(target, []).append(row)
        if pivot in (None, target):
            into.setdefault(source, []).append(row)
    names = (f"out of {pivot}", f"into {pivot}") if pivot else ("as targets", "as sources")
    sides = zip((*names, ALONE), (out, into, alone), strict=True)
    return {name: side for name, side in sides if len(side) > 1}


def kept_units(table: MaskTable, pivot: str | None) -> dict[str, Any]:
    """Return what the masks of one file say.

    Returns:
        ``layers``: {layer: units}; ``kept``: {direction: {layer: units kept}}; ``sides``: {side:
        ``languages`` {language: [direction]}, ``iou`` {layer, or stack.mean: [language, language]}, ``all``
        {layer: [unit]} that every language keeps, ``own`` {language: {layer: [unit]}} that it alone keeps}.
        A unit is its index in the layer.
    """
    spans = table.space.slices()
    return {
        "layers": {group.key: group.size for group in table.space.groups},
        "kept": {
            row: {layer: int(keep[span].sum()) for layer, span in spans.items()}
            for row, keep in zip(table.rows, map(table.row, table.rows), strict=True)
        },
        "sides": {name: _side(table, rows) for name, rows in sides_of(table.rows, pivot).items()},
    }


def masks_of_languages(table: MaskTable, rows: Mapping[str, Sequence[str]]) -> MaskTable:
    """Return masks with a row for each language of a side; ``rows``: language → its directions there."""
    keep = np.stack([np.any([table.row(one) for one in found], axis=0) for found in rows.values()])
    return MaskTable(rows, keep, table.space, table.manifest, table.origin)


def _side(table: MaskTable, rows: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    languages = masks_of_languages(table, rows)
    keep = languages.keep
    by_how_many = keep.sum(axis=0)
    matrices = layer_matrices(languages, languages.rows)
    return {
        "languages": {language: list(found) for language, found in rows.items()},
        "iou": {layer: np.round(matrix, DIGITS).tolist() for layer, matrix in matrices.items()},
        "all": _by_layer(table, by_how_many == len(rows)),
        "own": {
            language: _by_layer(table, bits & (by_how_many == 1))
            for language, bits in zip(rows, keep, strict=True)
        },
    }


def _by_layer(table: MaskTable, chosen: NDArray[np.bool_]) -> dict[str, list[int]]:
    return {
        layer: [int(unit) for unit in np.flatnonzero(chosen[span])]
        for layer, span in table.space.slices().items()
    }
