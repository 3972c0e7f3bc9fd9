"""Draw validation loss against updates: all trainings beside one another, and each with its directions.

Systems that are trained on begin where the baseline ended: their updates come after the baseline's.
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.figure import (
    MOST_NAMED,
    legend_beside,
    panels,
    shortened,
    styles,
    wrapped,
    write_figure,
)
from workflow_scripts.report.read.read_files import read_table

ALL = "all"
LABELS = {"loss": "validation loss (bits per token)", "nll_loss": "validation NLL (bits per token)"}
PANELS_ACROSS = 3
Curves = dict[str, list[tuple[int, float]]]  # direction -> [(update, loss)], updates ascending
Trainings = dict[str, dict[int, Curves]]  # system -> seed -> curves


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


def after(trainings: Trainings, first: str, following: Sequence[str]) -> Trainings:
    """Return the trainings with the updates of ``following`` counted from the last one of ``first`` of the
    same seed, whose weights they began with. Without the curves of ``first`` the updates stay."""
    ends = {seed: curves[ALL][-1][0] for seed, curves in trainings.get(first, {}).items()}
    return {
        system: {
            seed: {
                direction: [
                    (update + (ends.get(seed, 0) if system in following else 0), loss)
                    for update, loss in curve
                ]
                for direction, curve in curves.items()
            }
            for seed, curves in by_seed.items()
        }
        for system, by_seed in trainings.items()
    }


def training_figure(trainings: Trainings, column: str = "loss") -> Figure:
    """Return the figure of trainings whose updates are as they are drawn."""
    names = list(trainings)
    across = min(1 + len(names), PANELS_ACROSS)
    figure, rows = panels(math.ceil((1 + len(names)) / across), across)
    axes = [axis for row in rows for axis in row]
    for axis in axes[1 + len(names) :]:
        axis.set_visible(False)
    for (name, by_seed), (colour, line) in zip(trainings.items(), styles(len(names)), strict=True):
        for n, curves in enumerate(by_seed.values()):
            look = {"color": colour, "linestyle": line, "marker": "o", "markersize": 3}
            axes[0].plot(*_points(curves[ALL]), label=None if n else shortened(name), **look)
    axes[0].set_title("all directions")
    legend_beside(axes[0])
    named: list[str] = []
    for axis, (name, by_seed) in zip(axes[1:], trainings.items(), strict=False):
        before, named = named, _draw_directions(axis, by_seed)
        axis.set_title(wrapped(name))
        # Directions look the same in all panels.
        if named != before:
            legend_beside(axis, ncols=1 + len(named) // 14)
    for axis in axes[: 1 + len(names)]:
        axis.set_xlabel("updates")
        axis.set_ylabel(LABELS[column])
    return figure


def _draw_directions(axis: Axes, by_seed: Mapping[int, Curves]) -> list[str]:
    """Draw a line for each direction and seed; return what is in the legend."""
    directions = list(dict.fromkeys(d for curves in by_seed.values() for d in curves if d != ALL))
    named = len(directions) <= MOST_NAMED
    label = ALL if named else f"{ALL} (grey: {len(directions)} directions)"
    for n, curves in enumerate(by_seed.values()):
        for direction, (colour, line) in zip(directions, styles(len(directions)), strict=True):
            look = {"color": colour, "linestyle": line} if named else {"color": "0.7", "linestyle": "-"}
            own = direction if named and not n else None
            axis.plot(*_points(curves.get(direction, [])), linewidth=1, label=own, **look)
        axis.plot(*_points(curves[ALL]), color="black", linewidth=2, label=None if n else label)
    return [*(directions if named else []), label]


def _points(curve: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [update for update, _ in curve], [loss for _, loss in curve]


def training_rows(trainings: Trainings) -> list[dict[str, Any]]:
    """Return the values drawn: a row for each system, seed, direction and update."""
    return [
        {"system": system, "seed": seed, "direction": direction, "update": update, "loss": loss}
        for system, by_seed in trainings.items()
        for seed, curves in by_seed.items()
        for direction, curve in curves.items()
        for update, loss in curve
    ]


def _read(options: Sequence[str], column: str) -> tuple[Trainings, list[Path]]:
    """Return the trainings that the option names, and their files."""
    trainings: Trainings = {}
    files = []
    for item in options:
        name, separator, path = item.partition("=")
        system, dot, seed = name.rpartition(".s")
        if not (system and dot and seed.isdecimal() and separator and path):
            raise UserError(f"--validation: {item!r} is not SYSTEM.sSEED=CSV, as baseline.s1=validation.csv")
        by_seed = trainings.setdefault(system, {})
        if int(seed) in by_seed:
            raise UserError(f"--validation: {name!r} is named twice")
        by_seed[int(seed)] = read_curves(path, column)
        files.append(Path(path))
    return trainings, files


def main(argv: list[str] | None = None) -> None:
    """Read the curves and draw them."""
    parser = argparse.ArgumentParser(prog="plot_training", description=__doc__.splitlines()[0])
    parser.add_argument("--validation", nargs="+", required=True, metavar="SYSTEM.sSEED=CSV")
    parser.add_argument("--first", default="baseline", help="the system that others are trained on from")
    parser.add_argument("--after", nargs="+", default=[], metavar="SYSTEM", help="those systems")
    parser.add_argument("--column", choices=sorted(LABELS), default="loss")
    parser.add_argument("--out", required=True, metavar="PNG")
    args = parser.parse_args(argv)
    read, files = _read(args.validation, args.column)
    for name in args.after:
        if name not in read:
            raise UserError(f"--after: no training of {name!r} is named{nearest(name, read)}")
    trainings = after(read, args.first, args.after)
    begin = (
        f" Systems that were trained on begin after the updates of {args.first}."
        if args.first in read
        else ""
    )
    caption = Caption(
        f"{LABELS[args.column].capitalize()} against updates: of all directions together (weighted by"
        f" tokens), and of each training by direction.{begin if args.after else ''}",
        files,
        sorted({seed for by_seed in trainings.values() for seed in by_seed}),
        "Every seed is a line of its own: no bands.",
    )
    write_figure(training_figure(trainings, args.column), Path(args.out), training_rows(trainings), caption)


if __name__ == "__main__":
    run_main(main)
