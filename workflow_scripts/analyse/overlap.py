"""Do languages of one family keep the same units? The overlap (IoU) of masks within and across groups.

It is taken layer by layer, for directions out of the pivot and into it (Neuron Specialization, section 5),
with a permutation test of the labels.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlap_tables import markdown
from workflow_scripts.analyse.permutations import ROUNDING, relabel, share_as_large
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.checked_options import at_least, is_list_of_texts, json_object
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ACTIVATIONS

CSV_COLUMNS = ("side", "layer", "group_a", "group_b", "pairs", "mean_iou")


def iou_matrix(keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return intersection over union of every two rows of ``keep`` [rows, units]; 1 for two empty rows."""
    bits = keep.astype(np.float64)
    shared = bits @ bits.T
    sizes = bits.sum(axis=1)
    union = sizes[:, None] + sizes[None, :] - shared
    return np.where(union > 0, shared / np.maximum(union, 1), 1.0)


def compare(
    values: NDArray[np.float64], same: NDArray[np.bool_], orders: NDArray[np.bool_], exact: bool
) -> dict[str, Any]:
    """Compare the IoU of pairs of languages within groups with that of pairs across groups.

    ``values`` [pairs]: their IoU. ``same`` [pairs]: both are of one group. ``orders`` [orders, pairs]:
    ``same`` under each order of the labels; ``exact``: these are all orders, each once. ``effect_size`` is
    Cohen's d (the difference by the pooled standard deviation; None where that is 0 or there are fewer than 3
    pairs), ``p`` the share of orders whose difference is at least as large (one-sided; the given order is
    added to random ones).
    """
    within, across = values[same], values[~same]
    difference = float(within.mean() - across.mean())
    degrees = values.size - 2
    spread = ((within - within.mean()) ** 2).sum() + ((across - across.mean()) ** 2).sum()
    deviation = math.sqrt(spread / degrees) if degrees > 0 else 0.0
    # Every order has the same number of pairs within, so their sum orders them as the difference does.
    p = share_as_large(orders @ values, float(within.sum()), exact)
    return {
        "within": float(within.mean()),
        "across": float(across.mean()),
        "difference": difference,
        "effect_size": difference / deviation if deviation > ROUNDING else None,
        "p": p,
    }


def layer_matrices(table: MaskTable, rows: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the IoU matrix [rows, rows] of every group of units, and ``encoder.mean``, ``decoder.mean`` of
    these; where units are of several kinds the means are by kind, as ``encoder.head.mean``."""
    keep = np.stack([table.row(row) for row in rows])
    groups = table.space.groups
    layers = {key: iou_matrix(keep[:, span]) for key, span in table.space.slices().items()}
    means: dict[str, list[NDArray[np.float64]]] = {}
    for group in groups:
        kind = f".{group.kind}" if len(table.space.kinds) > 1 else ""
        means.setdefault(f"{group.stack}{kind}.mean", []).append(layers[group.key])
    return {**layers, **{name: np.mean(matrices, axis=0) for name, matrices in means.items()}}


def facts_of(table: MaskTable) -> dict[str, Any]:
    """Return how masks were selected, and of which weights; ``of`` where not by their activations."""
    facts = {name: table.manifest[name] for name in ("rule", "k", "weights_sha256")}
    facts |= {"select": table.select} if "select" in table.manifest else {}
    return facts | ({} if table.of == ACTIVATIONS else {"of": table.of})


def side_overlap(
    table: MaskTable,
    rows: Mapping[str, str],
    groups: Mapping[str, Sequence[str]],
    permutations: int,
    seed: int,
) -> dict[str, Any]:
    """Analyse one side. ``rows`` maps language -> row name; languages of no group are left out and named."""
    names = list(groups)
    label_of = {language: names.index(name) for name in names for language in groups[name]}
    languages = [language for language in rows if language in label_of]
    result: dict[str, Any] = {
        "languages": languages,
        "ungrouped": [language for language in rows if language not in label_of],
    }
    if len(languages) < 2:
        return {**result, "note": "fewer than two languages"}
    labels = np.array([label_of[language] for language in languages])
    first, second = (np.array(side) for side in zip(*combinations(range(len(languages)), 2), strict=True))
    same = labels[first] == labels[second]
    testable = bool(same.any() and not same.all())
    if testable:
        relabeled, exact = relabel(labels.tolist(), permutations, seed)
        orders = relabeled[:, first] == relabeled[:, second]
        result |= {"orders": len(relabeled), "exact": exact}
    else:
        result["note"] = "no two languages within one group, or none across: nothing to compare"
    result["layers"] = {}
    for layer, matrix in layer_matrices(table, [rows[language] for language in languages]).items():
        values = matrix[first, second]
        entry: dict[str, Any] = compare(values, same, orders, exact) if testable else {}
        cells = []
        for a, b in combinations_with_replacement(range(len(names)), 2):
            chosen = np.isin(labels[first], (a, b)) & np.isin(labels[second], (a, b))
            chosen &= same if a == b else ~same
            if chosen.any():
                mean = float(values[chosen].mean())
                pairs = int(chosen.sum())
                cells.append({"group_a": names[a], "group_b": names[b], "pairs": pairs, "mean_iou": mean})
        result["layers"][layer] = {**entry, "groups": cells, "iou": np.round(matrix, 6).tolist()}
    return result


def overlap(
    table: MaskTable, groups: Mapping[str, Sequence[str]], pivot: str, permutations: int, seed: int
) -> dict[str, Any]:
    """Return the whole analysis as JSON. UserError if no row is a direction out of or into the pivot."""
    sides: dict[str, dict[str, str]] = {"out_of_pivot": {}, "into_pivot": {}}
    for row in table.rows:
        source, _, target = row.partition("-")
        if source == pivot and target != pivot:
            sides["out_of_pivot"][target] = row
        elif target == pivot:
            sides["into_pivot"][source] = row
    if not any(sides.values()):
        raise UserError(f"--pivot {pivot}: no mask row has it; rows: {', '.join(table.rows)}")
    return {
        "format": "neuronspec-overlap-1",
        "pivot": pivot,
        "groups": {name: list(members) for name, members in groups.items()},
        "masks": facts_of(table),
        "permutations": permutations,
        "seed": seed,
        "sides": {
            side: side_overlap(table, rows, groups, permutations, seed)
            for side, rows in sides.items()
            if rows
        },
    }


def csv_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the group-by-group table of ``overlap``'s result."""
    for side, analysis in result["sides"].items():
        for layer, entry in analysis.get("layers", {}).items():
            for cell in entry["groups"]:
                pair = (cell["group_a"], cell["group_b"], cell["pairs"])
                yield side, layer, *pair, f"{cell['mean_iou']:.6f}"


def _read_groups(text: str) -> dict[str, list[str]]:
    example = {"germanic": ["de", "nl"]}
    groups = json_object("groups", text, example, lambda found: all(map(is_list_of_texts, found.values())))
    members = [language for languages in groups.values() for language in languages]
    for language in members:
        if members.count(language) > 1:
            raise UserError(f"--groups: {language!r} is in more than one group")
    return groups


def main(argv: list[str] | None = None) -> None:
    """Write the overlap analysis of one mask file."""
    parser = argparse.ArgumentParser(description="Overlap of masks within and across groups of languages.")
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--groups", required=True, help='JSON: {"germanic": ["de", "nl"], …}')
    parser.add_argument("--pivot", required=True)
    parser.add_argument("--permutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    add_tables(parser)
    arguments = parser.parse_args(argv)
    at_least("permutations", arguments.permutations, 1)

    groups = _read_groups(arguments.groups)
    result = overlap(
        MaskTable.read(arguments.masks), groups, arguments.pivot, arguments.permutations, arguments.seed
    )
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))
    for side, analysis in result["sides"].items():
        for layer, entry in analysis.get("layers", {}).items():
            if "p" in entry:
                line = f"within {entry['within']:.3f}, across {entry['across']:.3f}, p {entry['p']:.4f}"
                print(f"{side} {layer}: {line}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
