"""Counting one direction: our job against the published way, on stock fairseq. Whole processes.

Base model (512/2048, 6+6 layers) with random weights, 8,000 subwords, 1,000 sentences of NTREX, English
to German.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import counting
from tests.bench.benchmark import Benchmark, Runs, Sides, whole
from tests.bench.jobs import python

SENTENCES = 1000
DIRECTION = "en-de"


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    counting.base_model(folder, round(SENTENCES * share))
    published = ["-m", "tests.bench.published_counting", folder / "checkpoint.pt", folder / "bin", DIRECTION]
    return Sides(
        ours=whole(counting.job(folder, DIRECTION)),
        anchor=whole(python("fairseq", *published, folder / "published.pt")),
        flops=counting.products(folder, ["en"], ["de"]),
    )


BENCHMARK = Benchmark("count_1", "CPU s", runs=3, prepare=prepare, shared=("data/ntrex",))
