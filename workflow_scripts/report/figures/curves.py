"""Lines with intervals over seeds, and bands of random draws, over shares of units."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from workflow_scripts.report.figures.figure import COLOURS, LINES, MARKERS
from workflow_scripts.report.figures.intervals import Mean
from workflow_scripts.report.figures.over_seeds import Chance

#: Of random units and of chance.
GREY = "0.45"
#: Inches that the name of a size takes on an axis, with the gap to the next one.
NAME_WIDTH = 0.3
#: Of the largest loss: what is closer to 0 is on a linear scale, so that 0 and losses below it have a place.
LINEAR_SHARE = 1e-3
CHANCE_BAND = "the range in which 95 % of further draws would lie, the widest of the seeds"


def look(number: int, line: int = 0) -> dict[str, str]:
    """Return colour, marker and line of the ``number``-th name; ``line`` tells curves of one name apart."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": LINES[(line + number // len(COLOURS)) % len(LINES)],
    }


def draw_line(axis: Axes, x: Sequence[float], values: Sequence[Mean], label: str, **style: Any) -> None:
    """Draw means as a line with their intervals as bars. Undefined means are gaps."""
    reach = [math.nan if value.half is None else value.half for value in values]
    means = [value.mean for value in values]
    axis.errorbar(x, means, yerr=reach, label=label, capsize=2.5, elinewidth=0.9, **style)


def draw_chance(axis: Axes, x: Sequence[float], values: Sequence[Chance], label: str) -> None:
    """Draw the means of random draws as a dashed line and their ranges as a band, with a wide bar at each
    point: of a single point a band would have no width."""
    low, high = [value.low for value in values], [value.high for value in values]
    axis.fill_between(x, low, high, color=GREY, alpha=0.2, linewidth=0)
    axis.vlines(x, low, high, color=GREY, alpha=0.3, linewidth=5)
    means = [value.mean for value in values]
    axis.plot(x, means, color=GREY, linestyle="--", linewidth=1.1, marker=".", label=label)


def share_axis(axis: Axes, names: Mapping[str, float]) -> None:
    """Put shares of units on a logarithmic x-axis that has 0, with the names of sizes that fit side by side.

    ``names``: name → share, ascending.
    """
    if not names:
        return
    smallest = min((share for share in names.values() if share > 0), default=1.0)
    axis.set_xscale("symlog", linthresh=smallest, linscale=0.5)
    axis.autoscale_view()
    spots = dict(
        zip(names, axis.transData.transform([(share, 0) for share in names.values()])[:, 0], strict=True)
    )
    gap = NAME_WIDTH * axis.get_figure(root=True).dpi
    shown: list[str] = []
    for name in reversed(spots):
        # From the largest on: of two that are too close, the smaller one goes.
        if not shown or spots[shown[-1]] - spots[name] >= gap:
            shown.append(name)
    shown.reverse()
    axis.xaxis.set_major_locator(FixedLocator([names[name] for name in shown]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xticklabels(shown)


def signed_log(axis: Axes, largest: float) -> None:
    """Put losses on a logarithmic y-axis that has 0 and what is below it. ``largest``: the largest of them;
    where it is not above 0 the axis stays linear."""
    if math.isfinite(largest) and largest > 0:
        linear = 10.0 ** math.floor(math.log10(largest * LINEAR_SHARE))
        axis.set_yscale("symlog", linthresh=linear, linscale=0.5)


def same_heights(axes: Sequence[Axes]) -> None:
    """Give panels that stand side by side the same y-axis, so that they compare."""
    ends = [axis.get_ylim() for axis in axes]
    for axis in axes:
        axis.set_ylim(min(low for low, _ in ends), max(high for _, high in ends))
