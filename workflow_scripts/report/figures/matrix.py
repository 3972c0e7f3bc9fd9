"""A matrix as a map of coloured cells: labels beside it, lines between families, a bar of the values."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from workflow_scripts.report.figures.figure import MISSING, SMALL_SIZE, shortened
from workflow_scripts.report.figures.order import Span

#: Colour scales that colour-blind readers can read, also in grey: from little to much, and around zero.
AMOUNT, SIGNED = "viridis", "PuOr"
LEAST_SIZE = 4.5  # points: of labels in maps of many rows
LONGEST_FAMILY = 20  # letters
LETTER = 0.65  # of a size: the breadth of a letter
BAR = 0.1  # inches: the breadth of a bar of values


def cell_inches(count: int, most: float = 0.3, whole: float = 2.4) -> float:
    """Return the size of a cell of ``count`` in a row: so large that all take ``whole`` inches, at most
    ``most``, and never smaller than its label."""
    return max(LEAST_SIZE * 1.25 / 72, min(most, whole / count))


def draw_matrix(
    axis: Axes,
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    norm: Normalize,
    colours: str = AMOUNT,
) -> AxesImage:
    """Draw ``values`` [rows, columns]; NaN is the colour of what has no value. Return what a bar needs."""
    image = axis.imshow(
        values,
        cmap=colormaps[colours].with_extremes(bad=MISSING),
        norm=norm,
        aspect="auto",
        interpolation="nearest",
    )
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    box = axis.get_position()
    width, height = axis.figure.get_size_inches()
    across, down = box.width * width / len(columns), box.height * height / len(rows)
    axis.set_xticks(
        range(len(columns)),
        [shortened(one) for one in columns],
        fontsize=_size(across),
        rotation=_rotation(columns, [across] * len(columns)),
    )
    axis.set_yticks(range(len(rows)), [shortened(one) for one in rows], fontsize=_size(down))
    axis.tick_params(length=0, pad=2)
    return image


def write_cells(axis: Axes, texts: Sequence[Sequence[str]], image: AxesImage) -> None:
    """Write a text into each cell, dark on light and light on dark."""
    # Rec. 601: how light a colour looks.
    light = image.get_cmap()(image.norm(image.get_array()))[..., :3] @ (0.299, 0.587, 0.114)
    look = {"ha": "center", "va": "center", "fontsize": 6}
    for y, row in enumerate(texts):
        for x, text in enumerate(row):
            if text:
                axis.text(x, y, text, color="black" if light[y, x] >= 0.5 else "white", **look)


def part_families(axis: Axes, spans: Sequence[Span], square: bool, named: bool) -> None:
    """Draw lines between the families of the rows (``square``: of the columns, too), and name them on the
    right where ``named``."""
    for span in spans:
        if span.start:
            axis.axhline(span.start - 0.5, color="white", linewidth=1.2)
            if square:
                axis.axvline(span.start - 0.5, color="white", linewidth=1.2)
    for span in spans if named else ():
        right = axis.get_xlim()[1]
        axis.text(
            right,
            (span.start + span.stop - 1) / 2,
            f" {shortened(span.family, LONGEST_FAMILY)}",
            va="center",
            fontsize=SMALL_SIZE,
        )


def part_columns(axis: Axes, spans: Sequence[Span]) -> None:
    """Draw lines between the families of the columns, and name them above."""
    for start in (span.start for span in spans if span.start):
        axis.axvline(start - 0.5, color="white", linewidth=1.2)
    if not spans:
        return
    cell = axis.get_position().width * axis.figure.get_size_inches()[0] / axis.images[0].get_array().shape[1]
    names = [shortened(span.family, LONGEST_FAMILY) for span in spans]
    edge = axis.secondary_xaxis("top")
    edge.set_xticks(
        [(span.start + span.stop - 1) / 2 for span in spans],
        names,
        rotation=_rotation(names, [cell * (span.stop - span.start) for span in spans]),
    )
    edge.tick_params(length=0, pad=2)
    edge.spines[:].set_visible(False)


def draw_bar(axis: Axes, image: AxesImage, label: str, spans: Sequence[Span] = ()) -> None:
    """Draw the bar of a map's values right of a panel, and of the names of its families."""
    longest = max((min(len(span.family), LONGEST_FAMILY) for span in spans), default=0)
    beyond = 0.15 + longest * LETTER * SMALL_SIZE / 72
    width, height = axis.figure.get_size_inches()
    box = axis.get_position()
    panel = box.width * width
    bar = axis.inset_axes((1 + beyond / panel, 0, BAR / panel, min(1, 2 / (box.height * height))))
    axis.figure.colorbar(image, cax=bar, label=label)


def _rotation(names: Sequence[str], inches: Sequence[float]) -> int:
    """Return 0 where each name has room, and else 90 degrees for all."""
    level = all(len(name) * LETTER * SMALL_SIZE / 72 < room for name, room in zip(names, inches, strict=True))
    return 0 if level else 90


def _size(inches: float) -> float:
    return max(LEAST_SIZE, min(SMALL_SIZE, 0.8 * inches * 72))
