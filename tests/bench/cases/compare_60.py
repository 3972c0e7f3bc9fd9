"""Two systems in sixty directions, scored and tested: our three jobs against sacrebleu's two paired tests.

1,000 resamples, BLEU and chrF++. The scoring is on both sides: sacrebleu's tests score both systems,
once for each test; ours is `score` for each system and then `compare`. sacrebleu's way is run on every
tenth direction and scaled, but for its start-up.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import evaluation
from tests.bench.benchmark import Benchmark, Runs, Sides


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    return evaluation.sides("tests", folder, share)


BENCHMARK = Benchmark("compare_60", "CPU s", runs=1, prepare=prepare, shared=("data/ntrex",))
