"""The figure of gains by direction: each system's score less the baseline's and the control's."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from workflow_scripts.common.checked_options import DIRECTION
from workflow_scripts.report.figures.figure import panels, wrapped
from workflow_scripts.report.figures.matrix import (
    SIGNED,
    cell_inches,
    draw_bar,
    draw_matrix,
    part_columns,
    part_families,
    write_cells,
)
from workflow_scripts.report.figures.order import by_family
from workflow_scripts.report.read.read_files import Row
from workflow_scripts.report.tables.writing import (
    AGAINST_BASELINE,
    AGAINST_CONTROL,
    Digits,
    difference_word,
    metric_name,
    rounded,
)

BASELINE = "baseline"
COLUMN_WIDTH, ROW_HEIGHT = 0.52, 0.19  # inches: a cell holds "-12.3†"
WRITTEN = 120  # directions: of more, cells are too low for numbers


def gain_rows(
    summary: Sequence[Row],
    significance: Sequence[Row],
    draws: Mapping[str, Sequence[str]],
    metric: str,
    control: str | None = None,
) -> list[dict[str, Any]]:
    """Return a row for each test set, direction, system and what it is compared with: the baseline, and
    ``control``, the system of continued training.

    ``significant``: "win" or "loss" where every seed (and every draw) is one, else nothing.
    """
    said: dict[tuple[str, ...], list[str]] = {}
    together = {name: key for key, names in draws.items() for name in names}
    for row in significance:
        system = together.get(row["system"], row["system"])
        place = (row["testset"], row["profile"], row["metric"], row["direction"], system, row["against"])
        said.setdefault(place, []).append(row["outcome"])
    found = []
    for row in summary:
        if row["grouping"] != DIRECTION or row["without"] or row["metric"] != metric:
            continue
        if row["system"] == BASELINE:  # its difference to the control is that of the control to it
            continue
        for column, other in {"baseline_difference": BASELINE, "continued_difference": control}.items():
            if not row[column] or other is None:
                continue
            place = (row["testset"], row["profile"], metric, row["group"], row["system"], other)
            outcomes = said.get(place, [])
            expected = int(row[f"{column}_n"]) * len(draws.get(row["system"], [""]))
            agreed = len(outcomes) == expected and len(set(outcomes)) == 1
            found.append(
                {
                    "testset": row["testset"],
                    "profile": row["profile"],
                    "metric": metric,
                    "direction": row["group"],
                    "system": row["system"],
                    "against": other,
                    "difference": float(row[column]),
                    "sd": float(row[f"{column}_sd"]) if row[f"{column}_sd"] else None,
                    "n": int(row[f"{column}_n"]),
                    "significant": outcomes[0] if agreed and outcomes[0] in ("win", "loss") else "",
                }
            )
    return found


def gains_figure(
    rows: Sequence[Mapping[str, Any]], families: Mapping[str, Sequence[str]], pivot: str
) -> Figure:
    """Return the figure of the rows of one test set: a map of directions × systems for each other system, or,
    where there are more systems than directions, of systems × directions."""
    others = sorted({row["against"] for row in rows}, key=lambda other: other != BASELINE)
    directions, spans = by_family(list(dict.fromkeys(row["direction"] for row in rows)), families, pivot)
    systems = {
        other: list(dict.fromkeys(row["system"] for row in rows if row["against"] == other))
        for other in others
    }
    values = {(row["against"], row["direction"], row["system"]): row for row in rows}
    most = max(abs(row["difference"]) for row in rows) or 1.0
    norm = Normalize(-most, most)
    name = metric_name(rows[0]["metric"])
    # Of few directions and many systems the directions are columns, and the panels lie below one another:
    # what a page can hold.
    turned = max(map(len, systems.values())) > len(directions)
    figure, axes = _panels([len(systems[other]) for other in others], len(directions), turned)
    for axis, other in zip(axes, others, strict=True):
        cells = [
            [values.get((other, direction, system)) for system in systems[other]] for direction in directions
        ]
        down, across = directions, systems[other]
        if turned:
            down, across = across, down
            cells = [list(row) for row in zip(*cells, strict=True)]
        numbers = np.array([[cell["difference"] if cell else math.nan for cell in row] for row in cells])
        last = axis is axes[-1]
        image = draw_matrix(axis, numbers, down, across, norm, SIGNED)
        if len(directions) <= WRITTEN:
            mark = AGAINST_BASELINE if other == BASELINE else AGAINST_CONTROL
            write_cells(axis, [[_text(cell, mark) for cell in row] for row in cells], image)
        if turned:
            part_columns(axis, spans)
        else:
            part_families(axis, spans, square=False, named=last)
        word = {"gain": "gain over", "difference": "difference to"}[difference_word(rows[0]["metric"])]
        axis.set_title(wrapped(f"{word} {other}", max(COLUMN_WIDTH * len(across), 1.2)))
        if last:
            draw_bar(axis, image, f"{name}, {word.split()[0]}", () if turned else spans)
    return figure


def _panels(systems: Sequence[int], directions: int, turned: bool) -> tuple[Figure, list[Axes]]:
    """Return a panel for each number of systems, beside one another or, ``turned``, below."""
    if turned:
        heights = [ROW_HEIGHT * count for count in systems]
        figure, rows = panels(len(systems), 1, COLUMN_WIDTH * directions, heights)
        return figure, [row[0] for row in rows]
    height = cell_inches(directions, ROW_HEIGHT, math.inf if directions <= WRITTEN else 0)
    widths = [COLUMN_WIDTH * count for count in systems]
    figure, [axes] = panels(1, len(systems), widths, height * directions)
    return figure, axes


def _text(cell: Mapping[str, Any] | None, mark: str) -> str:
    if cell is None:
        return ""
    return rounded(cell["difference"], Digits(1), sign=True) + (mark if cell["significant"] else "")
