"""Cross-model correlation of one large layer: seconds and peak memory, as Markdown on stdout.

Two models of ``--units`` neurons (ReLU of noise, a tenth of them shared), ``--tokens`` tokens in blocks as
reading cuts them, a fifth held out, five draws by chance. Values are made before the clock starts, so that
the models' own forward passes are not in it. Each choice of forms runs in a process of its own.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_correlation.py [--units 4096]`.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import torch

from workflow_scripts.analyse.correlation.compare import WHOLE
from workflow_scripts.analyse.correlation.figures import FORMS, anchors, figures
from workflow_scripts.analyse.correlation.reading import BLOCK_TOKENS, HELD_OUT
from workflow_scripts.analyse.correlation.sums import Sums

CHOICES = (("max", "min"), FORMS)
DRAWS = 5


def block(units: int, generator: torch.Generator) -> list[torch.Tensor]:
    """Shifted values of a block of tokens, of two models."""
    shared = torch.randn(BLOCK_TOKENS, units // 10, generator=generator)
    values = [torch.randn(BLOCK_TOKENS, units, generator=generator) for _ in range(2)]
    for one in values:
        one[:, : units // 10] += 2 * shared
    return [one.relu() - 0.4 for one in values]


def run_one(forms: list[str], units: int, tokens: int, threads: int) -> None:
    torch.set_num_threads(threads)
    generator, draw = torch.Generator().manual_seed(1), np.random.default_rng(1)
    # The same few blocks again and again: what they hold changes no time.
    made = [block(units, generator) for _ in range(2)]
    blocks = -(-tokens // BLOCK_TOKENS)
    parts = [Sums(anchors(2, DRAWS), bool(WHOLE & set(forms))) for _ in range(2)]
    start, processor = time.perf_counter(), time.process_time()
    for number in range(blocks):
        orders = [torch.from_numpy(draw.permutation(BLOCK_TOKENS)) for _ in range(DRAWS)]
        parts[number >= (1 - HELD_OUT) * blocks].add(made[number % 2], orders)
    summed = time.perf_counter() - start
    figures(*parts, forms)
    found = {
        "sums": summed,
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - processor,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=4096)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--forms", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.forms:
        run_one(arguments.forms, arguments.units, arguments.tokens, arguments.threads)
        return
    print(f"{arguments.units} × {arguments.units} units, {arguments.tokens} tokens, {DRAWS} draws by chance,")
    print(f"{arguments.threads} threads, torch {torch.__version__}\n")
    print("| forms | seconds | of these sums | processor seconds | peak MiB |\n|---|---:|---:|---:|---:|")
    for forms in CHOICES:
        words = ["--units", arguments.units, "--tokens", arguments.tokens, "--threads", arguments.threads]
        command = [sys.executable, __file__, "--forms", *forms, *map(str, words)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = json.loads(output.splitlines()[-1])
        cells = (found[name] for name in ("seconds", "sums", "processor_seconds", "peak_mib"))
        print(f"| {', '.join(forms)} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")


if __name__ == "__main__":
    main()
