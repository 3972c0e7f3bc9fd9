"""Ours beside what users would run otherwise: ``make bench`` (``NAMES="count_1 score_120"`` for some).

Both sides run in turn, as whole processes of one thread, and what counts is their CPU seconds (user +
system), which other work on the machine stretches least. Each benchmark is a file of
``tests/bench/cases``.

Outputs, in ``results/benchmarks``: ``runs.json``, every run with its machine, commit and load;
``benchmarks.json``, made from it: a list of ``{name, ours, anchor, ratio, unit, spread, n, limit}``.
``ours`` and ``anchor`` are medians, ``ratio`` is anchor / ours, ``spread`` the lowest and the highest
ratio of two runs, ``limit`` the ratio if ours did nothing but the float32 products of the linear layers
at this machine's matmul rate (null: not known). What was measured before stays.
"""

import argparse
import datetime
import importlib
import itertools
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.jobs import ROOT, SHARED, python, run_once
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import atomic_path

OUT = ROOT / "results/benchmarks"
#: In the order of the page. `count_8` takes its anchor from the runs of `count_1`.
NAMES = (
    "count_1", "count_8", "ns_step_22", "ns_step_60", "baseline_step",
    "decode_float32_small", "decode_float32_base", "decode_int8_base",
    "score_120", "compare_60", "dag_2500", "demo",
)  # fmt: skip


class Run(NamedTuple):
    """What one run took, in the benchmark's unit, and its peak memory in MB."""

    value: float
    peak: float


@dataclass
class Runs:
    """Every run of a benchmark. ``flops``: of ours, the float32 products of its linear layers alone;
    ``rates``: this machine's, in FLOP per CPU second, while it ran. ``paired``: the runs of both sides
    were made in turn."""

    ours: list[Run]
    anchor: list[Run]
    paired: bool
    flops: float | None = None
    rates: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    machine: str = ""
    commit: str = ""
    date: str = ""
    #: Of what the anchor is, where it was not run beside ours.
    anchor_from: str = ""


@dataclass(frozen=True)
class Sides:
    """What a case measures: ``anchor`` is run in turn with ``ours``, or has been measured before."""

    ours: Callable[[], Run]
    anchor: Callable[[], Run] | Sequence[Run]
    flops: float | None = None
    anchor_from: str = ""


@dataclass(frozen=True)
class Benchmark:
    """``prepare(folder, share, measured)`` makes what both sides read, in a folder that is removed
    afterwards. ``share``: of the sentences, directions or updates, to try it out. ``measured``: the
    runs so far, by name. ``shared``: folders of shared material it reads."""

    name: str
    unit: str
    runs: int
    prepare: Callable[[Path, float, Mapping[str, Runs]], Sides]
    shared: tuple[str, ...] = ()


def case(name: str) -> Benchmark:
    """Return a benchmark by its name."""
    found: Benchmark = importlib.import_module(f"tests.bench.cases.{name}").BENCHMARK
    return found


def chosen(names: Sequence[str]) -> list[str]:
    """Return the names in the order of the page, all of them for none; UserError for another name."""
    for name in names:
        if name not in NAMES:
            raise UserError(
                f"NAMES: no benchmark {name!r}{nearest(name, NAMES)}; there are {', '.join(NAMES)}"
            )
    return [name for name in NAMES if name in names or not names]


# ---- sides -----------------------------------------------------------------------------------------------


def whole(*commands: Sequence[str]) -> Callable[[], Run]:
    """Return a side of processes that run one after the other: all their CPU seconds, the largest one's
    memory."""

    def run() -> Run:
        took = [run_once(command) for command in commands]
        return Run(sum(one.cpu for one in took), max(one.peak for one in took))

    return run


def by_its_own_clock(command: Sequence[str]) -> Callable[[], Run]:
    """Return a side whose program writes its value as the last line of its output: where start-up must
    not count, or a tenth of the work is done and scaled."""

    def run() -> Run:
        with tempfile.TemporaryDirectory() as name:
            log = Path(name) / "log"
            took = run_once(command, log=log)
            return Run(float(log.read_text(encoding="utf-8").split()[-1]), took.peak)

    return run


# ---- measuring -------------------------------------------------------------------------------------------


def matmul_rate() -> float:
    """Return the FLOP of one CPU second of float32 products of the shapes of an FFN, on one thread."""
    return by_its_own_clock(python("fairseq", "-m", "tests.bench.matmul_rate"))().value


def measure(benchmark: Benchmark, sides: Sides, rate: Callable[[], float] = matmul_rate) -> Runs:
    """Run both sides in turn, each first every other time; the machine's rate is taken before each pair."""
    measured = not callable(sides.anchor)
    found = Runs([], list(sides.anchor) if not callable(sides.anchor) else [], not measured, sides.flops)
    found.anchor_from = sides.anchor_from
    for number in range(benchmark.runs):
        found.loads.append(round(os.getloadavg()[0], 1))
        if sides.flops:
            found.rates.append(rate())
        turn: list[tuple[list[Run], Any]] = [(found.ours, sides.ours)]
        if not measured:
            turn.append((found.anchor, sides.anchor))
        for runs, side in turn if number % 2 == 0 else reversed(turn):
            runs.append(side())
    return found


def entry(benchmark: Benchmark, runs: Runs) -> dict[str, Any]:
    """Return the figures of a benchmark."""
    ours, anchor = (statistics.median(run.value for run in side) for side in (runs.ours, runs.anchor))
    pairs = (
        zip(runs.ours, runs.anchor, strict=True) if runs.paired else itertools.product(runs.ours, runs.anchor)
    )
    ratios = [theirs.value / own.value for own, theirs in pairs]
    limit = None
    if runs.flops:
        limit = anchor / (runs.flops / statistics.median(runs.rates))
    return {
        "name": benchmark.name,
        "ours": ours,
        "anchor": anchor,
        "ratio": anchor / ours,
        "unit": benchmark.unit,
        "spread": [min(ratios), max(ratios)],
        "n": len(runs.ours),
        "limit": limit,
    }


def line(figures: Mapping[str, Any]) -> str:
    """Return the figures as a line for a terminal."""
    lowest, highest = figures["spread"]
    limit = f", limit {figures['limit']:.2f}" if figures["limit"] else ""
    return (
        f"{figures['name']}: {figures['ratio']:.2f} ({lowest:.2f} to {highest:.2f}{limit}),"
        f" {figures['ours']:.3g} against {figures['anchor']:.3g} {figures['unit']}, n = {figures['n']}"
    )


# ---- files -----------------------------------------------------------------------------------------------


def machine() -> str:
    """Return how many cores of which processor."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    models = [row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")]
    return f"{os.cpu_count()} cores, {models[0] if models else platform.processor() or platform.machine()}"


def commit() -> str:
    """Return the short commit of this checkout, with + if files differ from it; empty without git."""
    words = ["git", "describe", "--always", "--dirty=+", "--abbrev=8", "--exclude=*"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def read_runs(folder: Path) -> dict[str, Runs]:
    """Return the runs that a folder has, by name."""
    file = folder / "runs.json"
    if not file.exists():
        return {}
    found = {name: Runs(**one) for name, one in json.loads(file.read_text(encoding="utf-8")).items()}
    for runs in found.values():
        runs.ours, runs.anchor = [Run(*one) for one in runs.ours], [Run(*one) for one in runs.anchor]
    return found


def write(folder: Path, every: Mapping[str, Runs]) -> None:
    """Write both files, in the order of the page."""
    names = [name for name in NAMES if name in every]
    written = {
        "runs.json": {name: asdict(every[name]) for name in names},
        "benchmarks.json": [entry(case(name), every[name]) for name in names],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    """Measure, and write after each benchmark; what was tried with a share of the work is printed alone."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the work, once: to try it out, nothing is written"
    )
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args(argv)
    asked = [case(name) for name in chosen(arguments.names)]
    for place in dict.fromkeys(place for one in asked for place in one.shared):
        if not (SHARED / place).exists():
            raise UserError(
                f"{SHARED / place}: not there; NEURONSPEC_SHARED names the folder of shared material"
            )
    every = read_runs(arguments.out) if arguments.share == 1 else {}
    for one in asked:
        with tempfile.TemporaryDirectory(prefix="neuronspec-bench-") as folder:
            sides = one.prepare(Path(folder), arguments.share, every)
            runs = measure(one if arguments.share == 1 else replace(one, runs=1), sides)
        runs.machine, runs.commit = machine(), commit()
        runs.date = datetime.date.today().isoformat()
        every[one.name] = runs
        if arguments.share == 1:
            write(arguments.out, every)
        print(line(entry(one, runs)), flush=True)


if __name__ == "__main__":
    run_main(main)
