"""Draw what the tables say: gains over k and by direction, and what the stages cost.

One process draws them all: starting it takes longer than a figure.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import json_object, lists_of_texts, read_groups
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.metric_names import ASKED, metric_id
from workflow_scripts.common.table_names import CONTROLS, UNITS
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.costs import costs_caption, costs_figure, costs_rows
from workflow_scripts.report.figures.figure import write_figure
from workflow_scripts.report.figures.gains import BASELINE, gain_rows, gains_figure
from workflow_scripts.report.figures.order import FAMILY
from workflow_scripts.report.figures.sweep import BANDS, bands, sweep_figure, sweep_points, sweep_rows
from workflow_scripts.report.read.benchmarks import read_benchmarks
from workflow_scripts.report.read.read_files import Row, read_table
from workflow_scripts.report.read.read_scores import main_profile
from workflow_scripts.report.read.read_units import read_units
from workflow_scripts.report.tables.show import read_summary
from workflow_scripts.report.tables.writing import metric_name, profile_title

SIGNIFICANCE = "significance"
#: Columns of the tables of significance and of controls that figures read. (The modules that write these
#: would load pandas, which takes as long as two figures.)
TESTED = ("system", "against", "testset", "profile", "direction", "metric", "outcome")
COMPARED = (
    "system",
    "against",
    "testset",
    "profile",
    "side",
    "metric",
    "difference",
    "sd",
    "n",
    "draws",
    "above",
)


DAGGERS = (
    "A dagger marks a difference that is significant in every seed (and draw) and of one sign: approximate"
    " randomisation, Holm's correction over directions."
)
UNTESTED = "No significance was tested."


def shares_left_out(units: Path | None, masks: Mapping[str, str]) -> dict[str, float]:
    """Return the share of units that each system's masks leave out, the mean over seeds and directions.
    ``masks``: system → its mask set; those whose units are not listed are left out."""
    if units is None:
        return {}
    shares: dict[str, list[float]] = {}
    for one in read_units(units):
        shares.setdefault(one.masks, []).append(one.share_left_out())
    known = {system: shares[maskset] for system, maskset in masks.items() if maskset in shares}
    return {system: sum(listed) / len(listed) for system, listed in known.items()}


def draw_sweep(
    out: Path,
    sweep: str,
    metric: str,
    summary: Sequence[Row],
    controls: Sequence[Row],
    left_out: Mapping[str, float],
    sources: Sequence[Path],
    seeds: Sequence[int],
) -> None:
    """Draw one sweep."""
    points = sweep_points(summary, controls, metric, sweep, left_out)
    drawn = bands(summary, metric, left_out)
    controls_too = any(point.against != BASELINE and point.gain is not None for point in points)
    also = " and over the controls" if controls_too else ""
    caption = Caption(
        f"{metric_name(metric)} of the systems {sweep}-k… over the baseline{also}, against"
        " the threshold k, averaged over directions. The axis above says what share of units the masks leave"
        " out, the mean over directions and seeds.",
        sources,
        seeds,
        BANDS,
    )
    write_figure(
        sweep_figure(points, drawn, metric), out / f"sweep_{sweep}.png", sweep_rows(points, drawn), caption
    )


def draw_gains(
    out: Path,
    testset: str,
    rows: Sequence[Mapping[str, Any]],
    families: Mapping[str, Sequence[str]],
    pivot: str,
    sources: Sequence[Path],
    seeds: Sequence[int],
) -> None:
    """Draw the gains of one test set by direction, of its own text where that was scored. Raises UserError:
    it has none."""
    of_set = [row for row in rows if row["testset"] == testset]
    if not of_set:
        known = list(dict.fromkeys(row["testset"] for row in rows))
        raise UserError(f"--testsets: the summary has no gains on {testset!r}{nearest(testset, known)}")
    profile = main_profile([row["profile"] for row in of_set])
    own = [row for row in of_set if row["profile"] == profile]
    counts = sorted({row["n"] for row in own})
    also = ", and less continued training" if any(row["against"] != BASELINE for row in own) else ""
    tested = any(file.stem == SIGNIFICANCE for file in sources)
    caption = Caption(
        f"{metric_name(own[0]['metric'])} on {profile_title(testset, profile)}, by direction: each system"
        f" less the baseline{also}, the mean over seeds. {DAGGERS if tested else UNTESTED}",
        sources,
        seeds,
        f"No intervals; the standard deviations over seeds (n = {' or '.join(map(str, counts))}) are in the"
        " data.",
        ["Directions are ordered by family. Grey: the system lacks the direction."],
    )
    write_figure(gains_figure(own, families, pivot), out / f"gains_{testset}.png", own, caption)


def main(argv: list[str] | None = None) -> None:
    """Read the tables and draw them."""
    parser = argparse.ArgumentParser(prog="plot_tables", description=__doc__.splitlines()[0])
    parser.add_argument("--tables", required=True, type=Path, help="folder tables, with summary.csv")
    also = "controls.csv, significance.csv, units.json (shares of units at each k)"
    parser.add_argument("--also", nargs="+", default=[], choices=(CONTROLS, SIGNIFICANCE, UNITS), help=also)
    parser.add_argument("--benchmarks", required=True, type=Path, help="folder benchmarks")
    parser.add_argument("--metric", default="bleu", help=f"{', '.join(ASKED.values())}, or a COMET model")
    parser.add_argument("--sweeps", nargs="+", default=[], help="systems named SWEEP-k…")
    parser.add_argument("--testsets", nargs="+", default=[], help="of which gains are drawn by direction")
    parser.add_argument("--masks", default="{}", help='JSON: {"ns-k95": "k95"}: mask sets of systems')
    parser.add_argument("--control", help="the system of continued training")
    parser.add_argument("--draws", default="{}", help='JSON: {"random": ["random-1", "random-2"]}')
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--pivot", default="")
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--out-dir", required=True, type=Path, help="folder figures")
    args = parser.parse_args(argv)
    metric = metric_id(args.metric)
    masks = json_object("masks", args.masks, {"ns-k95": "k95"}, _is_text_by_text)
    draws = json_object("draws", args.draws, {"random": ["random-1"]}, lists_of_texts)
    families = read_groups(args.groups).get(FAMILY, {})
    files = {CONTROLS: args.tables / "controls.csv", SIGNIFICANCE: args.tables / "significance.csv"}
    files = {name: file for name, file in files.items() if name in args.also}
    units = args.tables / "units.json" if UNITS in args.also else None
    summary = read_summary(args.tables / "summary.csv")
    controls = read_table(files[CONTROLS], COMPARED) if CONTROLS in files else []
    tested = read_table(files[SIGNIFICANCE], TESTED) if SIGNIFICANCE in files else []
    tested = [{**row, "metric": metric_id(row["metric"])} for row in tested]
    left_out = shares_left_out(units, masks)
    costs = read_benchmarks(args.benchmarks)
    read = [args.tables / "summary.csv", *(file for file in (files.get(CONTROLS), units) if file)]
    for sweep in args.sweeps:
        draw_sweep(args.out_dir, sweep, metric, summary, controls, left_out, read, args.seeds)
    read = [args.tables / "summary.csv", *(file for name, file in files.items() if name == SIGNIFICANCE)]
    rows = gain_rows(summary, tested, draws, metric, args.control)
    for testset in args.testsets:
        draw_gains(args.out_dir, testset, rows, families, args.pivot, read, args.seeds)
    caption = costs_caption(costs, args.benchmarks)
    write_figure(costs_figure(costs), args.out_dir / "costs.png", costs_rows(costs), caption)


def _is_text_by_text(value: dict[str, Any]) -> bool:
    return all(isinstance(one, str) for one in value.values())


if __name__ == "__main__":
    run_main(main)
