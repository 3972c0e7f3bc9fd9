"""Do units follow the language, or its script, its word order, or any text? Masks of other text beside own.

The overlap (IoU) of the masks of two selections that differ in their text alone, by direction and layer.
Beside it stands what chance gives masks of these sizes and, as a ceiling, the overlap of two samples of the
own text.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.analyse.overlap import facts_of, iou_matrix
from workflow_scripts.analyse.sampled_masks import WHOLE, chance_overlap
from workflow_scripts.analyse.stage_options import add_tables, write_tables
from workflow_scripts.common.checked_options import named_once
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.units.mask_table import MaskTable

FIGURES = ("iou", "chance", "ceiling")
CSV_COLUMNS = ("masks", "direction", "layer", *FIGURES)
#: In the place of a direction: the mean over all.
EVERY = "mean"
#: Layer → figures; a figure that is not known is None.
Layers = dict[str, dict[str, float | None]]


def compared(own: MaskTable, other: MaskTable, direction: str, ceiling: Mapping[str, float]) -> Layers:
    """Return the overlap of one direction's two masks, layer by layer and as means by stack.

    ``ceiling``: the overlap of two samples of the own text, by layer. Raises UserError if the masks are of
    another model, or one has no row of the direction.
    """
    other.check_model(own.space, own.manifest["weights_sha256"])
    rows = np.stack([own.row(direction), other.row(direction)])
    found: Layers = {}
    for group, span in zip(own.space.groups, own.space.slices().values(), strict=True):
        shares = rows[:, span].mean(axis=1).tolist()
        found[group.key] = {
            "iou": float(iou_matrix(rows[:, span])[0, 1]),
            "chance": chance_overlap(*shares),
            "ceiling": ceiling.get(group.key),
        }
    for stack in dict.fromkeys(group.stack for group in own.space.groups):
        members = [found[group.key] for group in own.space.groups if group.stack == stack]
        found[f"{stack}.mean"] = mean_of(members)
    return found


def mean_of(several: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the means of figures; None where one is not known."""
    found: dict[str, float | None] = {}
    for name in FIGURES:
        known = [one[name] for one in several]
        found[name] = (
            None if None in known else float(np.mean([value for value in known if value is not None]))
        )
    return found


def control(
    own: MaskTable, others: Mapping[str, MaskTable], ceilings: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Return by set: direction → ``compared``, and the mean over directions. ``ceilings``: direction → layer
    → overlap of two samples; empty where that was not measured."""
    found: dict[str, Any] = {}
    for name, table in others.items():
        by_direction = {row: compared(own, table, row, ceilings.get(row, {})) for row in own.rows}
        layers = next(iter(by_direction.values()))
        mean = {layer: mean_of([one[layer] for one in by_direction.values()]) for layer in layers}
        found[name] = {"directions": by_direction, EVERY: mean}
    return found


def ceilings_of(stability: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return, of the JSON of ``stability``, direction → layer → overlap of two samples of all sentences."""
    return {
        direction: {
            layer: one["mean_iou"]
            for layer, sizes in entry["layers"].items()
            for one in sizes
            if one["sentences"] == WHOLE
        }
        for direction, entry in stability["directions"].items()
    }


def csv_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each set, direction (and their mean) and layer."""
    for name, entry in result["sets"].items():
        for direction, layers in {**entry["directions"], EVERY: entry[EVERY]}.items():
            for layer, one in layers.items():
                yield name, direction, layer, *(_shown(one[figure], 6) for figure in FIGURES)


def markdown(result: Mapping[str, Any]) -> str:
    """Return the means over directions: a row for each layer, a column for each set."""
    sets = result["sets"]
    lines = [
        f"# The masks {result['own']} and masks of other text",
        "",
        "Mean intersection over union over directions, with what chance gives masks of these sizes in"
        " brackets. Ceiling: two samples of the own text, with replacement.",
        "",
        f"| layer | {' | '.join(sets)} | ceiling |",
        f"|---|{'---:|' * (len(sets) + 1)}",
    ]
    for layer, first in next(iter(sets.values()))[EVERY].items():
        means = [entry[EVERY][layer] for entry in sets.values()]
        cells = [f"{_shown(one['iou'], 3)} ({_shown(one['chance'], 3)})" for one in means]
        lines.append(f"| {layer} | {' | '.join(cells)} | {_shown(first['ceiling'], 3) or '–'} |")
    return "\n".join(lines) + "\n"


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def main(argv: list[str] | None = None) -> None:
    """Compare one mask file with others, and write the tables."""
    parser = argparse.ArgumentParser(description="Overlap of masks with masks of other text.")
    parser.add_argument("--masks", type=Path, required=True, help="NAME.npz: the own masks")
    parser.add_argument("--others", type=Path, nargs="+", required=True, help="NAME.npz: of other text")
    parser.add_argument("--stability", type=Path, help="JSON of stability, of the own text")
    add_tables(parser)
    arguments = parser.parse_args(argv)
    names = [file.name.removesuffix(".npz") for file in arguments.others]
    named_once("others", names)
    own = MaskTable.read(arguments.masks)
    others = {name: MaskTable.read(file) for name, file in zip(names, arguments.others, strict=True)}
    ceilings: dict[str, dict[str, float]] = {}
    if arguments.stability is not None:
        try:
            ceilings = ceilings_of(read_json(arguments.stability))
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{arguments.stability}: not by stability, it lacks {error}") from None
    result = {
        "format": "neuronspec-text-control-1",
        "own": arguments.masks.name.removesuffix(".npz"),
        "masks": facts_of(own),
        "sets": control(own, others, ceilings),
    }
    write_tables(arguments, result, CSV_COLUMNS, csv_rows(result), markdown(result))


if __name__ == "__main__":
    run_main(main)
