"""Which units each direction keeps, and which of them languages share: ``units.md``, ``.csv``, ``.json``."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_scripts.analyse.kept_units import kept_units
from workflow_scripts.analyse.overlap import facts_of
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_csv, write_text
from workflow_scripts.report.tables.units_page import markdown
from workflow_scripts.units.mask_table import MaskTable

FORMAT = "neuronspec-units-1"
#: ``what`` is kept, iou, all or own; ``value`` the share of the layer, or the IoU.
CSV_COLUMNS = ("masks", "seed", "what", "side", "layer", "name", "other", "units", "value", "ids")


def read_sets(patterns: Sequence[str], seeds: Sequence[int], pivot: str | None) -> list[dict[str, Any]]:
    """Return what each file of ``NAME=PATTERN`` says, the smallest k first; a pattern may have ``{seed}``.
    Raises UserError: not of this form, or a file is missing or no mask table."""
    found = []
    for text in patterns:
        name, _, pattern = text.partition("=")
        if not (name and pattern):
            raise UserError(f"--masks {text}: not NAME=FILE, as k95=masks/s{{seed}}/k95.npz")
        for seed in seeds:
            table = MaskTable.read(pattern.replace("{seed}", str(seed)))
            found.append({"masks": name, "seed": seed, **facts_of(table), **kept_units(table, pivot)})
    return sorted(found, key=lambda one: (Decimal(one["k"] or 100), one["masks"], one["seed"]))


def csv_rows(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one mask set and seed."""
    about = {"masks": one["masks"], "seed": one["seed"]}
    layers = one["layers"]
    for direction, kept in one["kept"].items():
        for layer, units in kept.items():
            yield about | _row("kept", "", layer, direction, units, units / layers[layer])
    for side, found in one["sides"].items():
        languages = list(found["languages"])
        for layer, matrix in found["iou"].items():
            for row, name in enumerate(languages):
                for column in range(row + 1, len(languages)):
                    value = matrix[row][column]
                    yield about | _row("iou", side, layer, name, None, value, other=languages[column])
        for name, units in (("", found["all"]), *found["own"].items()):
            for layer, ids in units.items():
                what, share = "own" if name else "all", len(ids) / layers[layer]
                yield about | _row(what, side, layer, name, len(ids), share, ids=" ".join(map(str, ids)))


def _row(
    what: str,
    side: str,
    layer: str,
    name: str,
    units: int | None,
    value: float,
    other: str = "",
    ids: str = "",
) -> dict[str, Any]:
    shown = f"{value:.6f}"
    values = (what, side, layer, name, other, "" if units is None else units, shown, ids)
    return dict(zip(CSV_COLUMNS[2:], values, strict=True))


def main(argv: list[str] | None = None) -> None:
    """Write the three files."""
    parser = argparse.ArgumentParser(description="Which units masks keep, by layer, direction and language.")
    parser.add_argument("--masks", nargs="+", required=True, help="NAME=FILE, with {seed} in the file's name")
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--pivot", help="the language that all others are paired with; none: all pairs")
    parser.add_argument("--out-dir", type=Path, required=True)
    arguments = parser.parse_args(argv)
    sets = read_sets(arguments.masks, arguments.seeds, arguments.pivot)
    result = {"format": FORMAT, "pivot": arguments.pivot, "sets": sets}
    # On one line: indented, each of the many thousand ids would have a line of its own.
    write_text(arguments.out_dir / "units.json", json.dumps(result, separators=(",", ":")) + "\n")
    rows = (row for one in sets for row in csv_rows(one))
    write_csv(
        arguments.out_dir / "units.csv", CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in rows)
    )
    write_text(arguments.out_dir / "units.md", markdown(result))
    print(f"{len(sets)} mask files of {len(sets[0]['kept'])} directions", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
