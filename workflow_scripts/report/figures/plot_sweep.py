"""Draw the gain over the baseline and over continued training against the threshold k (paper, figure 3).

Systems with several draws of their mask set, such as random ones, are a line for their mean and a band for
its 95 % interval.
"""

import argparse
import math
from collections.abc import Sequence
from itertools import cycle

from matplotlib.figure import Figure

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.metric_names import ASKED, asked_name, metric_id
from workflow_scripts.report.figures.figure import COLOURS, MARKERS, panels, save
from workflow_scripts.report.read.layout import BOTH, SIDES
from workflow_scripts.report.read.read_files import Row
from workflow_scripts.report.tables.show import read_summary
from workflow_scripts.report.tables.summary import sweep_key
from workflow_scripts.report.tables.writing import difference_word, metric_name, table_title

REFERENCES = {"baseline_difference": "baseline", "continued_difference": "continued training"}
Point = tuple[float, float, float | None]  # k, gain, sd or None for one seed


def sweep_rows(rows: Sequence[Row], metric: str, family: str) -> list[Row]:
    """Return the rows of one sweep over all directions. Raises UserError: the metric or the sweep is not in
    the summary."""
    metrics = {row["metric"] for row in rows}
    if metric not in metrics:
        name, known = asked_name(metric), sorted(map(asked_name, metrics))
        raise UserError(
            f"--metric: the summary has no {name!r}{nearest(name, known)}; it has {', '.join(known)}"
        )
    by_family: dict[str, list[Row]] = {}
    for row in rows:
        if sweep := sweep_key(row["system"]):
            by_family.setdefault(sweep[0], []).append(row)
    if family not in by_family:
        raise UserError(f"--sweep: the summary has no systems {family}-k…{nearest(family, by_family)}")
    overall = [row for row in by_family[family] if row["grouping"] == ALL and not row["without"]]
    return [row for row in overall if row["metric"] == metric]


def drawn_rows(rows: Sequence[Row], metric: str) -> list[Row]:
    """Return the rows over all directions of systems with several draws; their means over both sides, or of
    the only side."""
    overall = [row for row in rows if row["grouping"] == ALL and not row["without"]]
    found = [row for row in overall if row["metric"] == metric and float(row.get("draws") or 0)]
    main = BOTH if any(row["side"] == BOTH for row in found) else found[0]["side"] if found else ""
    return [row for row in found if row["side"] == main]


def band(row: Row, difference: str) -> tuple[float, float, float] | None:
    """Return the mean gain of all draws and its interval, which is that of their scores moved to the gain;
    None without a gain, or for one draw."""
    if not row[difference] or not row["draws_low"]:
        return None
    gain = float(row[difference])
    moved = gain - float(row["mean"])
    return gain, float(row["draws_low"]) + moved, float(row["draws_high"]) + moved


def points(rows: Sequence[Row], testset: str, side: str, difference: str) -> list[Point]:
    """Return (k, gain, sd) with k ascending, of the rows that have this difference."""
    found = []
    for row in rows:
        if (row["testset"], row["side"]) == (testset, side) and row[difference]:
            sd = row[f"{difference}_sd"]
            found.append((float(row["k"]), float(row[difference]), float(sd) if sd else None))
    return sorted(found)


def sweep_figure(rows: Sequence[Row], metric: str, drawn: Sequence[Row] = ()) -> Figure:
    """Return the figure of one sweep's rows; ``drawn``: rows of systems with several draws."""
    tables = list(dict.fromkeys((row["testset"], row["profile"]) for row in rows))
    name = metric_name(metric)
    word = {"gain": "gain over", "difference": "difference to"}[difference_word(metric)]
    figure, grid = panels(len(tables), len(REFERENCES))
    for (testset, profile), axes in zip(tables, grid, strict=True):
        part = [row for row in rows if row["profile"] == profile]
        for axis, (difference, reference) in zip(axes, REFERENCES.items(), strict=True):
            curves = 0
            for side, colour, marker in zip(SIDES, COLOURS, MARKERS, strict=False):
                line = points(part, testset, side, difference)
                if not line:
                    continue
                ks, gains, sds = zip(*line, strict=True)
                bars = [math.nan if sd is None else sd for sd in sds]
                look = {"color": colour, "marker": marker, "markersize": 4, "capsize": 2, "linewidth": 1.2}
                axis.errorbar(ks, gains, yerr=bars, label=side, **look)
                curves += 1
            beside = [row for row in drawn if (row["testset"], row["profile"]) == (testset, profile)]
            for row, colour in zip(beside, cycle(COLOURS[::-1])):
                if found := band(row, difference):
                    mean, low, high = found
                    label = f"{row['system']}, {row['side']} ({row['draws']} draws, 95 % interval)"
                    axis.axhspan(low, high, color=colour, alpha=0.2, linewidth=0)
                    axis.axhline(mean, color=colour, linestyle="--", linewidth=1.2, label=label)
            axis.axhline(0, color="black", linewidth=0.8)
            axis.set_xlabel("threshold k (%)")
            axis.set_ylabel(f"{name} {word} {reference}")
            seeds = sorted({row["n"] for row in part if row["testset"] == testset})
            title = table_title(testset, profile, metric)
            axis.set_title(f"{title} (seeds: {', '.join(seeds)})", fontsize=9)
            if curves:
                axis.legend(fontsize=7, frameon=False)
            else:
                axis.text(0.5, 0.5, f"no {reference} in these tables", ha="center", transform=axis.transAxes)
    return figure


def main(argv: list[str] | None = None) -> None:
    """Read the summary and draw one sweep."""
    parser = argparse.ArgumentParser(prog="plot_sweep", description=__doc__.splitlines()[0])
    parser.add_argument("--summary", required=True, metavar="CSV", help="tables/summary.csv")
    parser.add_argument("--metric", default="bleu", help=f"{', '.join(ASKED.values())}, or a COMET model")
    parser.add_argument("--sweep", default="ns", help="systems named SWEEP-k…")
    parser.add_argument("--out", required=True, metavar="PNG")
    args = parser.parse_args(argv)
    metric = metric_id(args.metric)
    summary = read_summary(args.summary)
    rows = sweep_rows(summary, metric, args.sweep)
    save(sweep_figure(rows, metric, drawn_rows(summary, metric)), args.out)


if __name__ == "__main__":
    run_main(main)
