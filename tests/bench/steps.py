"""What the benchmarks of a training step share; their program is ``step``."""

from collections.abc import Mapping
from pathlib import Path

from tests.bench.benchmark import Benchmark, Runs, Sides, by_its_own_clock
from tests.bench.counting import FFN_DIM, LAYERS, MODEL_DIM
from tests.bench.jobs import python, run_once

VOCABULARY = 8006
UPDATES = 3  # of one run
RUNS = 5
#: Forward pass, gradients of the inputs, gradients of the weights.
PASSES = 3
TARGETS = 1000


def products(kept: float) -> float:
    """Return the FLOP of the linear layers for 1,000 source and 1,000 target positions, the projection
    to the vocabulary included, if units that masks leave out cost nothing."""
    square, ffn = MODEL_DIM * MODEL_DIM, 2 * MODEL_DIM * FFN_DIM * kept
    layers = LAYERS * (4 * square + ffn) + LAYERS * (8 * square + ffn)
    return 2.0 * PASSES * TARGETS * (layers + VOCABULARY * MODEL_DIM)


def step(name: str, kept: float) -> Benchmark:
    """Return the benchmark of an update under masks that keep a share of the units; 1: without masks."""

    def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
        program = python("fairseq", "-m", "tests.bench.step")
        run_once([*program, "make", str(folder), str(kept)])
        more = [str(folder), str(kept), str(max(1, round(UPDATES * share)))]
        return Sides(
            ours=by_its_own_clock([*program, "ours", *more]),
            anchor=by_its_own_clock([*program, "plain", *more]),
            flops=products(kept),
        )

    return Benchmark(name, "CPU s for 1,000 targets", runs=RUNS, prepare=prepare)
