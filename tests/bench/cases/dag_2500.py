"""A dry run of some 2,500 jobs, against an earlier commit's (``before``)."""

from collections.abc import Mapping
from pathlib import Path

from tests.bench.before import against_before
from tests.bench.benchmark import Benchmark, Runs, Sides


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    return against_before("dag_2500", share)


BENCHMARK = Benchmark("dag_2500", "CPU ms a job", runs=2, prepare=prepare)
