"""Draw what tasks lose without the attention heads that matter to them, over the share of heads pruned."""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import CHANCE_BAND, draw_chance, draw_line, look, share_axis
from workflow_scripts.report.figures.figure import legend_beside, panels, write_figure
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.over_seeds import (
    Chance,
    bars_over_seeds,
    mean_cells,
    over_seeds,
    undefined_note,
)
from workflow_scripts.report.read.analyses import EVERY, add_results, grouped, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-prune-heads-1"
COLUMNS = ("metric", "size", "measure", "task", "mean", "random_mean", "random_low", "random_high")
NUMBERS = COLUMNS[4:]
CHANGE, APART = "change", "dissociation"
#: Measure → its panel, and its name there.
MEASURES = {
    "own": (CHANGE, "the task itself"),
    "others": (CHANGE, "other tasks"),
    "relative": (APART, "own heads against those of others"),
}
LABELS = {"nll": "loss added (nats per token)", "bleu": "BLEU, difference", "chrf": "chrF2++, difference"}
OF_PANEL = {CHANGE: "without a task's heads", APART: "dissociation D, relative (× 100)"}


@dataclass(frozen=True, slots=True)
class Point:
    """A measure of a metric at one size: the mean over tasks, over seeds, beside random heads."""

    metric: str
    measure: str
    size: str
    share: float
    value: Mean
    chance: Chance

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        return {
            **{name: getattr(self, name) for name in ("metric", "measure", "size", "share")},
            **mean_cells(self.value),
            **self.chance.cells(),
        }


def points(rows: Sequence[Row], shares: Mapping[str, float]) -> list[Point]:
    """Return the points of all curves, from rows of all seeds of one system. ``shares``: size → share of the
    heads that go."""
    wanted = [row for row in rows if row["task"] == EVERY and row["measure"] in MEASURES]
    return [
        Point(
            *(metric, measure, size, shares[size]),
            over_seeds(number(row["mean"]) for row in of),
            Chance.of(of),
        )
        for (metric, measure, size), of in grouped(wanted, "metric", "measure", "size")
    ]


def shares_of(result: Mapping[str, Any]) -> dict[str, float]:
    """Return size → the share of all heads that go, of the JSON of a pruning."""
    heads = sum(result["groups"].values())
    return {size: sum(gone.values()) / heads for size, gone in result["sizes"].items()}


def pruning_figure(found: Sequence[Point]) -> Figure:
    """Return a row of panels for each metric: its change, and dissociation where it is defined."""
    metrics = list(dict.fromkeys(point.metric for point in found))
    apart = any(MEASURES[point.measure][0] == APART and math.isfinite(point.value.mean) for point in found)
    columns = [CHANGE, APART] if apart else [CHANGE]
    figure, grid = panels(len(metrics), len(columns))
    for metric, axes in zip(metrics, grid, strict=True):
        for panel, axis in zip(columns, axes, strict=True):
            _draw(axis, [point for point in found if point.metric == metric], panel)
            axis.set_title(OF_PANEL[panel])
            axis.set_ylabel(LABELS.get(metric, metric) if panel == CHANGE else f"D of {metric}")
            legend_beside(axis)
    return figure


def _draw(axis: Axes, found: Sequence[Point], panel: str) -> None:
    here = [point for point in found if MEASURES[point.measure][0] == panel]
    measures = list(dict.fromkeys(point.measure for point in here))
    for place, measure in enumerate(measures):
        curve = [point for point in here if point.measure == measure]
        x = [point.share for point in curve]
        draw_line(axis, x, [point.value for point in curve], MEASURES[measure][1], **look(place))
    curve = [point for point in here if point.measure == measures[0]]
    draw_chance(axis, [point.share for point in curve], [point.chance for point in curve], "random heads")
    share_axis(axis, {point.size: point.share for point in curve})
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xlabel("heads pruned")


def caption(
    system: str, found: Sequence[Point], results: Sequence[Mapping[str, Any]], files: Sequence[str]
) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    seeds = [str(result["seed"]) for result in results]
    heads, kept = sum(first["groups"].values()), first["keep_per_layer"]
    rule = "least" if first["ascending"] else "most"
    stay = f", {kept} of each layer's attention stay" if kept else ""
    return Caption(
        f"Pruned heads of {system}: what {len(first['tasks'])} tasks lose, the mean over tasks, without the"
        f" heads that matter {rule} to one of them, of {heads}, ranked on {first['scored_on']}{stay}; beside"
        f" {len(first['draws'])} prunings of random heads by the same rule. Text: {first['subset']}."
        " Dissociation D is above 0 where a task loses a larger share by its own heads than others do.",
        files,
        seeds,
        f"{bars_over_seeds(seeds)} Grey: random heads, their mean and {CHANCE_BAND}; of D the range in which"
        " 95 % of assignments of random sets to tasks lie.",
        undefined_note(point.value.mean for point in found),
    )


def main(argv: list[str] | None = None) -> None:
    """Read the prunings of all seeds of a system and draw them."""
    parser = argparse.ArgumentParser(prog="plot_pruning", description=__doc__.splitlines()[0])
    add_results(parser, "prune_heads, of one system")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), COLUMNS, NUMBERS)
    with content_of(read.files[0], f"a {FORMAT} file"):
        found = points(read.rows, shares_of(read.results[0]))
        told = caption(read.one("system"), found, read.results, read.files)
    write_figure(pruning_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
