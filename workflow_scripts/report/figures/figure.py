"""What all figures share: colours for colour-blind readers, and files that are equal byte for byte.

Figures are built without pyplot: no window system, no state between figures.
"""

from itertools import cycle, islice, product
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.files import atomic_path

# Okabe & Ito (2008), without yellow, which is faint on white; black is kept for the mean of all directions.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
LINES = ["-", "--", ":", "-."]
MARKERS = ["o", "s", "^", "D", "v", "P"]
MOST_NAMED = len(COLOURS) * len(LINES)
PANEL_WIDTH, PANEL_HEIGHT = 4.6, 3.6  # inches, with the room that labels need:
LEFT, RIGHT, TOP, BOTTOM = 0.75, 0.2, 0.35, 0.55
DPI = 150


def styles(count: int) -> list[tuple[str, str]]:
    """Return ``count`` pairs of (colour, line style); all distinct up to ``MOST_NAMED``."""
    return list(islice(cycle((colour, line) for line, colour in product(LINES, COLOURS)), count))


def panels(rows: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure and its axes, rows × columns."""
    width, height = PANEL_WIDTH * columns, PANEL_HEIGHT * rows
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(rows, columns, squeeze=False)
    # Margins by hand: matplotlib's automatic layouts draw everything twice, which doubles a figure's time.
    figure.subplots_adjust(
        left=LEFT / width,
        right=1 - RIGHT / width,
        top=1 - TOP / height,
        bottom=BOTTOM / height,
        wspace=(LEFT + RIGHT) / (PANEL_WIDTH - LEFT - RIGHT),
        hspace=(TOP + BOTTOM) / (PANEL_HEIGHT - TOP - BOTTOM),
    )
    for axis in axes.flat:
        axis.grid(alpha=0.3, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, [list(row) for row in axes]


def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG atomically; without the program's version in it, equal data give equal bytes."""
    with atomic_path(path) as temporary, rc_context({"font.family": "DejaVu Sans"}):
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
