"""Counting eight directions, four out of English and four into it, in the jobs that the workflow makes
of them.

The anchor is eight times that of `count_1`, which has the same model and sentences: the published way
knows one direction.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import counting
from tests.bench.benchmark import Benchmark, Run, Runs, Sides, machine, whole
from tests.bench.cases.count_1 import SENTENCES
from workflow_scripts.common.errors import UserError

DIRECTIONS = 2 * len(counting.OTHERS)


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    one = measured.get("count_1")
    if one is None or one.machine != machine():
        raise UserError(
            'count_8 is compared with the anchor of count_1 on this machine: NAMES="count_1 count_8"'
        )
    counting.base_model(folder, round(SENTENCES * share))
    languages = (counting.PIVOT, *counting.OTHERS)
    into = [counting.PIVOT] * len(counting.OTHERS)
    return Sides(
        ours=whole(*counting.all_directions(folder)),
        anchor=[Run(DIRECTIONS * run.value, run.peak) for run in one.anchor],
        flops=counting.products(folder, languages, [*counting.OTHERS, *into]),
        anchor_from=f"{DIRECTIONS} × count_1, {one.date}",
    )


BENCHMARK = Benchmark("count_8", "CPU s", runs=1, prepare=prepare, shared=("data/ntrex",))
