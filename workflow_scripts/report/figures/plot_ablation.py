"""Draw ablation curves: what a system loses over the share of units that are removed, or kept alone.

Units of each score, the highest and the lowest, stand beside random ones; so do the areas under the curves.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.analyse.means import defined
from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import (
    CHANCE_BAND,
    GREY,
    draw_chance,
    draw_line,
    look,
    share_axis,
    signed_log,
)
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

FORMAT = "neuronspec-ablation-1"
COLUMNS = ("measure", "test", "set", "size", "share", "mean", "random_mean", "random_low", "random_high")
NUMBERS = COLUMNS[4:]
RANDOM, NLL, AREA = "random", "nll", "area"
#: What is done to the units → the title of its panels, and what its area is called.
TESTS = {"removed": "Units removed", "kept": "Units kept, all others removed"}
AREAS = {"removed": "effect when removed", "kept": "faithfulness when kept"}
#: Measure → what is on its axis.
LABELS = {NLL: "loss added (nats per token)", "bleu": "BLEU, difference", "chrf": "chrF2++, difference"}
ENDS = {"top": "highest", "bottom": "lowest"}


@dataclass(frozen=True, slots=True)
class Point:
    """A set of units at one size: the mean over directions, over seeds, beside random units."""

    measure: str
    test: str
    set: str
    size: str
    share: float
    value: Mean
    chance: Chance

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        return {
            **{name: getattr(self, name) for name in ("measure", "test", "set", "size")},
            "share": defined(self.share),
            **mean_cells(self.value),
            **self.chance.cells(),
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return the points of all curves and areas, from the rows of all seeds of one system."""
    wanted = [row for row in rows if row["set"] != RANDOM and row["test"] in TESTS]
    found = []
    for (measure, test, name, size), of in grouped(wanted, "measure", "test", "set", "size"):
        value = over_seeds(number(row["mean"]) for row in of)
        found.append(Point(measure, test, name, size, number(of[0]["share"]), value, Chance.of(of)))
    return found


def ablation_figure(found: Sequence[Point]) -> Figure:
    """Return a row of panels for the loss, one for the areas under it, and one for each other measure."""
    measures = [name for name in LABELS if any(point.measure == name for point in found)]
    measures.insert(1, AREA)
    sets = list(dict.fromkeys(point.set for point in found))
    figure, grid = panels(len(measures), len(TESTS))
    for measure, axes in zip(measures, grid, strict=True):
        for (test, title), axis in zip(TESTS.items(), axes, strict=True):
            here = [point for point in found if (point.measure, point.test) == (measure, test)]
            if measure == AREA:
                _areas(axis, here, sets)
                axis.set_xlabel(f"area: {AREAS[test]}")
            else:
                _curves(axis, here, sets, measure == NLL and test == "removed")
                axis.set_ylabel(LABELS[measure])
                axis.set_title(title)
                axis.set_xlabel(f"share of the units {test}")
    legend_beside(grid[0][-1])
    return figure


def style_of(name: str, sets: Sequence[str]) -> dict[str, str]:
    """Return how a set looks: its score has a colour, the end of the score's order a line."""
    scores = list(dict.fromkeys(one.rpartition(" ")[0] for one in sets))
    score, _, end = name.rpartition(" ")
    return look(scores.index(score), [*ENDS].index(end))


def shown(name: str) -> str:
    """Return the name of a set for readers: ``activations, highest`` of ``activations top``."""
    score, _, end = name.rpartition(" ")
    return f"{score}, {ENDS[end]}"


def _curves(axis: Axes, here: Sequence[Point], sets: Sequence[str], logarithmic: bool) -> None:
    """``logarithmic``: a few units cost a thousandth of what all do."""
    for name in sets:
        curve = [point for point in here if point.set == name]
        x = [point.share for point in curve]
        draw_line(axis, x, [point.value for point in curve], shown(name), **style_of(name, sets))
    curve = [point for point in here if point.set == sets[0]]
    draw_chance(axis, [point.share for point in curve], [point.chance for point in curve], "random units")
    if logarithmic:
        signed_log(axis, max((point.value.mean for point in here), default=math.nan))
    share_axis(axis, {point.size: point.share for point in curve})
    axis.axhline(0, color="black", linewidth=0.8)


def _areas(axis: Axes, here: Sequence[Point], sets: Sequence[str]) -> None:
    for place, point in enumerate(here):
        style, value = style_of(point.set, sets), point.value
        reach = [[math.nan if value.half is None else value.half]]
        axis.errorbar([value.mean], [place], xerr=reach, capsize=2.5, elinewidth=0.9, **style)
    if here and math.isfinite(here[0].chance.low):
        chance = here[0].chance
        axis.axvspan(chance.low, chance.high, color=GREY, alpha=0.25, linewidth=0)
        axis.axvline(chance.mean, color=GREY, linestyle="--", linewidth=1.1)
    axis.set_ylim(len(here) - 0.4, -0.6)
    axis.set_yticks(range(len(here)), [shortened(shown(point.set)) for point in here])


def caption(
    system: str,
    found: Sequence[Point],
    results: Sequence[Mapping[str, Any]],
    files: Sequence[str],
) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    directions, removed = first["directions"], "0" if first["replace"] == "zero" else "its mean over the text"
    sentences = sorted({one["sentences"] for result in results for one in result["directions"].values()})
    range_of = f"{sentences[0]}" if len(sentences) == 1 else f"{sentences[0]} to {sentences[-1]}"
    seeds = [str(result["seed"]) for result in results]
    return Caption(
        f"Ablation of {system}: nats per token that are added where ever more units of a score are removed"
        f" (left), and where they alone are kept (right), beside {len(first['draws'])} draws of random units."
        f" Mean over {len(directions)} directions of {first['subset']}, {range_of} sentences each, then over"
        f" seeds. A removed unit is {removed}. Below: areas under the curves; the effect when removed is 1"
        " where the first units take all with them, the faithfulness when kept is 1 where they do all the"
        " work. The axes of shares, and of the loss on the left, are logarithmic away from 0.",
        files,
        seeds,
        f"{bars_over_seeds(seeds)} Grey: random units, their mean and {CHANCE_BAND}.",
        undefined_note(point.value.mean for point in found),
    )


def main(argv: list[str] | None = None) -> None:
    """Read the curves of all seeds of a system and draw them."""
    parser = argparse.ArgumentParser(prog="plot_ablation", description=__doc__.splitlines()[0])
    add_results(parser, "ablate_units, of one system")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), COLUMNS, NUMBERS)
    found = points(read.rows)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(read.one("system"), found, read.results, read.files)
    write_figure(ablation_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
