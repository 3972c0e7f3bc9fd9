"""Maps of cells that can be undefined or below 0: hatching, frames, scales with 0 at an end or the middle."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from workflow_scripts.report.figures.figure import MISSING
from workflow_scripts.report.figures.matrix import (
    SIGNED,
    cell_inches,
    draw_bar,
    draw_matrix,
    write_cells,
)

Floats = NDArray[np.float64]
#: From little, light, to much, dark: 0 is as light as in a map around 0.
FROM_ZERO = "Purples"
#: Rows up to which numbers are written into cells, and the inches that these need.
WRITTEN, WRITTEN_INCHES = 8, 0.5
#: Inches that a panel's labels need, however few its cells are.
NARROWEST = 1.4
#: What is written into a cell without a value.
NO_VALUE = "n/a"
CELL_SIZE = 6  # points


def inches(cells: int, written: bool = True) -> float:
    """Return the breadth of a panel with so many cells in a row; ``written``: numbers are to fit into few."""
    each = WRITTEN_INCHES if written and cells <= WRITTEN else cell_inches(cells)
    return max(each * cells, NARROWEST)


def scale_of(values: Floats) -> tuple[Normalize, str]:
    """Return a scale and its colours: from 0 up, or with 0 in the middle where a value is below it."""
    if not (values < 0).any():
        return Normalize(0.0, _largest(values)), FROM_ZERO
    return around_zero(values), SIGNED


def around_zero(values: Floats) -> Normalize:
    """Return the scale whose middle is 0 and whose ends are the largest absolute value."""
    return Normalize(-_largest(values), _largest(values))


def _largest(values: Floats) -> float:
    """The largest absolute value; 1 where all are 0 or undefined, so that there is a scale."""
    there = np.abs(values[np.isfinite(values)])
    return float(there.max(initial=0.0)) or 1.0


def draw_cells(
    axis: Axes,
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: tuple[Normalize, str],
    bar: str,
    form: str | None = None,
) -> None:
    """Draw ``values`` [rows, columns] with a bar of colours that says ``bar``; cells without a value (NaN)
    are hatched.

    ``form``: of the numbers that are written into cells, with a true minus; None for none.
    """
    norm, colours = scale
    image = draw_matrix(axis, values, rows, columns, norm, colours)
    for y, x in np.argwhere(np.isnan(values)).tolist():
        if form:
            axis.text(x, y, NO_VALUE, ha="center", va="center", fontsize=CELL_SIZE, zorder=3)
        box = Rectangle(
            (x - 0.5, y - 0.5), 1, 1, hatch="////", facecolor=MISSING, edgecolor="0.5", linewidth=0
        )
        axis.add_patch(box)
    if form:
        write_cells(axis, [[_said(value, form) for value in row] for row in values.tolist()], image)
    draw_bar(axis, image, bar)


def _said(value: float, form: str) -> str:
    """A number with a true minus; nothing where there is none, as its cell has a text of its own."""
    return "" if math.isnan(value) else format(value, form).replace("-", "−")


def outline(axis: Axes, cells: Sequence[tuple[int, int]]) -> None:
    """Draw a frame around cells (row, column)."""
    for y, x in cells:
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=1.4))


def separate(axis: Axes, places: Sequence[int]) -> None:
    """Draw lines before these rows and columns, as between families."""
    for place in places:
        for line in (axis.axhline, axis.axvline):
            line(place - 0.5, color="black", linewidth=0.8, linestyle=":")
