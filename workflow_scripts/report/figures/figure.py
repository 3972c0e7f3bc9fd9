"""What all figures share: one style, panels of a fixed size, and four files beside one another.

A figure is ``NAME.png`` and ``NAME.pdf``, its data ``NAME.csv`` (a row for each value drawn) and its caption
``NAME.rst``. Equal data give equal bytes. Figures are built without pyplot: no window system, no state
between figures.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, cycle, islice, product
from pathlib import Path
from textwrap import fill
from typing import Any, cast

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from workflow_scripts.common.files import atomic_path, write_csv, write_text
from workflow_scripts.report.figures.caption import Caption

# Okabe & Ito (2008), without yellow, which is faint on white; black is kept for the mean of all directions.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
LINES = ["-", "--", ":", "-."]
MARKERS = ["o", "s", "^", "D", "v", "P"]
MOST_NAMED = len(COLOURS) * len(LINES)
#: Of what has no value: not a colour of any scale.
MISSING = "0.85"
DPI = 150
MARGIN, GAP = 0.08, 0.18  # inches around everything, and between panels
TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 9, 8, 7  # points
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": LABEL_SIZE,
    "axes.titlesize": TITLE_SIZE,
    "axes.labelsize": LABEL_SIZE,
    "xtick.labelsize": SMALL_SIZE,
    "ytick.labelsize": SMALL_SIZE,
    "legend.fontsize": SMALL_SIZE,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
}
# Once for the process: whatever a matplotlibrc of the folder says, equal data give equal figures.
matplotlib.rcdefaults()
matplotlib.rcParams.update(STYLE)


def styles(count: int) -> list[tuple[str, str]]:
    """Return ``count`` pairs of (colour, line style); all distinct up to ``MOST_NAMED``."""
    return list(islice(cycle((colour, line) for line, colour in product(LINES, COLOURS)), count))


def panels(
    rows: int,
    columns: int = 1,
    width: float | Sequence[float] = 3.6,
    height: float | Sequence[float] = 2.6,
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure and its axes, rows × columns; a panel's inside has ``width`` × ``height`` inches, or
    those of its column and its row."""
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.grid(alpha=0.3, linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    grid = {(row, column): axes[row][column] for row in range(rows) for column in range(columns)}
    widths = [width] * columns if isinstance(width, (int, float)) else list(width)
    heights = [height] * rows if isinstance(height, (int, float)) else list(height)
    _place(figure, grid, widths, heights, _Room.even(rows, columns))
    return figure, [list(row) for row in axes]


def wrapped(text: str, width: float = 3.6) -> str:
    """Return a title in lines that a panel of ``width`` inches can hold, also where a name is longer."""
    letters = max(int(width * 72 / (0.62 * TITLE_SIZE)), 8)
    return fill(text, letters)


def shortened(name: str, most: int = 32) -> str:
    """Return a name of at most ``most`` letters, an ellipsis in the middle of a longer one."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - half]}…{name[-half:]}"


def legend_beside(axis: Axes, **options: Any) -> Legend | None:
    """Place the legend right of a panel, where it covers nothing; None where nothing has a label."""
    handles, labels = axis.get_legend_handles_labels()
    if not handles:
        return None
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0}
    return axis.legend(handles, [fill(label, 34) for label in labels], **place, **options)


def fit(figure: Figure) -> None:
    """Make the figure as large as its panels and all that stands around them: labels, titles, legends.

    Panels keep their size, so that long names never squeeze them; columns and rows move apart as far as their
    labels need. Hidden panels take no room for labels.
    """
    grid = {}
    for axis in figure.axes:
        if (spec := axis.get_subplotspec()) is not None:
            grid[spec.rowspan.start, spec.colspan.start] = axis
    rows, columns = 1 + max(row for row, _ in grid), 1 + max(column for _, column in grid)
    widths, heights, room = [0.0] * columns, [0.0] * rows, _Room.even(rows, columns, 0)
    renderer = cast(FigureCanvasAgg, figure.canvas).get_renderer()
    for (row, column), axis in grid.items():
        inner = axis.get_window_extent(renderer)
        widths[column] = max(widths[column], inner.width / figure.dpi)
        heights[row] = max(heights[row], inner.height / figure.dpi)
        outer = axis.get_tightbbox(renderer) if axis.get_visible() else None
        if outer is not None:
            room.left[column] = max(room.left[column], (inner.x0 - outer.x0) / figure.dpi)
            room.right[column] = max(room.right[column], (outer.x1 - inner.x1) / figure.dpi)
            room.top[row] = max(room.top[row], (outer.y1 - inner.y1) / figure.dpi)
            room.bottom[row] = max(room.bottom[row], (inner.y0 - outer.y0) / figure.dpi)
    _place(figure, grid, widths, heights, room)


@dataclass(frozen=True)
class _Room:
    """Inches left and right of each column of panels, above and below each row."""

    left: list[float]
    right: list[float]
    top: list[float]
    bottom: list[float]

    @classmethod
    def even(cls, rows: int, columns: int, inches: float = 0.5) -> "_Room":
        return cls([inches] * columns, [inches] * columns, [inches] * rows, [inches] * rows)


def _place(
    figure: Figure,
    grid: Mapping[tuple[int, int], Axes],
    widths: Sequence[float],
    heights: Sequence[float],
    room: _Room,
) -> None:
    """Set the size of the figure and the place of each panel, from the inches of columns, rows and room."""
    across = list(accumulate(map(sum, zip(room.left, widths, room.right, [GAP] * len(widths), strict=True))))
    down = list(accumulate(map(sum, zip(room.top, heights, room.bottom, [GAP] * len(heights), strict=True))))
    width, height = across[-1] - GAP + 2 * MARGIN, down[-1] - GAP + 2 * MARGIN
    figure.set_size_inches(width, height)
    for (row, column), axis in grid.items():
        x = MARGIN + (across[column - 1] if column else 0) + room.left[column]
        y = MARGIN + (down[row - 1] if row else 0) + room.top[row]
        inside = (x, height - y - heights[row], widths[column], heights[row])
        axis.set_position((inside[0] / width, inside[1] / height, inside[2] / width, inside[3] / height))


def write_figure(
    figure: Figure, png: str | Path, rows: Sequence[Mapping[str, Any]], caption: Caption
) -> None:
    """Write the four files of a figure, each atomically.

    Args:
        png: where the picture lies; the others lie beside it, with their endings.
        rows: the values drawn, one a row, all with the same columns; None is an empty cell.
        caption: what the figure shows.

    Raises ValueError: there are no rows, or they differ in their columns.
    """
    path = Path(png)
    columns = list(rows[0]) if rows else []
    if not rows or any(list(row) != columns for row in rows):
        raise ValueError(f"{path}: the data of a figure are rows of the same columns, at least one")
    with _uncollected():
        fit(figure)
        with atomic_path(path) as temporary:
            # Packed quickly, which takes a tenth of a figure's time: flat colours pack well anyway.
            quick = {"compress_level": 1}
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None}, pil_kwargs=quick)
        with atomic_path(path.with_suffix(".pdf")) as temporary:
            nothing = dict.fromkeys(("Creator", "Producer", "CreationDate"))
            figure.savefig(temporary, format="pdf", metadata=nothing)
    write_csv(path.with_suffix(".csv"), columns, [[_cell(value) for value in row.values()] for row in rows])
    write_text(path.with_suffix(".rst"), caption.text(path))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage while a figure is drawn: there is none, and looking takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _cell(value: Any) -> Any:
    """A value as CSV has it: a number of numpy as the shortest text that reads back as the same."""
    return value.item() if hasattr(value, "item") else value
