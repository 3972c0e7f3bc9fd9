"""The whole demo, every process of it, against an earlier commit's (``before``)."""

from collections.abc import Mapping
from pathlib import Path

from tests.bench.before import against_before
from tests.bench.benchmark import Benchmark, Runs, Sides


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    return against_before("demo", share)


BENCHMARK = Benchmark("demo", "CPU s", runs=1, prepare=prepare)
