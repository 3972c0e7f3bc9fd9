"""The figure of time and memory: what the jobs of each stage took."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.figures.caption import Caption
from workflow_scripts.report.figures.figure import COLOURS, panels
from workflow_scripts.report.read.benchmarks import StageCosts

ROW = 0.17  # inches
MANY = 200  # from the least to the most: beyond it, an axis names powers of ten alone


def costs_figure(costs: Sequence[StageCosts]) -> Figure:
    """Return the figure: seconds and memory of each stage, the longest first."""
    ordered = by_time(costs)
    figure, [[time, memory]] = panels(1, 2, width=2.8, height=max(ROW * len(ordered), 0.5))
    names = [f"{one.stage} ({number_of(one.jobs, 'job')})" for one in ordered]
    _dots(time, names, [one.cpu_seconds for one in ordered], "CPU seconds, all jobs")
    _dots(memory, [], [one.memory_mb for one in ordered], "memory of the largest job (MB)")
    return figure


def by_time(costs: Sequence[StageCosts]) -> list[StageCosts]:
    """Return stages by their CPU seconds, the most first; those that were not measured come last."""
    return sorted(costs, key=lambda one: (-(one.cpu_seconds or 0), one.stage))


def costs_rows(costs: Sequence[StageCosts]) -> list[dict[str, Any]]:
    """Return the values drawn, a row a stage; of no stage a row without values."""
    return [
        {
            "stage": one.stage,
            "jobs": one.jobs,
            "seconds": one.seconds,
            "cpu_seconds": one.cpu_seconds,
            "memory_mb": one.memory_mb,
        }
        for one in by_time(costs)
    ] or [dict.fromkeys(("stage", "jobs", "seconds", "cpu_seconds", "memory_mb"))]


def costs_caption(costs: Sequence[StageCosts], root: Path) -> Caption:
    """Return the caption."""
    jobs = sum(one.jobs for one in costs)
    return Caption(
        "CPU seconds of all jobs of each stage, and the memory of its largest job, both on logarithmic axes.",
        [root],
        [],
        notes=[
            f"As Snakemake measured the {number_of(jobs, 'job')} that had ended when this was drawn; jobs"
            " that ended later, and earlier runs of a job, are not in it; jobs that the config no longer has"
            " are. A stage without a dot ended too soon to be measured."
        ],
    )


def _dots(axis: Axes, names: Sequence[str], values: Sequence[float | None], label: str) -> None:
    known = [(value, place) for place, value in enumerate(values) if value]
    if known:
        axis.plot(*zip(*known, strict=True), "o", color=COLOURS[0])
        low, high = min(known)[0] / 2, max(known)[0] * 2
        axis.set_xscale("log")
        axis.set_xlim(low, high)
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high / low > MANY else (1.0, 2.0, 5.0)))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter("{x:,g}")
    axis.set_xlabel(label)
    axis.set_yticks(range(len(values)), names or [""] * len(values))
    axis.set_ylim(max(len(values), 1) - 0.5, -0.5)
