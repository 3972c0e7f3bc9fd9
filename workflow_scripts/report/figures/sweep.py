"""The figure of a sweep: gains over the baseline and the controls against the threshold k (paper, figure 3).

Systems with several draws of their mask set, such as random ones, are a band: where the single draws lie.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.metric_names import asked_name, metric_id
from workflow_scripts.common.students_t import half_interval
from workflow_scripts.report.figures.figure import COLOURS, MARKERS, legend_beside, panels, shortened, wrapped
from workflow_scripts.report.read.layout import SIDES, main_side
from workflow_scripts.report.read.read_files import Row
from workflow_scripts.report.tables.summary import sweep_key
from workflow_scripts.report.tables.writing import difference_word, metric_name, table_title

#: What a gain is over → its columns of the summary.
REFERENCES = {"baseline": "baseline_difference", "continued training": "continued_difference"}
BANDS = (
    "Bars: the 95 % t interval of the mean over seeds; of one seed there is none. Bands: from the least to"
    " the most of the draws of a mask set (each the mean over seeds), which have one size and no k; the line"
    " is their mean."
)


@dataclass(frozen=True, slots=True)
class Point:
    """A gain: of a system at ``k``, or of a band of draws, which has ``low`` and ``high``."""

    testset: str
    profile: str
    side: str
    system: str
    against: str
    k: float | None
    left_out: float | None  # share of units that the mask leaves out
    gain: float | None
    n: int  # seeds
    low: float | None
    high: float | None
    draws: int


def sweep_points(
    summary: Sequence[Row],
    controls: Sequence[Row],
    metric: str,
    family: str,
    left_out: Mapping[str, float],
) -> list[Point]:
    """Return the points of one sweep over all directions, k ascending.

    Args:
        summary, controls: rows of these tables; the latter have the gains over systems with several draws.
        left_out: system → share of units that its masks leave out, where it is known.

    Raises UserError: the metric or the sweep is not in the summary.
    """
    rows = _rows_of_sweep(summary, metric, family)
    found = []
    for row in rows:
        place = (row["testset"], row["profile"], row["side"], row["system"])
        k, share = float(row["k"]), left_out.get(row["system"])
        for reference, column in REFERENCES.items():
            gain = float(row[column]) if row[column] else None
            n = int(row[f"{column}_n"] or 0)
            low, high = _interval(gain, row[f"{column}_sd"], n)
            found.append(Point(*place, reference, k, share, gain, n, low, high, 0))
    named = {row["system"]: row for row in rows}
    for row in controls:
        drawn = int(float(row["draws"] or 0))
        if metric_id(row["metric"]) != metric or row["system"] not in named or drawn < 2 or not row["above"]:
            continue
        k, share = float(named[row["system"]]["k"]), left_out.get(row["system"])
        gain, n = float(row["difference"]), int(row["n"])
        low, high = _interval(gain, row["sd"], n)
        place = (row["testset"], row["profile"], row["side"], row["system"])
        found.append(Point(*place, row["against"], k, share, gain, n, low, high, drawn))
    return sorted(found, key=lambda point: point.k or 0)


def bands(summary: Sequence[Row], metric: str, left_out: Mapping[str, float]) -> list[Point]:
    """Return a point for each system with several draws and what its gain is over: the mean and the least and
    most of the draws, over both sides or the only side that a test set has."""
    overall = [row for row in summary if row["grouping"] == ALL and not row["without"]]
    drawn = [row for row in overall if row["metric"] == metric and int(float(row.get("draws") or 0)) > 1]
    sides: dict[str, list[str]] = {}
    for row in drawn:
        sides.setdefault(row["testset"], []).append(row["side"])
    found = []
    for row in drawn:
        main = main_side(sides[row["testset"]])
        for reference, column in REFERENCES.items():
            if row["side"] != main or not row[column]:
                continue
            gain, mean = float(row[column]), float(row["mean"])
            low, high = (gain + float(row[end]) - mean for end in ("draws_least", "draws_most"))
            share = left_out.get(row["system"])
            place = (row["testset"], row["profile"], main, row["system"])
            counts = (int(row[f"{column}_n"]), low, high, int(float(row["draws"])))
            found.append(Point(*place, reference, None, share, gain, *counts))
    return found


def _rows_of_sweep(summary: Sequence[Row], metric: str, family: str) -> list[Row]:
    metrics = {row["metric"] for row in summary}
    if metric not in metrics:
        name, known = asked_name(metric), sorted(map(asked_name, metrics))
        raise UserError(
            f"--metric: the summary has no {name!r}{nearest(name, known)}; it has {', '.join(known)}"
        )
    by_family: dict[str, list[Row]] = {}
    for row in summary:
        if sweep := sweep_key(row["system"]):
            by_family.setdefault(sweep[0], []).append(row)
    if family not in by_family:
        raise UserError(f"--sweeps: the summary has no systems {family}-k…{nearest(family, by_family)}")
    overall = [row for row in by_family[family] if row["grouping"] == ALL and not row["without"]]
    return [row for row in overall if row["metric"] == metric]


def _interval(gain: float | None, sd: str, n: int) -> tuple[float | None, float | None]:
    if gain is None or not sd or n < 2:
        return None, None
    half = half_interval(float(sd), n)
    return gain - half, gain + half


def sweep_figure(points: Sequence[Point], drawn: Sequence[Point], metric: str) -> Figure:
    """Return the figure: a row of panels for each test set, a panel for each system that a gain is over."""
    tables = list(dict.fromkeys((point.testset, point.profile) for point in points))
    there = dict.fromkeys(point.against for point in points if point.gain is not None)
    against = [one for one in (*REFERENCES, *there) if one in there]
    against = list(dict.fromkeys(against)) or ["baseline"]
    word = {"gain": "gain over", "difference": "difference to"}[difference_word(metric)]
    figure, grid = panels(len(tables), len(against))
    for table, axes in zip(tables, grid, strict=True):
        part = [point for point in points if (point.testset, point.profile) == table]
        for axis, other in zip(axes, against, strict=True):
            own = [point for point in part if point.against == other and point.gain is not None]
            if other in REFERENCES:
                beside = [one for one in drawn if (one.testset, one.profile, one.against) == (*table, other)]
                _draw_bands(axis, beside)
            _draw_lines(axis, own)
            axis.axhline(0, color="black", linewidth=0.8)
            axis.set_xlabel("threshold k (%)")
            axis.set_ylabel(wrapped(f"{metric_name(metric)} {word} {other}", 2.6))
            axis.set_title(wrapped(table_title(*table, metric)))
            _draw_left_out(axis, own)
            if not own:
                axis.text(0.5, 0.5, f"no {other} in these tables", ha="center", transform=axis.transAxes)
            if axis is axes[-1]:
                legend_beside(axis)
    return figure


def _draw_lines(axis: Axes, points: Sequence[Point]) -> None:
    for side, colour, marker in zip(SIDES, COLOURS, MARKERS, strict=False):
        line = [point for point in points if point.side == side]
        if not line:
            continue
        bars = [
            [_length(point.gain, point.low) for point in line],
            [_length(point.gain, point.high) for point in line],
        ]
        look = {"color": colour, "marker": marker, "capsize": 2}
        axis.errorbar(
            [point.k for point in line], [point.gain for point in line], yerr=bars, label=side, **look
        )


def _length(gain: float | None, end: float | None) -> float:
    return float("nan") if gain is None or end is None else abs(end - gain)


def _draw_bands(axis: Axes, drawn: Sequence[Point]) -> None:
    for point, colour in zip(drawn, cycle(COLOURS[::-1])):
        label = f"{shortened(point.system)}, {point.side} ({point.draws} draws)"
        if point.left_out is not None:
            label += f", {100 * point.left_out:.0f} % left out"
        axis.axhspan(point.low, point.high, color=colour, alpha=0.2, linewidth=0)
        axis.axhline(point.gain, color=colour, linestyle="--", label=label)


def _draw_left_out(axis: Axes, points: Sequence[Point]) -> None:
    """Say on an axis above what share of units the masks leave out at each k."""
    shares = {point.k: point.left_out for point in points if point.left_out is not None}
    if not shares:
        return
    above = axis.secondary_xaxis("top")
    above.set_xticks(
        list(shares),
        [f"{100 * share:.0f}" for share in shares.values()],
        rotation=90 if len(shares) > 5 else 0,
    )
    above.set_xlabel("units left out (%)")


def sweep_rows(points: Sequence[Point], drawn: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the values drawn: of each gain, then of each band."""
    return [
        {"what": what, **{name: getattr(point, name) for name in Point.__slots__}}
        for what, listed in (("gain", points), ("draws", drawn))
        for point in listed
    ]
