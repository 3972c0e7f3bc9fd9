"""The figure of the share of units that masks keep, by layer and side."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from workflow_scripts.report.figures.figure import legend_beside, panels, shortened, styles
from workflow_scripts.report.figures.intervals import mean_of
from workflow_scripts.report.figures.layers import draw_layer_names, layer_places, stack_of
from workflow_scripts.report.read.layout import OTHER, SIDES, side_of
from workflow_scripts.report.read.read_units import UnitSet


def kept_rows(sets: Sequence[UnitSet], pivot: str) -> list[dict[str, Any]]:
    """Return a row for each mask set, side and layer: the share of its units that are kept, the mean over
    directions (of each the mean over seeds) with its 95 % t interval, their number and that of seeds."""
    found: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for one in sets:
        for direction, kept in one.kept.items():
            side = side_of(direction, pivot) if "-" in direction else OTHER
            for layer, units in kept.items():
                of_layer = found.setdefault((one.masks, side, layer), {})
                of_layer.setdefault(direction, []).append(units / one.layers[layer])
    rows = []
    for (masks, side, layer), shares in found.items():
        mean = mean_of([sum(listed) / len(listed) for listed in shares.values()])
        rows.append(
            {
                "masks": masks,
                "side": side,
                "layer": layer,
                "kept": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "n_directions": mean.n,
                "n_seeds": max(map(len, shares.values())),
            }
        )
    return rows


def kept_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the figure: a panel for each side, a line for each mask set."""
    sides = [side for side in SIDES if any(row["side"] == side for row in rows)]
    sets = list(dict.fromkeys(row["masks"] for row in rows))
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    places = layer_places(layers)
    figure, [axes] = panels(1, len(sides))
    for side, axis in zip(sides, axes, strict=True):
        for masks, (colour, line) in zip(sets, styles(len(sets)), strict=True):
            own = [row for row in rows if (row["masks"], row["side"]) == (masks, side)]
            stacks = list(dict.fromkeys(stack_of(row["layer"]) for row in own))
            for n, stack in enumerate(stacks):
                part = [row for row in own if stack_of(row["layer"]) == stack]
                x = [places[row["layer"]] for row in part]
                look = {"color": colour, "linestyle": line, "marker": "o"}
                axis.plot(x, [row["kept"] for row in part], label=None if n else shortened(masks), **look)
                if all(row["low"] is not None for row in part):
                    ends = [row["low"] for row in part], [row["high"] for row in part]
                    axis.fill_between(x, *ends, color=colour, alpha=0.2, linewidth=0)
        counts = {row["n_directions"] for row in rows if row["side"] == side}
        axis.set_title(f"{side} ({'–'.join(map(str, sorted({min(counts), max(counts)})))} directions)")
        axis.set_ylabel("share of units kept")
        axis.set_ylim(0, 1.02)
        draw_layer_names(axis, layers)
        if axis is axes[-1]:
            legend_beside(axis)
    return figure
