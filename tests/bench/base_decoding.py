"""What the benchmarks of decoding at base size share.

Base model (512/2048, 6+6 layers) with random weights, 8,000 subwords, 60 sentences of NTREX from
English to German, beam 5. An untrained model ends no hypothesis, so that all have 30 tokens and both
sides do the same work.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import bench_decoding
from tests.bench.benchmark import Benchmark, Runs, Sides, whole
from tests.bench.counting import FFN_DIM, LAYERS, MODEL_DIM, OTHERS, PIVOT, base_model, products
from tests.bench.steps import VOCABULARY

SENTENCES, LENGTH = 60, 30


def decoding(name: str, compute_type: str) -> Benchmark:
    """Return the benchmark of a compute type; the anchor is float32."""

    def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
        sentences = round(SENTENCES * share)
        base_model(folder, sentences)
        theirs = bench_decoding.generate(folder / "bin", folder / "checkpoint.pt", [PIVOT, *OTHERS], LENGTH)
        return Sides(
            ours=whole(bench_decoding.decode(folder, compute_type, LENGTH)),
            anchor=whole(theirs),
            flops=searched(folder, sentences) if compute_type == "float32" else None,
        )

    return Benchmark(name, "CPU s", runs=3, prepare=prepare, shared=("data/ntrex",))


def searched(folder: Path, sentences: int) -> float:
    """Return the FLOP of the linear layers: each source once, and every token of every hypothesis in
    the beam."""
    square, ffn = MODEL_DIM * MODEL_DIM, MODEL_DIM * FFN_DIM
    token = LAYERS * (6 * square + 2 * ffn) + VOCABULARY * MODEL_DIM
    return products(folder, [PIVOT], []) + 2.0 * sentences * bench_decoding.BEAM * LENGTH * token
