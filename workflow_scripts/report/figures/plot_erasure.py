"""Draw what systems lose without units that other models have too, beside random units."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import (
    CHANCE_BAND,
    draw_chance,
    draw_line,
    look,
    same_heights,
    share_axis,
)
from workflow_scripts.report.figures.figure import legend_beside, panels, wrapped, write_figure
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.over_seeds import (
    Chance,
    bars_over_seeds,
    mean_cells,
    over_seeds,
    undefined_note,
)
from workflow_scripts.report.read.analyses import add_results, grouped, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-erasure-1"
COLUMNS = ("form", "end", "size", "units", "mean", "random_mean", "random_low", "random_high")
NUMBERS = COLUMNS[3:]
FORMS = {"max": "MaxCorr", "min": "MinCorr", "linreg": "LinReg R²"}
#: How far the two ends stand from the number of units, as a factor.
APART = 1.02
ENDS = {"top": "most alike", "bottom": "least alike"}


@dataclass(frozen=True, slots=True)
class Point:
    """The units of an end of an order that are removed: the mean over directions, over seeds."""

    system: str
    form: str
    end: str
    size: str
    units: int
    value: Mean
    chance: Chance

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        return {
            **{name: getattr(self, name) for name in ("system", "form", "end", "size", "units")},
            **mean_cells(self.value),
            **self.chance.cells(),
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return the points of all systems, from the rows of all their seeds."""
    found = []
    for (system, form, end, size), of in grouped(rows, "system", "form", "end", "size"):
        value = over_seeds(number(row["mean"]) for row in of)
        found.append(Point(system, form, end, size, int(number(of[0]["units"])), value, Chance.of(of)))
    return found


def erasure_figure(found: Sequence[Point]) -> Figure:
    """Return a row of panels for each system, a column for each form of likeness."""
    systems = list(dict.fromkeys(point.system for point in found))
    forms = [form for form in FORMS if any(point.form == form for point in found)]
    figure, grid = panels(len(systems), len(forms), 2.2, 2.0)
    for system, axes in zip(systems, grid, strict=True):
        for form, axis in zip(forms, axes, strict=True):
            _draw(axis, [point for point in found if (point.system, point.form) == (system, form)])
            axis.set_title(wrapped(f"{system}, {FORMS[form]}", 2.2))
            axis.set_ylabel("loss added (nats per token)")
            axis.set_xlabel("units removed")
        same_heights(axes)
    legend_beside(grid[0][-1])
    return figure


def _draw(axis: Axes, here: Sequence[Point]) -> None:
    here = sorted(here, key=lambda point: point.units)
    for place, (end, name) in enumerate(ENDS.items()):
        curve = [point for point in here if point.end == end]
        # Beside one another: the bars of both would hide each other.
        x = [point.units * APART ** (2 * place - 1) for point in curve]
        draw_line(axis, x, [point.value for point in curve], name, **look(place))
    curve = [point for point in here if point.end == next(iter(ENDS))]
    draw_chance(axis, [point.units for point in curve], [point.chance for point in curve], "random units")
    if len(curve) == 1:
        axis.set_xlim(0.8 * curve[0].units, 1.25 * curve[0].units)
    share_axis(axis, {point.size: float(point.units) for point in curve})
    axis.axhline(0, color="black", linewidth=0.8)


def caption(
    between: str, found: Sequence[Point], results: Sequence[Mapping[str, Any]], files: Sequence[str]
) -> Caption:
    """Return the caption. ``results``: the JSON of each system and seed."""
    first = results[0]
    seeds = list(dict.fromkeys(str(result["model_seed"]) for result in results))
    what = "seeds of the system" if between == "seeds" else "systems of the seed"
    return Caption(
        "Nats per token that are added where units of each layer are removed: those most and those least like"
        f" units of other {what}, by each form of likeness, of {first['of_units']} units. Mean over"
        f" {len(first['texts'])} directions of {first['subset']}, then over seeds.",
        files,
        seeds,
        f"{bars_over_seeds(seeds)} Grey: random units, {first['draws']} draws, their mean and {CHANCE_BAND}.",
        undefined_note(point.value.mean for point in found),
    )


def main(argv: list[str] | None = None) -> None:
    """Read the erasures of systems and seeds and draw them."""
    parser = argparse.ArgumentParser(prog="plot_erasure", description=__doc__.splitlines()[0])
    add_results(parser, "erase_correlated")
    parser.add_argument("--between", choices=("seeds", "systems"), required=True, help="what is compared")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "model_seed"), COLUMNS, NUMBERS)
    found = points(read.rows)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(args.between, found, read.results, read.files)
    write_figure(erasure_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
