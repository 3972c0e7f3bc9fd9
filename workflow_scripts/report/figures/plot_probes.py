"""Draw what probes read of a property by layer, beside control tasks and the most frequent label."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import GREY, draw_line, look, same_heights
from workflow_scripts.report.figures.figure import legend_beside, panels, shortened, write_figure
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.over_seeds import bars_over_seeds, mean_cells, over_seeds, undefined_note
from workflow_scripts.report.read.analyses import add_results, grouped, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-probes-1"
COLUMNS = ("part", "name", "measure", "mean")
NUMBERS = ("mean",)
LAYER = "layer"
STACKS = ("encoder", "decoder")
ACCURACY, CONTROL, MAJORITY, SELECTIVITY = "accuracy", "control", "majority", "selectivity"
#: Panels from above → what is drawn in them.
PANELS = {ACCURACY: (ACCURACY, CONTROL, MAJORITY), SELECTIVITY: (SELECTIVITY,)}


@dataclass(frozen=True, slots=True)
class Point:
    """A measure of a system's probe of one layer, over seeds. ``units``: the kind of its units."""

    stack: str
    system: str
    units: str
    layer: int
    measure: str
    value: Mean

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        names = ("stack", "system", "units", "layer", "measure")
        return {
            **{name: getattr(self, name) for name in names},
            **mean_cells(self.value),
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return the points of all layers, from the rows of all systems, seeds and stacks of one property."""
    measures = {name for of in PANELS.values() for name in of}
    wanted = [row for row in rows if row["part"] == LAYER and row["measure"] in measures]
    found = []
    for (stack, system, key, measure), of in grouped(wanted, "stack", "system", "name", "measure"):
        _, layer, units = key.split(".")
        value = over_seeds(number(row["mean"]) for row in of)
        found.append(Point(stack, system, units, int(layer), measure, value))
    return found


def probes_figure(found: Sequence[Point]) -> Figure:
    """Return a column of panels for each stack: accuracy above, selectivity below."""
    stacks = [stack for stack in STACKS if any(point.stack == stack for point in found)]
    names = list(dict.fromkeys((point.system, point.units) for point in found))
    several = len({units for _, units in names}) > 1
    figure, grid = panels(len(PANELS), len(stacks), 2.6, 2.2)
    for panel, axes in zip(PANELS, grid, strict=True):
        for stack, axis in zip(stacks, axes, strict=True):
            here = [point for point in found if point.stack == stack]
            for place, (system, units) in enumerate(names):
                told = shortened(f"{system}, {units}" if several else system)
                own = [point for point in here if (point.system, point.units) == (system, units)]
                _draw(axis, own, panel, told, place)
            _layers(axis, sorted({point.layer for point in here}))
            axis.set_title(stack)
            axis.set_ylabel(panel)
        if panel == ACCURACY:
            _majority(axes, stacks, found)
        same_heights(axes)
        legend_beside(axes[-1])
    return figure


def _draw(axis: Axes, found: Sequence[Point], panel: str, name: str, place: int) -> None:
    for measure in PANELS[panel]:
        curve = [point for point in found if point.measure == measure]
        if not curve or measure == MAJORITY:
            continue
        style = look(place)
        if measure == CONTROL:
            style |= {"linestyle": ":", "markerfacecolor": "white"}
        label = f"{name}, control" if measure == CONTROL else name
        draw_line(axis, [point.layer for point in curve], [point.value for point in curve], label, **style)
    if panel == SELECTIVITY:
        axis.axhline(0, color="black", linewidth=0.8)


def _majority(axes: Sequence[Axes], stacks: Sequence[str], found: Sequence[Point]) -> None:
    """The most frequent label: of one text it is the same for all systems and layers."""
    for stack, axis in zip(stacks, axes, strict=True):
        of_stack = [point for point in found if (point.stack, point.measure) == (stack, MAJORITY)]
        for value in dict.fromkeys(round(point.value.mean, 9) for point in of_stack):
            axis.axhline(value, color=GREY, linestyle="--", linewidth=1.1, label="most frequent label")


def _layers(axis: Axes, layers: Sequence[int]) -> None:
    axis.set_xticks(layers)
    axis.set_xlim(layers[0] - 0.4, layers[-1] + 0.4)
    axis.set_xlabel("layer")


def caption(
    name: str, found: Sequence[Point], results: Sequence[Mapping[str, Any]], files: Sequence[str]
) -> Caption:
    """Return the caption. ``results``: the JSON of each probe."""
    seeds = list(dict.fromkeys(str(result["seed"]) for result in results))
    words = sorted({result["probe"]["tokens"] for result in results})
    labels = sorted({len(result["probe"]["labels"]) for result in results})
    splits = len(results[0]["probe"]["splits"])
    return Caption(
        f"Probes of {name}, one for each layer alone: accuracy on held-out sentences of {_range(words)} words"
        f" with {_range(labels)} labels, mean over {splits} split{'s' * (splits != 1)} by sentence, then over"
        " seeds. Dotted: the same probe of control labels, random ones of word types; grey: the most frequent"
        " label. Below: selectivity, accuracy minus that of control labels. Between layers lines have no"
        " values.",
        files,
        seeds,
        bars_over_seeds(seeds),
        undefined_note(point.value.mean for point in found),
    )


def _range(values: Sequence[int]) -> str:
    return f"{values[0]}" if len(values) == 1 else f"{values[0]} to {values[-1]}"


def main(argv: list[str] | None = None) -> None:
    """Read the probes of a property and draw them."""
    parser = argparse.ArgumentParser(prog="plot_probes", description=__doc__.splitlines()[0])
    add_results(parser, "fit_probes, of one property")
    args = parser.parse_args(argv)
    names = ("system", "seed", "stack", "property")
    read = read_analysis(args.results, FORMAT, names, COLUMNS, NUMBERS)
    found = points(read.rows)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(read.one("property"), found, read.results, read.files)
    write_figure(probes_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
