"""Overlap of mask sets: of two scores or sizes, systems, seeds, or draws; and of languages within a set.

Every overlap (IoU) stands beside what chance gives masks of these sizes. Units of two trainings have no
common numbering: between seeds, what is compared is which languages share units (``structure``). Within a
set, languages are compared by family, by script and by every other grouping, with tests by permutation that
say where they cannot succeed.
"""

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.analyse.overlap import facts_of
from workflow_scripts.analyse.overlaps.crossed import mask_overlap
from workflow_scripts.analyse.overlaps.languages import (
    MEAN,
    Matrices,
    compare_languages,
    matrices_of,
    mean_orders,
)
from workflow_scripts.analyse.overlaps.page import markdown
from workflow_scripts.analyse.overlaps.partitions import check_groups
from workflow_scripts.analyse.overlaps.selections import (
    DRAWS,
    Pair,
    Selection,
    check_wanted,
    pairs_of,
    read_tables,
    selections_of,
)
from workflow_scripts.analyse.overlaps.similarity_order import similarity_order
from workflow_scripts.analyse.overlaps.spread import Summary, between_draws, spread, summary_of
from workflow_scripts.analyse.overlaps.structure import structure
from workflow_scripts.analyse.overlaps.tables import (
    COLUMNS,
    GROUP_COLUMNS,
    STRUCTURE_COLUMNS,
    csv_rows,
    group_rows,
    structure_rows,
)
from workflow_scripts.common.checked_options import (
    at_least,
    json_object,
    lists_of_texts,
    named_once,
    read_groups,
)
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json, sha256_of, write_csv, write_json, write_text
from workflow_scripts.units.mask_table import MaskTable

FORMAT = "neuronspec-compare-masks-1"
#: Exchanges of which a share of 5 % is one.
FEWEST_DRAWS = 19

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


def order_of_sets(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Return by stack's mean the order of mask sets by similarity; none unless every two were compared."""
    place = {name: number for number, name in enumerate(names)}
    layers = {layer for one in found for layer in one["layers"] if layer.endswith(MEAN)}
    orders: dict[str, Any] = {}
    for layer in sorted(layers):
        iou = np.full((len(names), len(names)), np.nan)
        np.fill_diagonal(iou, 1.0)
        for one in found:
            if layer in one["layers"] and one["names"][0] in place and one["names"][1] in place:
                first, second = (place[name] for name in one["names"])
                iou[first, second] = iou[second, first] = one["layers"][layer]["iou"]["mean"]
        if len(names) > 1 and not np.isnan(iou).any():
            orders[layer] = {**similarity_order(names, iou), "iou": iou.tolist()}
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
    drawn: dict[str, dict[str, Any]] = {}
    for one in selections:
        within = [
            entry
            for entry in compared
            if entry["kind"] == DRAWS
            and entry["names"][0] == one.key
            and entry["one"].startswith(f"{one.system}/s{one.seed}/")
        ]
        if within:
            drawn.setdefault(one.key, {})[f"{one.system}/s{one.seed}"] = between_draws(within)
    keys = list(dict.fromkeys(one.key for one in selections))
    labels: dict[str, list[str]] = {}
    for one in selections:
        several = len({other.system for other in selections}) > 1
        labels.setdefault(f"{one.system} {one.key}" if several else one.key, []).append(one.label)
    return {
        "comparisons": compared,
        "summary": found,
        "draws_of_a_set": drawn,
        "labels": labels,
        "order_of_languages": {
            name: mean_orders([sides[label] for label in several]) for name, several in labels.items()
        },
        "order_of_sets": order_of_sets([one for one in found if one["kind"] == "sets"], keys),
        "languages": {
            one.label: compare_languages(tables[one.label], pivot, groupings, permutations, seed, level)
            for one in selections
        },
    }


def read_samples(
    pattern: str | None, names: Sequence[str], selections: Sequence[Selection]
) -> dict[str, dict[str, dict[str, Summary]]]:
    """Return the overlap of two samples of sentences, of the JSON files of the stage ``stability``: set →
    stack's mean → number of sentences → spread over models. UserError: not such a file."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for one in (one for one in selections if pattern and one.maskset in names):
        path = one.path(str(pattern))
        try:
            for layer, sizes in read_json(path)["mean"].items():
                if layer.endswith(MEAN):
                    by_size = found.setdefault(one.maskset, {}).setdefault(layer, {})
                    for size in sizes:
                        by_size.setdefault(str(size["sentences"]), []).append(float(size["mean_iou"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: not by stability, it lacks {error}") from None
    return {
        name: {
            layer: {size: spread(values) for size, values in sizes.items()} for layer, sizes in layers.items()
        }
        for name, layers in found.items()
    }


def texts(found: Mapping[str, Any]) -> bool:
    """Return whether each value of an object is a text."""
    return all(isinstance(value, str) for value in found.values())


def main(argv: list[str] | None = None) -> None:
    """Read the masks, compare them, and write the tables."""
    parser = argparse.ArgumentParser(description="Overlap of mask sets, and of languages within them.")
    parser.add_argument("--masks", required=True, help="a pattern with {system}, {seed} and {maskset}")
    parser.add_argument("--sets", nargs="+", required=True, help="names of mask sets")
    parser.add_argument("--drawn", default="{}", help='JSON: {"boot": ["boot-1", …]}, draws of one set')
    parser.add_argument("--files", default="{}", help='JSON: {"nouns": PATTERN}, sets that lie elsewhere')
    parser.add_argument("--systems", nargs="+", default=["baseline"])
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument(
        "--pairs", nargs=2, action="append", metavar=("SET", "SET"), help="compared; default: every two sets"
    )
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de", "nl"]}}')
    parser.add_argument("--pivot")
    parser.add_argument("--stability", help="a pattern as --masks: JSON of stability, of the sets --stable")
    parser.add_argument("--stable", nargs="+", default=[], help="sets whose samples were compared")
    parser.add_argument("--draws", type=int, default=100, help="random exchanges of units")
    parser.add_argument("--permutations", type=int, default=10_000, help="of languages")
    parser.add_argument("--level", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1, help="of draws and permutations")
    for option in ("--out-json", "--out-csv", "--out-structure", "--out-groups", "--out-markdown"):
        parser.add_argument(option, type=Path, required=True)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    at_least("draws", arguments.draws, FEWEST_DRAWS)
    at_least("permutations", arguments.permutations, FEWEST_DRAWS)
    if not 0 < arguments.level < 1:
        raise UserError(f"--level is {arguments.level}, a number between 0 and 1 is needed")
    for option in ("sets", "systems", "seeds"):
        named_once(option, getattr(arguments, option))
    drawn = json_object("drawn", arguments.drawn, {"boot": ["boot-1", "boot-2"]}, lists_of_texts)
    groupings = read_groups(arguments.groups)
    check_groups(groupings)
    selections = selections_of(arguments.systems, arguments.seeds, arguments.sets, drawn)
    check_wanted(arguments.pairs or [], selections)
    files = json_object("files", arguments.files, {"nouns": "{system}.s{seed}.npz"}, texts)
    tables = read_tables(selections, arguments.masks, files)
    pairs = list(pairs_of(selections, arguments.pairs))
    settings = {name: getattr(arguments, name) for name in ("draws", "permutations", "level", "seed")}
    result = {
        "format": FORMAT,
        "pivot": arguments.pivot,
        "groups": groupings,
        **settings,
        "masks": {
            one.label: {
                **facts_of(tables[one.label]),
                "sha256": sha256_of(one.path(files.get(one.maskset, arguments.masks))),
            }
            for one in selections
        },
        "samples": read_samples(arguments.stability, arguments.stable, selections),
        **compare(selections, tables, pairs, groupings, arguments.pivot, **settings),
    }
    write_json(arguments.out_json, json.loads(json.dumps(result, allow_nan=False)))
    write_csv(arguments.out_csv, COLUMNS, csv_rows(result))
    write_csv(arguments.out_structure, STRUCTURE_COLUMNS, structure_rows(result))
    write_csv(arguments.out_groups, GROUP_COLUMNS, group_rows(result))
    write_text(arguments.out_markdown, markdown(result))


if __name__ == "__main__":
    run_main(main)
