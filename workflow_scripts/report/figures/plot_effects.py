"""Draw the effect matrices of a system: what each language loses without the units of each."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workflow_scripts.analyse.means import defined
from workflow_scripts.common.checked_options import json_object, lists_of_texts
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.cells import (
    WRITTEN,
    Floats,
    around_zero,
    draw_cells,
    inches,
    outline,
    separate,
)
from workflow_scripts.report.figures.figure import panels, wrapped, write_figure
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.matrix import SIGNED
from workflow_scripts.report.figures.order import by_family
from workflow_scripts.report.figures.over_seeds import over_seeds
from workflow_scripts.report.read.analyses import add_results, grouped, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-effect-matrix-1"
COLUMNS = ("side", "set", "size", "units_of", "loss_of", "raw", "centred")
NUMBERS = ("raw", "centred")
#: Of cells: what is written in them.
FORM = "+.3f"
#: Form → what its bar of colours says.
FORMS = {"raw": "loss added (nats per token)", "centred": "centred (nats per token)"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What the loss of a language rises by without the units of a language, over seeds."""

    side: str
    size: str
    units_of: str
    loss_of: str
    raw: Mean
    centred: Mean

    def row(self) -> dict[str, Any]:
        """Return the cell as a row of the figure's data."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in ("side", "size", "units_of", "loss_of")
        }
        for name in FORMS:
            value: Mean = getattr(self, name)
            found |= {name: defined(value.mean), f"{name}_sd": value.sd, f"{name}_seeds": value.n}
        return found


def cells(rows: Sequence[Row], criterion: str) -> list[Cell]:
    """Return the cells of a criterion, from the rows of all seeds of a system. UserError: it has no rows."""
    known = dict.fromkeys(row["set"] for row in rows if not row["set"].startswith("random-"))
    wanted = [row for row in rows if row["set"] == criterion]
    if not wanted:
        raise UserError(f"--criterion: no matrix by {criterion!r}{nearest(criterion, known)}")
    found = []
    for (side, size, units_of, loss_of), of in grouped(wanted, "side", "size", "units_of", "loss_of"):
        raw, centred = (over_seeds(number(row[name]) for row in of) for name in FORMS)
        found.append(Cell(side, size, units_of, loss_of, raw, centred))
    return found


def matrix(found: Sequence[Cell], form: str, names: Sequence[str]) -> Floats:
    """Return the means of cells as a matrix [units of, loss of]; NaN where there is none."""
    place = {name: number for number, name in enumerate(names)}
    values = np.full((len(names), len(names)), np.nan)
    for cell in found:
        values[place[cell.units_of], place[cell.loss_of]] = getattr(cell, form).mean
    return values


def effects_figure(found: Sequence[Cell], families: Mapping[str, Sequence[str]]) -> Figure:
    """Return a row of panels for each side and size: the matrix raw, and centred."""
    sides = [
        (side, size) for side in dict.fromkeys(one.side for one in found) for size in _sizes(found, side)
    ]
    most = max(len(_languages(found, side)) for side, _ in sides)
    figure, grid = panels(len(sides), len(FORMS), inches(most), inches(most))
    form_of_cells = FORM if most <= WRITTEN else None
    for (side, size), axes in zip(sides, grid, strict=True):
        names, spans = by_family(_languages(found, side), families)
        here = [cell for cell in found if (cell.side, cell.size) == (side, size)]
        matrices = {form: matrix(here, form, names) for form in FORMS}
        # Both forms are nats per token: of a scale of its own, what is left of noise would look like much.
        scale = around_zero(np.concatenate([*matrices.values()])), SIGNED
        for (form, bar), axis in zip(FORMS.items(), axes, strict=True):
            draw_cells(axis, matrices[form], names, names, scale, bar, form_of_cells)
            outline(axis, [(place, place) for place in range(len(names))])
            separate(axis, [span.start for span in spans[1:]])
            axis.set_title(wrapped(f"{side}, {size}: {form}", inches(most)))
            axis.set_xlabel("loss of")
            axis.set_ylabel("without the units of")
    return figure


def _languages(found: Sequence[Cell], side: str) -> list[str]:
    return list(dict.fromkeys(cell.units_of for cell in found if cell.side == side))


def _sizes(found: Sequence[Cell], side: str) -> list[str]:
    return list(dict.fromkeys(cell.size for cell in found if cell.side == side))


def caption(
    system: str,
    criterion: str,
    found: Sequence[Cell],
    results: Sequence[Mapping[str, Any]],
    files: Sequence[str],
    families: Mapping[str, Sequence[str]],
) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    seeds = [str(result["seed"]) for result in results]
    stacks = "; ".join(f"{side}: units of the {of['stack']}" for side, of in first["sides"].items())
    removed = "0" if first["replace"] == "zero" else "their mean over the text"
    notes = []
    if families:
        told = "; ".join(f"{family}: {', '.join(of)}" for family, of in families.items())
        notes.append(f"Languages stand by family ({told}).")
    if undefined := sum(value.n == 0 for cell in found for value in (cell.raw, cell.centred)):
        notes.append(f"Hatched: {undefined} cell{'s' * (undefined != 1)} without a value.")
    return Caption(
        f"Effect matrices of {system} by {criterion}: nats per token that the loss of the column's language"
        f" rises by where the units of the row's language are {removed}; below 0 it falls. Frames: a"
        f" language's own units. Left as measured, right freed of the means of rows and columns. {stacks}."
        f" Text: {first['subset']}. Means over seeds; 0 is white, and each row has its own scale.",
        files,
        seeds,
        notes=notes,
    )


def main(argv: list[str] | None = None) -> None:
    """Read the matrices of all seeds of a system and draw those of a criterion."""
    parser = argparse.ArgumentParser(prog="plot_effects", description=__doc__.splitlines()[0])
    add_results(parser, "effect_matrix, of one system")
    parser.add_argument("--criterion", required=True, help="difference, lape or masks")
    parser.add_argument("--families", default="{}", help='JSON: {"germanic": ["de", "nl"]}')
    args = parser.parse_args(argv)
    example = {"germanic": ["de", "nl"]}
    families = json_object("families", args.families, example, lists_of_texts)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), COLUMNS, NUMBERS)
    found = cells(read.rows, args.criterion)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(read.one("system"), args.criterion, found, read.results, read.files, families)
    write_figure(effects_figure(found, families), args.out, [cell.row() for cell in found], told)


if __name__ == "__main__":
    run_main(main)
