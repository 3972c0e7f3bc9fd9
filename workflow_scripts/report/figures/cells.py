"""Matrices as coloured cells: numbers in few of them, hatching where there is no value."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from workflow_scripts.report.figures.figure import MISSING, SMALL_SIZE, shortened

Floats = NDArray[np.float64]
#: Above 0 red, below 0 blue, told apart by colour-blind readers and, by their darkness, from 0 in print.
DIVERGING, SEQUENTIAL = "RdBu_r", "Blues"
#: Rows or columns → inches of a cell; in the widest, numbers are written.
INCHES = {8: 0.5, 16: 0.28}
SMALLEST = 0.17
NARROWEST = 1.4
#: Letters of names that stand side by side below a cell.
SHORT_NAME = 4
DARK = 0.45


def inches(cells: int) -> float:
    """Return the width of a panel with so many cells in a row."""
    each = next((size for most, size in INCHES.items() if cells <= most), SMALLEST)
    return max(each * cells, NARROWEST)


def around_zero(values: Floats) -> Normalize:
    """Return the scale whose middle is 0 and whose ends are the largest absolute value; any, where all are 0
    or undefined."""
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    return Normalize(-(largest or 1.0), largest or 1.0)


def from_zero(values: Floats) -> Normalize:
    """Return the scale from 0 to the largest value."""
    largest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    return Normalize(0.0, largest or 1.0)


def draw_cells(
    axis: Axes,
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Normalize,
    colours: str,
    bar: str,
    form: str | None = None,
) -> None:
    """Draw ``values`` [rows, columns], with a bar of colours that says ``bar``. Cells without a value (NaN)
    are hatched. ``form``: of numbers in the cells, None for none."""
    cmap = colormaps[colours].with_extremes(bad=MISSING)
    image = axis.imshow(np.ma.masked_invalid(values), cmap=cmap, norm=scale, aspect="auto")
    axis.grid(visible=False)
    axis.spines[["top", "right"]].set_visible(True)
    for (y, x), value in np.ndenumerate(values):
        if math.isnan(value):
            hatch = Rectangle((x - 0.5, y - 0.5), 1, 1, hatch="////", facecolor=MISSING, edgecolor="0.5", linewidth=0)
            axis.add_patch(hatch)
        if form:
            said = "n/a" if math.isnan(value) else format(value, form)
            axis.text(x, y, said, ha="center", va="center", fontsize=6, color=ink(cmap, scale, value))
    axis.set_yticks(range(len(rows)), [shortened(name, 16) for name in rows])
    names = [shortened(name, 16) for name in columns]
    turn = 90 if max(map(len, names), default=0) > SHORT_NAME else 0
    axis.set_xticks(range(len(columns)), names, rotation=turn)
    axis.tick_params(length=0)
    width = 0.12 / axis.get_position().width / axis.get_figure(root=True).get_figwidth()  # type: ignore[union-attr]
    beside = axis.inset_axes((1 + width, 0, width, 1))
    drawn = axis.get_figure(root=True).colorbar(image, cax=beside)  # type: ignore[union-attr]
    drawn.set_label(bar, fontsize=SMALL_SIZE)


def ink(colours: Colormap, scale: Normalize, value: float) -> str:
    """Return black or white, whichever is read on the colour of a value."""
    if math.isnan(value):
        return "black"
    red, green, blue, _ = colours(float(scale(value)))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < DARK else "black"


def outline(axis: Axes, cells: Sequence[tuple[int, int]]) -> None:
    """Draw a frame around cells (row, column)."""
    for y, x in cells:
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=1.4))


def separate(axis: Axes, places: Sequence[int]) -> None:
    """Draw lines before these rows and columns, as between families."""
    for place in places:
        axis.axhline(place - 0.5, color="black", linewidth=0.8, linestyle=":")
        axis.axvline(place - 0.5, color="black", linewidth=0.8, linestyle=":")
