"""Counting directions from one source: one by one against together, the encoder run once.

What: eight directions from one language, whose validation sides are the same text, of three model sizes with
random weights, float32, vocabulary 8,000, by the lean pass, as a job counts. Processor seconds of counting
alone, in one process each after the other; a job's start-up (imports, reading weights) comes on top, once for
each job.
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
from workflow_scripts.models.fairseq.artifact import save_system_weights
from workflow_scripts.models.fairseq.batches import direction_dataset
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import load_port
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import SystemFolder

SIZES = {
    "2+2 layers, 64/256": Architecture(2, 2, 64, 256, 4),
    "3+3 layers, 256/1024": Architecture(3, 3, 256, 1024, 4),
    "6+6 layers, 512/2048": Architecture(6, 6, 512, 2048, 8),
}
DIRECTIONS = 8


def system_of(folder: Path, shape: Architecture) -> SystemFolder:
    """Write a system of random weights, which counts read without its network."""
    save_system_weights(build_network(shape, len(VOCABULARY)), folder / "model.safetensors")
    (folder / "dict.txt").write_text("".join(f"{piece} 1\n" for piece in VOCABULARY.subwords))
    (folder / "spm.model").write_bytes(b"not read here")
    return SystemFolder.write(
        folder, system="bench", seed=1, languages=VOCABULARY.languages, text={},
        mask_rows={"xx-yy": None}, architecture=shape.to_dict(),
    )  # fmt: skip


def measure(shape: Architecture, sentences: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = load_port(system_of(folder, shape), "cpu")
        # The weights are read by the first count.
        (folder / "few").mkdir()
        write_data(folder / "few", 1)
        count_direction(port, direction_dataset(folder / "few", "valid", "xx-yy", VOCABULARY))
        write_data(folder, sentences)
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
