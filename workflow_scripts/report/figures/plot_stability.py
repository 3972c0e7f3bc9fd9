"""Draw how far masks of other sentences would be the same, over the number of sentences."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure

from workflow_scripts.analyse.means import defined
from workflow_scripts.common.errors import run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.curves import same_heights
from workflow_scripts.report.figures.figure import MARKERS, legend_beside, panels, write_figure
from workflow_scripts.report.figures.intervals import T_INTERVAL
from workflow_scripts.report.figures.over_seeds import over_seeds
from workflow_scripts.report.read.analyses import EVERY, add_results, grouped, number, read_analysis
from workflow_scripts.report.read.read_files import Row, content_of

FORMAT = "neuronspec-stability-1"
COLUMNS = ("direction", "layer", "sentences", "mean_iou", "low", "high", "chance")
NUMBERS = COLUMNS[3:]
STACKS = ("encoder", "decoder")


@dataclass(frozen=True, slots=True)
class Point:
    """The overlap of masks of two samples: its mean over directions and seeds and an interval, of seeds or,
    where there is one seed, of draws; and what random masks of that size have."""

    layer: str
    sentences: str
    iou: float
    low: float
    high: float
    chance: float
    seeds: int

    @property
    def stack(self) -> str:
        """Of its layer."""
        return self.layer.partition(".")[0]

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean over a stack's layers."""
        return self.layer.endswith(f".{EVERY}")

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the figure's data."""
        numbers = ("iou", "low", "high", "chance")
        return {
            **{name: getattr(self, name) for name in ("layer", "sentences", "seeds")},
            **{name: defined(getattr(self, name)) for name in numbers},
        }


def points(rows: Sequence[Row]) -> list[Point]:
    """Return the points of all layers, from the rows of all seeds of one mask set."""
    found = []
    wanted = [row for row in rows if row["direction"] == EVERY]
    for (layer, sentences), of in grouped(wanted, "layer", "sentences"):
        value = over_seeds(number(row["mean_iou"]) for row in of)
        low, high = value.low, value.high
        if low is None or high is None:
            low, high = number(of[0]["low"]), number(of[0]["high"])
        chance = over_seeds(number(row["chance"]) for row in of).mean
        found.append(Point(layer, sentences, value.mean, low, high, chance, value.n))
    return found


def stability_figure(found: Sequence[Point]) -> Figure:
    """Return a panel for each stack: a line for each layer, from light to dark, and a black one for their
    mean; dotted what random masks have."""
    stacks = [stack for stack in STACKS if any(point.stack == stack for point in found)]
    figure, grid = panels(1, len(stacks), 3.0, 2.6)
    for stack, axis in zip(stacks, grid[0], strict=True):
        here = [point for point in found if point.stack == stack]
        sizes = list(dict.fromkeys(point.sentences for point in here))
        layers = list(dict.fromkeys(point.layer for point in here if not point.is_mean))
        shades = [
            colormaps["cividis_r"](0.15 + 0.8 * n / max(len(layers) - 1, 1)) for n in range(len(layers))
        ]
        colours = {**dict(zip(layers, shades, strict=True)), f"{stack}.{EVERY}": "black"}
        for place, (layer, colour) in enumerate(colours.items()):
            curve = [point for point in here if point.layer == layer]
            if not curve:
                continue
            x, iou = [sizes.index(point.sentences) for point in curve], [point.iou for point in curve]
            reach = [
                [point.iou - point.low for point in curve],
                [point.high - point.iou for point in curve],
            ]
            label = "mean over layers" if colour == "black" else layer
            marker = MARKERS[place % len(MARKERS)]
            axis.errorbar(x, iou, yerr=reach, label=label, color=colour, marker=marker, capsize=2.5)
            axis.plot(x, [point.chance for point in curve], color=colour, linestyle=":")
        axis.plot([], [], color="black", linestyle=":", label="random masks")
        axis.set_xticks(range(len(sizes)), sizes)
        axis.set_xlim(-0.3, len(sizes) - 0.7)
        axis.set_title(stack)
        axis.set_xlabel("sentences in a sample (not to scale)")
        axis.set_ylabel("overlap of two samples' masks (IoU)")
        legend_beside(axis)
    same_heights(grid[0])
    return figure


def caption(masks: str, results: Sequence[Mapping[str, Any]], files: Sequence[str]) -> Caption:
    """Return the caption. ``results``: the JSON of each seed."""
    first = results[0]
    seeds = [str(result["seed"]) for result in results]
    sentences = sorted(one["sentences"] for one in first["directions"].values())
    every = f"{sentences[0]}" if sentences[0] == sentences[-1] else f"{sentences[0]} to {sentences[-1]}"
    bars = f"{T_INTERVAL} over seeds" if len(seeds) > 1 else f"of one seed {first['interval']}"
    return Caption(
        f"Stability of the masks {masks} of {first['system']}: intersection over union of the masks of two"
        f" samples of sentences, drawn with replacement from {first['subset']}, the mean over"
        f" {len(first['directions'])} directions and {first['pairs']} pairs of samples; all: {every}"
        " sentences of a direction. Dotted: random masks that keep as many units.",
        files,
        seeds,
        f"Bars: {bars}.",
    )


def main(argv: list[str] | None = None) -> None:
    """Read the stability of a mask set in all seeds and draw it."""
    parser = argparse.ArgumentParser(prog="plot_stability", description=__doc__.splitlines()[0])
    add_results(parser, "stability, of one mask set")
    parser.add_argument("--maskset", required=True, help="its name")
    args = parser.parse_args(argv)
    read = read_analysis(args.results, FORMAT, ("system", "seed"), COLUMNS, NUMBERS)
    found = points(read.rows)
    with content_of(read.files[0], f"a {FORMAT} file"):
        told = caption(args.maskset, read.results, read.files)
    write_figure(stability_figure(found), args.out, [point.row() for point in found], told)


if __name__ == "__main__":
    run_main(main)
