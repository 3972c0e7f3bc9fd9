"""BLEU and chrF++ of two systems in sixty directions of 2,009 sentences: our two jobs against
sacrebleu's own way.

sacrebleu's way is run on every tenth direction and scaled, but for its start-up.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import evaluation
from tests.bench.benchmark import Benchmark, Runs, Sides


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    return evaluation.sides("scores", folder, share)


BENCHMARK = Benchmark("score_120", "CPU s", runs=1, prepare=prepare, shared=("data/ntrex",))
