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

from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.overlap import facts_of
from workflow_scripts.analyse.overlaps.languages import MEAN
from workflow_scripts.analyse.overlaps.page import markdown
from workflow_scripts.analyse.overlaps.partitions import check_groups
from workflow_scripts.analyse.overlaps.selections import (
    Selection,
    check_wanted,
    pairs_of,
    read_tables,
    selections_of,
)
from workflow_scripts.analyse.overlaps.side_by_side import compare
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

FORMAT = "neuronspec-compare-masks-1"
#: Exchanges of which a share of 5 % is one.
FEWEST_DRAWS = 19


def read_samples(
    pattern: str | None, names: Sequence[str], selections: Sequence[Selection]
) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
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
            layer: {size: mean_sd(values) for size, values in sizes.items()}
            for layer, sizes in layers.items()
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
