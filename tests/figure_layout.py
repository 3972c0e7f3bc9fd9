"""Rules of a figure's layout: no text is cut, no legend lies on data. Each raises AssertionError.

Matplotlib's own places for legends ("best") see neither bands nor error bars; its layouts cut long titles.
"""

import warnings
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from workflow_scripts.report.figures import figure as figures

SLACK = 1.0  # pixels: matplotlib rounds extents


@contextmanager
def strict_layout():
    """Make every warning an error, such as that axes have no room or a letter no glyph."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def drawn(figure):
    """The renderer of a figure that is laid out as it is written."""
    with strict_layout():
        figures.fit(figure)
        canvas = FigureCanvasAgg(figure)
        figure.draw_without_rendering()
    return canvas.get_renderer()


def texts(figure):
    """The texts that are seen: ticks outside the view have labels that are never drawn."""
    unseen = set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            unseen |= {id(label) for label in labels_outside(axis)}
    for text in figure.findobj(Text):
        if text.get_text().strip() and id(text) not in unseen and is_seen(text):
            yield text


def labels_outside(axis: Axis):
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * max(abs(low), abs(high), 1)
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        if not low - slack <= tick.get_loc() <= high + slack or not axis.get_visible():
            yield from (tick.label1, tick.label2)


def is_seen(artist):
    """Whether an artist is drawn: it and what it belongs to are visible."""
    return artist.get_visible() and (artist.axes is None or axes_seen(artist.axes))


def axes_seen(axes):
    return axes.get_visible() and axes.axison


def assert_texts_inside(figure, renderer=None):
    """Every text lies inside the canvas, and none lies on one of another panel."""
    renderer = renderer or drawn(figure)
    width, height = figure.canvas.get_width_height()
    for text in texts(figure):
        box = text.get_window_extent(renderer)
        inside = min(box.x0, box.y0, width - box.x1, height - box.y1) >= -SLACK
        assert inside, f"{text.get_text()!r} at {box.extents} of a canvas of {width} × {height}"
    panels = [axes for axes in figure.axes if axes.get_visible()]
    boxes = [axes.get_tightbbox(renderer) for axes in panels]
    for n, (axes, box) in enumerate(zip(panels, boxes, strict=True)):
        for other, beside in zip(panels[:n], boxes[:n], strict=True):
            apart = box.x0 >= beside.x1 - SLACK or box.x1 <= beside.x0 + SLACK
            apart = apart or box.y0 >= beside.y1 - SLACK or box.y1 <= beside.y0 + SLACK
            assert apart, f"panels lie on each other: {axes.get_title()!r} and {other.get_title()!r}"


def assert_legends_clear(figure, renderer=None):
    """No legend covers a line, band, bar, point, image or text."""
    renderer = renderer or drawn(figure)
    for legend in figure.findobj(Legend):
        if not legend.get_visible():
            continue
        box = legend.get_window_extent(renderer)
        for axes in figure.findobj(Axes):
            if not axes.get_visible():
                continue
            for artist in data_of(axes):
                for covered in extents(artist, axes, renderer):
                    assert not overlap(box, covered), f"a legend covers {artist} of {axes.get_title()!r}"


def data_of(axes):
    """The artists of a panel that show data, and its texts."""
    for artist in axes.get_children():
        kinds = (Line2D, Collection, AxesImage, Patch, Text)
        if isinstance(artist, kinds) and artist is not axes.patch and artist.get_visible():
            yield artist


def extents(artist, axes, renderer):
    """The boxes of what an artist draws inside its panel: of a line, those of its pieces."""
    inside = axes.get_window_extent(renderer)
    if isinstance(artist, Line2D):
        boxes = boxes_of_line(artist.get_transform().transform(artist.get_xydata()))
    elif isinstance(artist, PathCollection):
        # Of points, and of the lines below, matplotlib says that they have no extent.
        points = artist.get_offset_transform().transform(artist.get_offsets())
        reach = np.sqrt(artist.get_sizes().max()) / 2 * axes.figure.dpi / 72
        boxes = [(x - reach, y - reach, x + reach, y + reach) for x, y in points]
    elif isinstance(artist, LineCollection):  # error bars, vlines, hlines
        lines = [artist.get_transform().transform(line) for line in artist.get_segments()]
        boxes = [box for line in lines for box in boxes_of_line(line)]
    elif isinstance(artist, Text) and not artist.get_text():
        return
    else:
        boxes = [artist.get_window_extent(renderer).extents]
    clipped = artist.get_clip_on()
    for x0, y0, x1, y1 in boxes:
        if clipped:
            x0, x1 = max(x0, inside.x0), min(x1, inside.x1)
            y0, y1 = max(y0, inside.y0), min(y1, inside.y1)
        if x0 <= x1 and y0 <= y1:
            yield x0, y0, x1, y1


def boxes_of_line(points):
    pieces = [(points[n], points[min(n + 1, len(points) - 1)]) for n in range(len(points))]
    return [(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])) for a, b in pieces]


def overlap(box, other):
    x0, y0, x1, y1 = other
    across = box.x0 < x1 - SLACK and x0 + SLACK < box.x1
    # A line that runs straight up or along has no breadth.
    across = across or (x0 == x1 and box.x0 < x0 < box.x1)
    along = (box.y0 < y1 - SLACK and y0 + SLACK < box.y1) or (y0 == y1 and box.y0 < y0 < box.y1)
    return across and along


def assert_layout(figure):
    """All rules of this module."""
    renderer = drawn(figure)
    assert_texts_inside(figure, renderer)
    assert_legends_clear(figure, renderer)
