"""Draw validation loss against updates: one panel for all trainings, and one for each with its directions."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.report.figures.figure import MOST_NAMED, panels, save, styles
from workflow_scripts.report.read.read_files import read_table

ALL = "all"
LABELS = {"loss": "validation loss (bits per token)", "nll_loss": "validation NLL (bits per token)"}
Curves = dict[str, list[tuple[int, float]]]  # direction -> [(update, loss)], updates ascending


def read_curves(path: str | Path, column: str = "loss") -> Curves:
    """Read one training's losses; the first key is ``all``, the others are directions in the file's order.

    Where the file has no rows for ``all`` at an update, it is the mean of its directions weighted by tokens.
    An update that is there twice (a resumed training) counts with its last row. Raises UserError: the file is
    absent, empty or not of these columns, or a value is not a number.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; a training writes it at its first validation")
    found: dict[tuple[str, int], tuple[float, float]] = {}
    for row in read_table(path, ("update", "direction", column, "tokens"), ("update", column, "tokens")):
        if not row["update"].isdecimal():
            raise UserError(f"{path}: update is {row['update']!r}, not a whole number")
        found[row["direction"], int(row["update"])] = float(row[column]), float(row["tokens"])
    if not found:
        raise UserError(f"{path}: no validation yet")
    directions = list(dict.fromkeys(direction for direction, _ in found if direction != ALL))
    for update in {update for _, update in found}:
        here = [found[d, update] for d in directions if (d, update) in found]
        tokens = sum(count for _, count in here)
        if (ALL, update) not in found and tokens:
            found[ALL, update] = sum(loss * count for loss, count in here) / tokens, tokens
    return {
        name: sorted((update, loss) for (direction, update), (loss, _) in found.items() if direction == name)
        for name in [ALL, *directions]
    }


def training_figure(trainings: dict[str, Curves], column: str = "loss") -> Figure:
    """Return the figure; ``trainings`` maps a name to its curves."""
    figure, rows = panels(math.ceil((1 + len(trainings)) / 3), min(1 + len(trainings), 3))
    axes = [axis for row in rows for axis in row]
    for axis in axes[1 + len(trainings) :]:
        axis.set_visible(False)
    for (name, curves), (colour, line) in zip(trainings.items(), styles(len(trainings)), strict=True):
        axes[0].plot(
            *_points(curves[ALL]), color=colour, linestyle=line, marker="o", markersize=3, label=name
        )
    axes[0].set_title("all directions")
    for axis, (name, curves) in zip(axes[1:], trainings.items(), strict=False):
        directions = [direction for direction in curves if direction != ALL]
        named = len(directions) <= MOST_NAMED
        for direction, (colour, line) in zip(directions, styles(len(directions)), strict=True):
            look = {"color": colour, "linestyle": line} if named else {"color": "0.7", "linestyle": "-"}
            axis.plot(*_points(curves[direction]), linewidth=1, label=direction if named else None, **look)
        label = ALL if named else f"{ALL} (grey: {len(directions)} directions)"
        axis.plot(*_points(curves[ALL]), color="black", linewidth=2, label=label)
        axis.set_title(name)
    for axis in axes[: 1 + len(trainings)]:
        axis.set_xlabel("updates")
        axis.set_ylabel(LABELS[column])
        entries = len(axis.get_legend_handles_labels()[0])
        axis.legend(fontsize=7, frameon=False, ncols=1 + entries // 9, loc="upper right")
    return figure


def _points(curve: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [update for update, _ in curve], [loss for _, loss in curve]


def main(argv: list[str] | None = None) -> None:
    """Read the curves and draw them."""
    parser = argparse.ArgumentParser(prog="plot_training", description=__doc__.splitlines()[0])
    parser.add_argument("--validation", nargs="+", required=True, metavar="NAME=CSV")
    parser.add_argument("--column", choices=sorted(LABELS), default="loss")
    parser.add_argument("--out", required=True, metavar="PNG")
    args = parser.parse_args(argv)
    trainings: dict[str, Curves] = {}
    for item in args.validation:
        name, separator, path = item.partition("=")
        if not (name and separator and path):
            raise UserError(f"--validation: {item!r} is not NAME=CSV")
        if name in trainings:
            raise UserError(f"--validation: {name!r} is named twice")
        trainings[name] = read_curves(path, args.column)
    save(training_figure(trainings, args.column), args.out)


if __name__ == "__main__":
    run_main(main)
