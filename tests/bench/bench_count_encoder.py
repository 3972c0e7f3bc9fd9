"""Counting directions from one source: one by one against together, the encoder run once.

What: eight directions from one language, whose validation sides are the same text, of three model sizes with
random weights, float32, vocabulary 8,000. Processor seconds of the counting alone, in one process each after
the other; a job's start-up (imports, reading the network) comes on top, once for each job.
Outputs: a table of processor seconds for each size.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_count_encoder.py [--sentences 200]`.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from tests.bench.made_text import VOCABULARY, write_data
from workflow_scripts.activations.count_activations import (
    PUBLISHED_MAX_TOKENS,
    batches_of,
    count_direction,
    count_together,
)
from workflow_scripts.models.fairseq.batches import direction_dataset
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.units.architecture import Architecture

SIZES = {
    "2+2 layers, 64/256": Architecture(2, 2, 64, 256, 4),
    "3+3 layers, 256/1024": Architecture(3, 3, 256, 1024, 4),
    "6+6 layers, 512/2048": Architecture(6, 6, 512, 2048, 8),
}
DIRECTIONS = 8


def measure(shape: Architecture, sentences: int) -> tuple[float, float]:
    port = FairseqPort(build_network(shape, len(VOCABULARY)).eval(), VOCABULARY)
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), sentences)
        data = direction_dataset(folder, "valid", "xx-yy", VOCABULARY)
        # Every target is the same text too: it is decoded for each direction all the same.
        datasets = [replace(data, name=f"xx-y{number}") for number in range(DIRECTIONS)]
        start = time.process_time()
        for dataset in datasets:
            count_direction(port, dataset)
        middle = time.process_time()
        batches = [batches_of(one, port, PUBLISHED_MAX_TOKENS) for one in datasets]
        count_together(port, batches, PUBLISHED_MAX_TOKENS)
        return middle - start, time.process_time() - middle


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'model':<24}{'one by one':>12}{'together':>12}{'ratio':>8}")
    for name, shape in SIZES.items():
        apart, shared = measure(shape, arguments.sentences)
        print(f"{name:<24}{apart:>12.1f}{shared:>12.1f}{apart / shared:>8.2f}", flush=True)


if __name__ == "__main__":
    main()
