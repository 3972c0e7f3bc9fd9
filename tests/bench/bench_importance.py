"""Importance of heads against an ordinary forward and backward pass over the same batches.

What: one direction of three model sizes with random weights, float32, vocabulary 8,000, one thread, in one
process, turn by turn. Ordinary: the loss of the references and the gradient of every parameter, as a training
has them, with nothing else of an update. Importance: all three estimators of every head, in the same pass.
Outputs: a table of processor seconds, the median over repeats, and the ratio; the target is at most 1.3.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_importance.py [--sentences 200]`.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from tests.bench.bench_count_encoder import SIZES
from tests.bench.made_text import VOCABULARY, write_data
from workflow_scripts.activations.score_importance import MAX_TOKENS, importances
from workflow_scripts.models.fairseq.batches import direction_dataset
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.port import Batches

#: Of the importance of heads, in ordinary forward and backward passes.
TARGET = 1.3


def ordinary(port: FairseqPort, batches: Batches) -> None:
    """Run forward and backward, into the gradients of the parameters."""
    for batch in batches:
        port.network.zero_grad(set_to_none=True)
        port.loss(batch)[0].sum().backward()


def seconds(run: Callable[[], object]) -> float:
    """Return the processor seconds of a call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def measure(port: FairseqPort, sentences: int, repeats: int) -> tuple[float, float]:
    """Return the median processor seconds of both ways, run in turn."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder), sentences)
        batches = port.batches(direction_dataset(folder, "valid", "xx-yy", VOCABULARY), MAX_TOKENS)
        space = port.space(["head"])
        plain, scored = [], []
        for _ in range(repeats + 1):
            plain.append(seconds(lambda: ordinary(port, batches)))
            scored.append(seconds(lambda: importances(port, batches, space)))
    # The first turn warms up.
    return statistics.median(plain[1:]), statistics.median(scored[1:])


def main() -> None:
    """Measure every size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{'model':<24}{'ordinary':>12}{'importance':>12}{'ratio':>8}")
    for name, shape in SIZES.items():
        port = FairseqPort(build_network(shape, len(VOCABULARY)).eval(), VOCABULARY)
        plain, scored = measure(port, arguments.sentences, arguments.repeats)
        over = "" if scored <= TARGET * plain else f"  above {TARGET}"
        print(f"{name:<24}{plain:>12.2f}{scored:>12.2f}{scored / plain:>8.2f}{over}", flush=True)


if __name__ == "__main__":
    main()
