"""All comparisons of mask sets: each pair, means over seeds, draws of one set, orders, languages."""

import logging
import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from workflow_scripts.analyse.overlaps.crossed import mask_overlap
from workflow_scripts.analyse.overlaps.languages import (
    MEAN,
    Matrices,
    compare_languages,
    matrices_of,
    mean_orders,
)
from workflow_scripts.analyse.overlaps.selections import DRAWS, SETS, Pair, Selection, titles_of
from workflow_scripts.analyse.overlaps.similarity_order import similarity_order
from workflow_scripts.analyse.overlaps.spread import between_draws, summary_of
from workflow_scripts.analyse.overlaps.structure import structure
from workflow_scripts.units.mask_table import MaskTable

logger = logging.getLogger(__name__)


def compare_pair(
    pair: Pair,
    tables: Mapping[str, MaskTable],
    sides: Mapping[str, tuple[dict[str, list[str]], Matrices]],
    draws: int,
    permutations: int,
    seed: int,
) -> dict[str, Any]:
    """Return one comparison.

    Its layers are those of ``mask_overlap``. ``structure``: side → layer → as of the function, of layers and
    languages that both have. ``sides``: label → languages and matrices.
    """
    one, other = tables[pair.one.label], tables[pair.other.label]
    (languages, mine), (its_languages, its) = sides[pair.one.label], sides[pair.other.label]
    found: dict[str, Any] = {}
    for side in (side for side in languages if languages[side] == its_languages.get(side)):
        found[side] = {
            layer: structure(mine[side][layer], its[side][layer], permutations, seed)
            for layer in mine[side]
            if layer in its[side]
        }
    return {
        "kind": pair.kind,
        "names": list(pair.names),
        "one": pair.one.label,
        "other": pair.other.label,
        "same_weights": one.manifest["weights_sha256"] == other.manifest["weights_sha256"],
        **mask_overlap(one, other, draws, seed),
        "structure": found,
    }


def summaries(compared: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a summary for each kind and names of comparisons, in the order in which they come."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for one in compared:
        groups.setdefault((one["kind"], *one["names"]), []).append(one)
    return [
        {"kind": kind, "names": [first, second], **summary_of(several)}
        for (kind, first, second), several in groups.items()
    ]


def order_of_sets(
    found: Sequence[Mapping[str, Any]], names: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Return by system and stack's mean the order of its mask sets by similarity.

    ``found``: summaries; ``names``: system → names of its sets. None where not every two were compared.
    """
    layers = {layer for one in found for layer in one["layers"] if layer.endswith(MEAN)}
    known = {
        (*one["names"], layer): entry["iou"]["mean"]
        for one in found
        if one["kind"] == SETS
        for layer, entry in one["layers"].items()
    }
    orders: dict[str, dict[str, Any]] = {}
    for system, sets in names.items():
        for layer in sorted(layers):
            iou = np.eye(len(sets))
            for first, second in combinations(range(len(sets)), 2):
                value = known.get((sets[first], sets[second], layer), math.nan)
                iou[first, second] = iou[second, first] = value
            if len(sets) > 1 and not np.isnan(iou).any():
                order = {**similarity_order(sets, iou), "iou": iou.tolist()}
                orders.setdefault(system, {})[layer] = order
    return orders


def compare(
    selections: Sequence[Selection],
    tables: Mapping[str, MaskTable],
    pairs: Sequence[Pair],
    groupings: Mapping[str, Mapping[str, Sequence[str]]],
    pivot: str | None,
    draws: int,
    permutations: int,
    level: float,
    seed: int,
) -> dict[str, Any]:
    """Return the comparisons, their summaries, draws of one set, the order of sets, and languages."""
    sides = {label: matrices_of(table, pivot) for label, table in tables.items()}
    compared = []
    for number, pair in enumerate(pairs, start=1):
        compared.append(compare_pair(pair, tables, sides, draws, permutations, seed))
        logger.info(f"{number} of {len(pairs)}: {pair.one.label} and {pair.other.label}")
    found = summaries(compared)
    titles = titles_of(selections)
    drawn: dict[str, dict[str, Any]] = {}
    for one in selections:
        place = f"{one.system}/s{one.seed}"
        within = [
            entry
            for entry in compared
            if entry["kind"] == DRAWS
            and entry["names"][0] == titles[one.label]
            and entry["one"].startswith(f"{place}/")
        ]
        if within:
            drawn.setdefault(one.key, {})[place] = between_draws(within)
    labels: dict[str, list[str]] = {}
    of_system: dict[str, list[str]] = {}
    for one in selections:
        title = titles[one.label]
        labels.setdefault(title, []).append(one.label)
        if title not in (names := of_system.setdefault(one.system, [])):
            names.append(title)
    return {
        "comparisons": compared,
        "summary": found,
        "draws_of_a_set": drawn,
        "labels": labels,
        "order_of_languages": {
            name: mean_orders([sides[label] for label in several]) for name, several in labels.items()
        },
        "order_of_sets": order_of_sets(found, of_system),
        "languages": {
            one.label: compare_languages(tables[one.label], pivot, groupings, permutations, seed, level)
            for one in selections
        },
    }
