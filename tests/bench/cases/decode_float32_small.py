"""Decoding Multi30k: our job, from raw text to raw text, against ``fairseq-generate`` on binarised
text. Whole processes.

The shared Multi30k model (3+3 layers, 256/1024, 8,000 subwords), 300 sentences from English to German,
beam 5.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.bench import bench_decoding
from tests.bench.benchmark import Benchmark, Runs, Sides, whole
from tests.bench.jobs import SHARED

MODEL, TEXTS = "models/multi30k", "data/multi30k"
SENTENCES = 300


def prepare(folder: Path, share: float, measured: Mapping[str, Runs]) -> Sides:
    model, longest = SHARED / MODEL, bench_decoding.MAX_LENGTH
    bench_decoding.prepare(folder, model, SHARED / TEXTS, round(SENTENCES * share))
    theirs = bench_decoding.generate(
        folder / "bin", model / "checkpoint.pt", bench_decoding.LANGUAGES, longest
    )
    return Sides(ours=whole(bench_decoding.decode(folder, "float32", longest)), anchor=whole(theirs))


BENCHMARK = Benchmark("decode_float32_small", "CPU s", runs=3, prepare=prepare, shared=(MODEL, TEXTS))
