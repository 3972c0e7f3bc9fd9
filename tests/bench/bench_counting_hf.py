"""Counting under the port of Hugging Face's library: against the same forward passes without taps.

What: one direction of two models with random weights, float32, sentences of realistic lengths; counting and
plain passes in turn, on the same batches, in one process with one thread. And the peak memory of counting few
and four times as many sentences, each in a process of its own; and what a job takes before its first batch.
Outputs: processor seconds, medians over the rounds, their ratio; MiB; processor seconds of the start.
Run, in the environment hf: `PYTHONPATH=. python tests/bench/bench_counting_hf.py [--sentences 200]`.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BART = {
    "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8,
    "decoder_attention_heads": 8, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "max_position_embeddings": 512,
}  # fmt: skip
SHAPES = {
    "marian": BART,
    "t5-gated": {"d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6, "d_kv": 64},
}
MEAN_LENGTH, LENGTH_SPREAD = 23, 0.45  # subwords without tag and </s>; log-normal, as in news text
ROUNDS = 5


def direction(port, sentences):
    """Return a task of random ids whose two sides have similar lengths."""
    rng = np.random.default_rng(0)
    sources = np.clip(rng.lognormal(np.log(MEAN_LENGTH), LENGTH_SPREAD, sentences).round(), 3, 150)
    targets = np.clip((sources * rng.lognormal(0, 0.2, sentences)).round(), 3, 200)
    pairs = [
        [rng.integers(4, 100, int(one)).tolist() for one in both]
        for both in zip(sources, targets, strict=True)
    ]
    return port.pairs("en-de", ("en", "de"), pairs)


def measure(case, folder, sentences, rounds):
    before = time.process_time()
    import torch

    from tests.unit.models.huggingface.folders import TAGS
    from workflow_scripts.activations.count_activations import (
        CPU_MAX_TOKENS,
        PIECES_PER_BATCH,
        batches_of,
        count_direction,
    )
    from workflow_scripts.models.huggingface.port import open_port

    torch.set_num_threads(1)
    port = open_port(folder, TAGS[case])
    started = time.process_time() - before
    task = direction(port, sentences)

    def plain():
        passes = ([batch] for batch in batches_of(task, port, CPU_MAX_TOKENS))
        for _ in port.run(passes, lambda _: None, CPU_MAX_TOKENS // PIECES_PER_BATCH):
            pass

    ways = {"plain": plain, "counting": lambda: count_direction(port, task)}
    seconds = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            before = time.process_time()
            run()
            if number:  # the first one fills caches
                seconds[name].append(time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "started": started, "peak": peak}


def in_a_process(case, folder, sentences, rounds):
    command = [sys.executable, __file__, "--case", case, "--folder", str(folder)]
    command += ["--sentences", str(sentences), "--rounds", str(rounds)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--case", choices=SHAPES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case, arguments.folder, arguments.sentences, arguments.rounds)))
        return
    from tests.unit.models.huggingface.folders import model_folder

    print(f"{'model':<10}{'plain':>8}{'counting':>10}{'ratio':>8}{'lowest':>8}{'highest':>9}{'start':>7}")
    with tempfile.TemporaryDirectory() as place:
        folders = {case: model_folder(case, Path(place) / case, **shape) for case, shape in SHAPES.items()}
        for case, folder in folders.items():
            found = in_a_process(case, folder, arguments.sentences, arguments.rounds)
            plain, counting = found["seconds"]["plain"], found["seconds"]["counting"]
            ratios = [one / other for one, other in zip(counting, plain, strict=True)]
            print(
                f"{case:<10}{statistics.median(plain):>8.1f}{statistics.median(counting):>10.1f}"
                f"{statistics.median(ratios):>8.3f}{min(ratios):>8.3f}{max(ratios):>9.3f}"
                f"{found['started']:>7.1f}",
                flush=True,
            )
        few, many = (
            in_a_process("marian", folders["marian"], number * arguments.sentences, 0)["peak"]
            for number in (1, 4)
        )
    print(f"peak MiB of {arguments.sentences} sentences {few:.0f}, of four times as many {many:.0f}")


if __name__ == "__main__":
    main()
