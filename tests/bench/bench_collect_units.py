"""Collecting the values of units for words, beside the forward passes alone.

What: the decoder of a model of 512/4096 and 6+6 layers (random weights, float32, vocabulary 8,000): 24,576
neurons at the words of random sentences of realistic lengths, each of two pieces. The passes alone run the
same batches without reading a value. Each way runs in a process of its own, so that peak memory is its own.
Outputs: seconds, processor seconds, peak memory, bytes written; the ratio of processor seconds.
Run, in the fairseq environment: `PYTHONPATH=. python -m tests.bench.bench_collect_units [--sentences 500]`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext

import numpy as np
import torch

from tests.bench.made_text import LENGTH_SPREAD, MEAN_LENGTH, VOCABULARY
from workflow_scripts.analyse.probes.collect_units import Wanted, collect
from workflow_scripts.analyse.probes.parts import Part, batch_tokens
from workflow_scripts.common.labelled_text import LabelledLine, LabelledWord
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.port import Laid
from workflow_scripts.units.architecture import Architecture

ARCHITECTURE = Architecture(encoder_layers=6, decoder_layers=6, model_dim=512, ffn_dim=4096, heads=8)
WAYS = ("passes", "collected")


class WholePort(FairseqPort):
    """A network without a system: no direction has anything of its own."""

    def direction(self, name, masks=None):
        return Laid(nullcontext)


def lines_of(sentences: int, seed: int = 0) -> list[LabelledLine]:
    """Sentences of random pieces; a word is two of them."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(MEAN_LENGTH), LENGTH_SPREAD, sentences).round(), 3, 150).astype(
        int
    )
    return [
        LabelledLine(
            number,
            [f"p{piece}" for piece in rng.integers(0, 8000, length)],
            [LabelledWord("w", first, first + 2, {"tag": "X"}) for first in range(0, int(length) - 1, 2)],
        )
        for number, length in enumerate(lengths)
    ]


def run_one(way: str, sentences: int, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    port = WholePort(build_network(ARCHITECTURE, len(VOCABULARY)).eval(), VOCABULARY)
    space = port.space().part(stacks=["decoder"])
    lines = lines_of(sentences)
    ids = [VOCABULARY.encode(line.pieces) for line in lines]
    task = port.pairs("xx-yy", ("xx", "yy"), list(zip(ids, ids, strict=True)))
    part = Part("xx-yy", port.batches(task, batch_tokens(space.size)), lines, ids)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, processor = time.perf_counter(), time.process_time()
    written = 0
    if way == "passes":
        for _ in port.run(([batch] for batch in part.batches), lambda _: None):
            pass
    else:
        with tempfile.TemporaryFile() as handle:
            collect(port, [part], space, Wanted(), handle)
            written = handle.seek(0, 2)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "processor_seconds": time.process_time() - processor,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "mib_before": before / 1024,
                "mib_written": written / 2**20,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--way", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.way:
        run_one(arguments.way, arguments.sentences, arguments.threads)
        return
    found = {}
    for way in WAYS:
        words = ["--way", way, "--sentences", str(arguments.sentences), "--threads", str(arguments.threads)]
        command = [sys.executable, "-m", "tests.bench.bench_collect_units", *words]
        found[way] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        shown = ", ".join(f"{name} {value:.1f}" for name, value in found[way].items())
        print(f"{way}: {shown}")
    ratio = found["collected"]["processor_seconds"] / found["passes"]["processor_seconds"]
    print(f"processor seconds of collecting, by those of the passes alone: {ratio:.2f}")


if __name__ == "__main__":
    main()
