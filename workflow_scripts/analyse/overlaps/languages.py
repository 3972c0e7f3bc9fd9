"""Languages within one mask set: which share units, by family, script or any grouping, and in what order."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.kept_units import masks_of_languages, sides_of
from workflow_scripts.analyse.overlap import layer_matrices
from workflow_scripts.analyse.overlaps.partitions import grouped_overlap
from workflow_scripts.analyse.overlaps.similarity_order import similarity_order
from workflow_scripts.common.language_codes import is_code
from workflow_scripts.evaluate.significance.correction import correct
from workflow_scripts.units.mask_table import MaskTable

#: How the names of the means over a stack's layers end.
MEAN = ".mean"
DIGITS = 6
#: Grouping → group → languages.
Groupings = Mapping[str, Mapping[str, Sequence[str]]]
#: Side → layer → IoU of languages.
Matrices = dict[str, dict[str, NDArray[np.float64]]]


def directions_among(rows: Sequence[str]) -> list[str]:
    """Return the rows that are directions, not labels of a probe."""
    return [row for row in rows if len(sides := row.split("-")) == 2 and all(map(is_code, sides))]


def matrices_of(table: MaskTable, pivot: str | None) -> tuple[dict[str, list[str]], Matrices]:
    """Return the languages of each side, and by side and layer (and stack's mean) their IoU [languages,
    languages]. A side is directions out of the pivot or into it; without a pivot, languages as targets or as
    sources, a language's units being those of any of its directions there."""
    languages: dict[str, list[str]] = {}
    matrices: Matrices = {}
    for side, rows in sides_of(directions_among(table.rows), pivot).items():
        of_side = masks_of_languages(table, rows)
        languages[side] = list(of_side.rows)
        matrices[side] = layer_matrices(of_side, of_side.rows)
    return languages, matrices


def mean_orders(several: Sequence[tuple[dict[str, list[str]], Matrices]]) -> dict[str, dict[str, Any]]:
    """Return side → stack's mean → order by similarity of the mean IoU over models (``matrices_of`` each)."""
    languages, first = several[0]
    return {
        side: {
            layer: similarity_order(names, np.mean([one[side][layer] for _, one in several], axis=0))
            for layer in first[side]
            if layer.endswith(MEAN)
        }
        for side, names in languages.items()
    }


def compare_languages(
    table: MaskTable, pivot: str | None, groupings: Groupings, permutations: int, seed: int, level: float
) -> dict[str, Any]:
    """Return by side: ``languages``; ``order``: stack's mean → order by similarity; ``iou``: stack's mean →
    [languages, languages]; ``groupings``: grouping → its test (``grouped_overlap``).

    The tests of the stacks' means that can be significant at all are one family, of all sides and groupings:
    those have ``p_holm``, their p after Holm's correction.
    """
    languages, matrices = matrices_of(table, pivot)
    found: dict[str, Any] = {}
    tests: list[dict[str, Any]] = []
    for side, names in languages.items():
        means = {layer: matrix for layer, matrix in matrices[side].items() if layer.endswith(MEAN)}
        by_grouping = {
            grouping: grouped_overlap(matrices[side], names, groups, permutations, seed, level)
            for grouping, groups in groupings.items()
        }
        found[side] = {
            "languages": names,
            "order": {layer: similarity_order(names, matrix) for layer, matrix in means.items()},
            "iou": {layer: np.round(matrix, DIGITS).tolist() for layer, matrix in means.items()},
            "groupings": by_grouping,
        }
        for test in by_grouping.values():
            if test["can_be_significant"]:
                tests += [test["layers"][layer] for layer in means]
    for one, p in zip(tests, correct([one["p"] for one in tests]).p_holm, strict=True):
        one["p_holm"] = p
    return found
