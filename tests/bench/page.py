"""The figures of docs/benchmarks.md, from what ``make bench`` wrote.

``envs/bin/run-in evaluate tests.bench.page``. Inputs: ``runs.json`` and ``benchmarks.json`` of
``results/benchmarks``. Outputs: the part of the page between markers, and its plot.
"""

import argparse
import json
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.benchmark import OUT, Runs, read_runs
from tests.bench.jobs import ROOT
from workflow_scripts.common.errors import UserError, run_main

PAGE = ROOT / "docs/benchmarks.md"
PLOT = ROOT / "docs/images/benchmarks.png"
BEGIN, END = "<!-- figures: made by `run-in evaluate tests.bench.page` -->", "<!-- end of figures -->"
HEAD = (
    "benchmark",
    "unit",
    "ours",
    "anchor",
    "ratio",
    "lowest to highest",
    "limit",
    "share of it",
    "MB",
    "n",
)


def _digits(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def table(figures: Sequence[Mapping[str, Any]], runs: Mapping[str, Runs]) -> list[str]:
    """Return the lines of the table; memory is the largest process of all runs, ours and the anchor's."""
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|--:|--:|--:|---|--:|--:|--:|--:|"]
    for one in figures:
        lowest, highest = one["spread"]
        limit, found = one["limit"], runs[one["name"]]
        ours, anchor = (max(run.peak for run in side) for side in (found.ours, found.anchor))
        cells = [
            f"`{one['name']}`",
            one["unit"],
            _digits(one["ours"]),
            _digits(one["anchor"]),
            f"**{one['ratio']:.2f}**",
            f"{lowest:.2f} to {highest:.2f}",
            f"{limit:.1f}" if limit else "–",
            f"{100 * one['ratio'] / limit:.0f} %" if limit else "–",
            f"{ours:.0f}, {anchor:.0f}",
            str(one["n"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def slower(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the sentence that says where ours takes longer."""
    found = [f"`{one['name']}` ({one['ratio']:.2f})" for one in figures if one["ratio"] < 1]
    unsure = [f"`{one['name']}`" for one in figures if one["ratio"] >= 1 > one["spread"][0]]
    said = "Nothing here is slower than its anchor."
    if found:
        said = f"**Slower than the anchor: {', '.join(found)}.**"
    return said + (f" In some run slower: {', '.join(unsure)}." if unsure else "")


def origins(figures: Sequence[Mapping[str, Any]], runs: Mapping[str, Runs]) -> list[str]:
    """Return a line for each commit, machine and date, and one for each anchor not run beside ours."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in figures:
        found = runs[one["name"]]
        groups.setdefault((found.commit, found.machine, found.date), []).append(one["name"])
    lines = []
    for (commit, machine, date), names in groups.items():
        loads = [load for name in names for load in runs[name].loads]
        rates = [rate / 1e9 for name in names for rate in runs[name].rates]
        rate = f", {statistics.median(rates):.0f} GFLOP per CPU second" if rates else ""
        load = f"load {min(loads):.1f} to {max(loads):.1f}"
        where = f"commit {commit or 'unknown'}, {date}, {machine}, {load}{rate}"
        lines.append(f"- {where}: {', '.join(names)}")
    lines += [
        f"- the anchor of {one['name']}: {runs[one['name']].anchor_from}"
        for one in figures
        if runs[one["name"]].anchor_from
    ]
    return lines


def filled(page: str, figures: Sequence[Mapping[str, Any]], runs: Mapping[str, Runs]) -> str:
    """Return a page with its figures made anew; ValueError without its markers."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"no single place for figures: {BEGIN} … {END}")
    parts = [*table(figures, runs), "", slower(figures), "", *origins(figures, runs)]
    made = "\n".join([BEGIN, "", *parts, "", END])
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: made, page, flags=re.S)


def draw(figures: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Draw the ratios: a dot with its spread, a line at 1, and a mark where the limit is known."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7.2, 0.32 * len(figures) + 1.1), layout="constrained")
    places = range(len(figures))
    for place, one in zip(places, figures, strict=True):
        axis.plot(one["spread"], [place, place], color="0.6", linewidth=3, solid_capstyle="butt")
    limits = [(place, one["limit"]) for place, one in zip(places, figures, strict=True) if one["limit"]]
    ratios = [one["ratio"] for one in figures]
    axis.plot(ratios, places, "o", color="#1f4e79", label="ratio, with its spread")
    axis.plot([limit for _, limit in limits], [place for place, _ in limits], "|", color="#b5541c",
              markersize=12, markeredgewidth=2, label="limit of the float32 products")  # fmt: skip
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xscale("log")
    most = 1.5 * max([*ratios, *(limit for _, limit in limits)])
    ticks = [tick for tick in (0.5, 1, 2, 4, 8, 16) if tick < most]
    axis.set_xticks(ticks, map(str, ticks))
    axis.minorticks_off()
    axis.set_yticks(places, [one["name"] for one in figures])
    axis.set_ylim(len(figures) - 0.4, -0.6)
    axis.set_xlabel("anchor / ours (right of 1: ours is faster)")
    axis.legend(frameon=False, fontsize=8)
    figure.savefig(out, dpi=120)


def main(argv: list[str] | None = None) -> None:
    """Fill the page in, and draw its plot."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args(argv)
    file = OUT / "benchmarks.json"
    if not file.exists():
        raise UserError(f"{file}: not there; make bench writes it")
    figures = json.loads(file.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), figures, read_runs(OUT)), encoding="utf-8")
    draw(figures, PLOT)


if __name__ == "__main__":
    run_main(main)
