"""Figures of the overlap of languages' masks: a map for each layer, and the means by layer."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from workflow_scripts.report.figures.figure import COLOURS, legend_beside, panels, shortened, wrapped
from workflow_scripts.report.figures.layers import draw_layer_names, layer_places, shown_layer, stack_of
from workflow_scripts.report.figures.matrix import cell_inches, draw_bar, draw_matrix, part_families
from workflow_scripts.report.figures.order import by_family
from workflow_scripts.report.read.read_units import MEAN, UnitSet

WITHIN, ACROSS, EVERY = "within a family", "across families", "all pairs"
PANELS_ACROSS = 6
STEP = 0.05  # the bar begins and ends at a multiple of it


def overlap_rows(sets: Sequence[UnitSet]) -> list[dict[str, Any]]:
    """Return a row for each pair of languages of the sets of one name: by side and layer, the mean IoU over
    seeds and their number, and what two random sets of these sizes would have."""
    found: dict[tuple[str, str, str, str], list[tuple[float, float | None]]] = {}
    for one in sets:
        for name, found_side in one.sides.items():
            for layer, matrix in found_side.iou.items():
                if layer.endswith(MEAN):
                    continue
                for a, b in combinations(range(len(found_side.languages)), 2):
                    place = (name, layer, found_side.languages[a], found_side.languages[b])
                    directions = (found_side.directions[language] for language in place[2:])
                    chance = _chance(one, layer, *directions)
                    found.setdefault(place, []).append((matrix[a][b], chance))
    rows = []
    for (side, layer, language, other), values in found.items():
        chances = [chance for _, chance in values if chance is not None]
        rows.append(
            {
                "masks": sets[0].masks,
                "side": side,
                "layer": layer,
                "language": language,
                "other": other,
                "iou": math.fsum(value for value, _ in values) / len(values),
                "n": len(values),
                "chance": math.fsum(chances) / len(chances) if len(chances) == len(values) else None,
            }
        )
    return rows


def _chance(one: UnitSet, layer: str, first: Sequence[str], second: Sequence[str]) -> float | None:
    """The IoU of two random sets of these sizes, nearly: p q / (p + q - p q) of their shares. None where a
    language has several directions, whose union is not known here."""
    if len(first) != 1 or len(second) != 1:
        return None
    p, q = (one.kept[direction][layer] / one.layers[layer] for direction in (first[0], second[0]))
    return p * q / (p + q - p * q) if p + q else 1.0


def overlap_figure(
    rows: Sequence[Mapping[str, Any]], families: Mapping[str, Sequence[str]], masks: str
) -> Figure:
    """Return a map of languages for each side and layer of one mask set, all with the same bar: the IoU."""
    places = list(dict.fromkeys((row["side"], row["layer"]) for row in rows))
    if not places:
        return _nothing(f"{masks}: no side has two languages")
    values = {(row["side"], row["layer"], row["language"], row["other"]): row["iou"] for row in rows}
    norm = scale(list(values.values()))
    sides = list(dict.fromkeys(side for side, _ in places))
    of_side = {side: [layer for one, layer in places if one == side] for side in sides}
    # Each side begins a row of panels.
    lines = [
        [(side, layer) for layer in of_side[side][start : start + PANELS_ACROSS]]
        for side in sides
        for start in range(0, len(of_side[side]), PANELS_ACROSS)
    ]
    languages = {side: _languages(rows, side) for side in sides}
    inches = cell_inches(max(map(len, languages.values())))
    size = inches * max(map(len, languages.values()))
    figure, grid = panels(len(lines), max(map(len, lines)), size, size)
    for line, axes in zip(lines, grid, strict=True):
        for axis in axes[len(line) :]:
            axis.set_visible(False)
        for (side, layer), axis in zip(line, axes, strict=False):
            ordered, spans = by_family(languages[side], families)
            matrix = matrix_of(values, side, layer, ordered)
            image = draw_matrix(axis, matrix, ordered, ordered, norm)
            last = layer == line[-1][1]
            part_families(axis, spans, square=True, named=last)
            axis.set_title(wrapped(f"{side}: {shown_layer(layer)}", max(size, 1.0)))
            if last and line is lines[0]:
                draw_bar(axis, image, "IoU", spans)
    return figure


def scale(values: Sequence[float]) -> Normalize:
    """Return the ends of the bar: those of the values, at multiples of ``STEP``."""
    low = math.floor(min(values) / STEP) * STEP
    high = math.ceil(max(values) / STEP) * STEP
    return Normalize(low, max(high, low + STEP))


def matrix_of(
    values: Mapping[tuple[str, str, str, str], float], side: str, layer: str, languages: Sequence[str]
) -> NDArray[np.float64]:
    """Return the symmetric matrix of languages in this order; NaN on its diagonal, which is 1 of itself."""
    matrix = np.full((len(languages), len(languages)), np.nan)
    for x, y in combinations(range(len(languages)), 2):
        one, other = languages[x], languages[y]
        found = values.get((side, layer, one, other), values.get((side, layer, other, one), math.nan))
        matrix[x, y] = matrix[y, x] = found
    return matrix


def _languages(rows: Sequence[Mapping[str, Any]], side: str) -> list[str]:
    return list(
        dict.fromkeys(row[end] for row in rows if row["side"] == side for end in ("language", "other"))
    )


def by_layer_rows(
    rows: Sequence[Mapping[str, Any]], families: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return a row for each mask set, side, layer and kind of pair: mean, quartiles and number of pairs, and
    the mean of what random sets would have. ``rows``: see ``overlap_rows``. A pair with a language of no
    family is in neither kind; where no pair is in one, all pairs are one kind."""
    family_of = {language: name for name, languages in families.items() for language in languages}
    found: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    related = [row for row in rows if row["language"] in family_of and row["other"] in family_of]
    for row in related or rows:
        one, other = (family_of.get(row[end]) for end in ("language", "other"))
        kind = EVERY if not related else WITHIN if one == other else ACROSS
        found.setdefault((row["masks"], row["side"], row["layer"], kind), []).append(row)
    made = []
    for (masks, side, layer, kind), listed in found.items():
        values = np.array([row["iou"] for row in listed])
        chances = [row["chance"] for row in listed if row["chance"] is not None]
        quarter, three_quarters = np.percentile(values, (25, 75))
        made.append(
            {
                "masks": masks,
                "side": side,
                "layer": layer,
                "pairs": kind,
                "mean_iou": float(values.mean()),
                "quarter": float(quarter),
                "three_quarters": float(three_quarters),
                "n_pairs": len(listed),
                "chance": math.fsum(chances) / len(chances) if len(chances) == len(listed) else None,
            }
        )
    return made


def by_layer_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the means by layer: a row of panels for each mask set, a column for each side."""
    if not rows:
        return _nothing("no side has two languages")
    sets, sides = (list(dict.fromkeys(row[name] for row in rows)) for name in ("masks", "side"))
    figure, grid = panels(len(sets), len(sides), height=2.0)
    for masks, axes in zip(sets, grid, strict=True):
        for side, axis in zip(sides, axes, strict=True):
            own = [row for row in rows if (row["masks"], row["side"]) == (masks, side)]
            layers = list(dict.fromkeys(row["layer"] for row in own))
            for kind, colour in zip((WITHIN, ACROSS, EVERY), COLOURS, strict=False):
                _draw_kind(axis, [row for row in own if row["pairs"] == kind], layers, colour, kind)
            _draw_chance(axis, own, layers)
            axis.set_title(wrapped(f"{shortened(masks)}, {side}"))
            draw_layer_names(axis, layers)
            axis.set_ylabel("IoU")
            axis.set_ylim(0, 1.02)
            if axis is axes[-1] and axes is grid[0]:
                legend_beside(axis)
    return figure


def _draw_kind(
    axis: Axes, rows: Sequence[Mapping[str, Any]], layers: Sequence[str], colour: str, kind: str
) -> None:
    places = layer_places(layers)
    for n, stack in enumerate(dict.fromkeys(stack_of(layer) for layer in layers)):
        part = [row for row in rows if stack_of(row["layer"]) == stack]
        if not part:
            continue
        x = [places[row["layer"]] for row in part]
        axis.fill_between(
            x,
            [r["quarter"] for r in part],
            [r["three_quarters"] for r in part],
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
        axis.plot(x, [row["mean_iou"] for row in part], "o-", color=colour, label=None if n else kind)


def _draw_chance(axis: Axes, rows: Sequence[Mapping[str, Any]], layers: Sequence[str]) -> None:
    """Draw what two random sets would have, the mean over all pairs."""
    places, label = layer_places(layers), "random sets of these sizes"
    for stack in dict.fromkeys(stack_of(layer) for layer in layers):
        means = []
        for layer in (one for one in layers if stack_of(one) == stack):
            part = [row for row in rows if row["layer"] == layer]
            if any(row["chance"] is None for row in part):
                return
            pairs = sum(row["n_pairs"] for row in part)
            means.append((places[layer], math.fsum(row["chance"] * row["n_pairs"] for row in part) / pairs))
        axis.plot(*zip(*means, strict=True), color="0.4", linestyle=":", label=label)
        label = ""


def _nothing(text: str) -> Figure:
    figure, [[axis]] = panels(1, 1, 3.0, 0.6)
    axis.set_axis_off()
    axis.text(0.5, 0.5, wrapped(text, 3.0), ha="center", va="center", transform=axis.transAxes)
    return figure
