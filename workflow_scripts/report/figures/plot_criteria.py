"""Draw criteria of units side by side: what removing and keeping their units does to the own direction and to
others, beside random units."""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import CHANCE_BAND, GREY, look
from workflow_scripts.report.figures.figure import legend_beside, panels, shortened, write_figure
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

FORMAT = "neuronspec-criteria-1"
COLUMNS = ("criterion", "test", "measure", "mean", "random_mean", "random_low", "random_high")
NUMBERS = COLUMNS[3:]
RANDOM = "random"
TESTS = {"removed": "units removed", "kept": "units kept, all others removed"}
MEASURES = {"own": "own direction", "others": "other directions"}
#: Rows' worth that the two measures of a criterion stand apart from its middle.
APART = 0.17


@dataclass(frozen=True, slots=True)
class Point:
    """What a test of a criterion does to directions: the mean over them, over seeds, beside random units."""

    criterion: str
    test: str
    measure: str
    value: Mean
    chance: Chance

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        return {
            **{name: getattr(self, name) for name in ("criterion", "test", "measure")},
            **mean_cells(self.value),
            **self.chance.cells(),
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return the points of all criteria, from the rows of all seeds."""
    wanted = [row for row in rows if row["criterion"] != RANDOM and row["measure"] in MEASURES]
    found = []
    for (criterion, test, measure), of in grouped(wanted, "criterion", "test", "measure"):
        value = over_seeds(number(row["mean"]) for row in of)
        found.append(Point(criterion, test, measure, value, Chance.of(of)))
    return found


def criteria_figure(found: Sequence[Point]) -> Figure:
    """Return a panel for each test, with a row for each criterion."""
    criteria = list(dict.fromkeys(point.criterion for point in found))
    figure, (axes,) = panels(1, len(TESTS), 3.0, max(0.5 * len(criteria), 1.2))
    for (test, title), axis in zip(TESTS.items(), axes, strict=True):
        for place, (measure, name) in enumerate(MEASURES.items()):
            here = [point for point in found if (point.test, point.measure) == (test, measure)]
            _draw(axis, here, criteria, place, name)
        axis.set_yticks(range(len(criteria)), [shortened(name) for name in criteria])
        axis.set_ylim(len(criteria) - 0.5, -0.5)
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set_title(title)
        axis.set_xlabel("loss added (nats per token)")
    legend_beside(axes[-1])
    return figure


def _draw(axis: Axes, here: Sequence[Point], criteria: Sequence[str], place: int, name: str) -> None:
    y = [criteria.index(point.criterion) + (2 * place - 1) * APART for point in here]
    low, high = [point.chance.low for point in here], [point.chance.high for point in here]
    axis.hlines(y, low, high, color=GREY, alpha=0.35, linewidth=7, label=None if place else "random units")
    reach = [math.nan if point.value.half is None else point.value.half for point in here]
    style = look(place) | {"linestyle": "none"}
    axis.errorbar(
        [point.value.mean for point in here], y, xerr=reach, label=name, capsize=2.5, elinewidth=0.9, **style
    )


def caption(found: Sequence[Point], results: Sequence[Mapping[str, Any]], files: Sequence[str]) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    seeds = [str(result["seed"]) for result in results]
    return Caption(
        f"Criteria side by side on {first['system']}: each names {first['units']} of {first['of_units']} FFN"
        f" neurons for each of {len(first['texts'])} directions, {first['size']} of each layer. Nats per"
        " token that are added to the own direction and to others where these units alone are removed (left)"
        f" and where they alone are kept (right). Mean over directions of {first['subset']}, then over"
        " seeds.",
        files,
        seeds,
        f"{bars_over_seeds(seeds)} Grey: random units, {len(first['draws'])} draws, {CHANCE_BAND}.",
        undefined_note(point.value.mean for point in found),
    )


def main(argv: list[str] | None = None) -> None:
    """Read the test of criteria in all seeds and draw it."""
    parser = argparse.ArgumentParser(prog="plot_criteria", description=" ".join(__doc__.split()))
    add_results(parser, "criteria")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), COLUMNS, NUMBERS)
    found = points(read.rows)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(found, read.results, read.files)
    write_figure(criteria_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
