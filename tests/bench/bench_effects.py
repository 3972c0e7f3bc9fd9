"""Ablation curves and effect matrices against the forward passes that remain of them.

What: one direction of two model sizes with random weights, float32, vocabulary 8,000, one thread, in one
process, turn by turn. Curves of both stacks and of the decoder alone: three sizes, a score and five draws,
removed and kept. Matrix: the decoder units of eight languages off, two sizes, two criteria and five draws.
The passes that remain: as many encoder passes, and decoder passes with loss, without any mask, over batches
that are made already. Encoder: how many of these passes are the encoder's, and its share of their seconds:
more than directions with the same sources could save by sharing it. One by one: encoder and decoder run under
each mask. Start-up and loading come on top.
Outputs: a table of processor seconds, the median over repeats, and ratios; the target is at most 1.1.
Run, in the fairseq environment: `PYTHONPATH=. python tests/bench/bench_effects.py [--sentences 60]`.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from tests.bench.bench_count_encoder import SIZES
from tests.bench.bench_importance import seconds
from tests.bench.made_text import VOCABULARY, write_data
from workflow_scripts.analyse.effects.ablation import intervention, sets_of
from workflow_scripts.analyse.effects.language_units import drawn
from workflow_scripts.analyse.effects.material import sizes_of
from workflow_scripts.analyse.effects.matrices import Chosen
from workflow_scripts.analyse.losses import MAX_TOKENS, sentence_losses
from workflow_scripts.models.fairseq.batches import direction_dataset
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.port import FairseqPort
from workflow_scripts.models.port import Batches, Intervention
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import STACKS

TARGET = 1.1
CURVE = ["1%", "5%", "20%"]
LANGUAGES = [f"l{number}" for number in range(8)]


def curves(port: FairseqPort, stacks: Sequence[str]) -> MaskTable:
    space = port.space()
    scores = np.random.default_rng(1).random((1, space.size))
    table = ScoreTable(["xx-yy"], scores, space, {})
    return sets_of({"activations": table}, "xx-yy", CURVE, 5, 1, stacks).masks()


def matrix(port: FairseqPort) -> MaskTable:
    space = port.space().part(stacks=["decoder"])
    keep = {
        (f"random-{draw}", size): drawn(LANGUAGES, selector, space, draw, 1)
        for draw in range(1, 8)
        for size, selector in sizes_of(["1%", "5%"], space).items()
    }
    return Chosen(space, keep, {}).masks(LANGUAGES)


def passes(port: FairseqPort, batches: Sequence[object], encoders: int, decoders: int) -> None:
    """Run so many encoder and decoder passes of each batch."""
    with torch.inference_mode():
        for batch in batches:
            for _ in range(encoders):
                encoded = port.encode(batch)
            for _ in range(decoders):
                port.loss(batch, count_language_tag=True, encoded=encoded)


def one_by_one(port: FairseqPort, gates: Intervention, batches: Batches, rows: Sequence[str | None]) -> None:
    """Run encoder and decoder under each row."""
    with torch.inference_mode():
        for batch in batches:
            for row in rows:
                if row is None:
                    port.loss(batch, count_language_tag=True)
                    continue
                with gates.use(row):
                    port.loss(batch, count_language_tag=True)


def measure(
    port: FairseqPort, table: MaskTable, batches: Batches, repeats: int
) -> tuple[int, int, list[float]]:
    """Return the passes of the encoder and of the decoder that remain, and the median processor seconds of
    both, of those of the encoder alone, of the whole, and of one by one."""
    gates = intervention(port, table, None)
    rows = [None, *table.rows]
    parts = {(gates.left_out(row, "encoder"), gates.left_out(row, "decoder")) for row in table.rows}
    parts.add((b"", b""))
    encoders, made = len({encoder for encoder, _ in parts}), list(batches)
    took: list[list[float]] = [[], [], [], []]
    for _ in range(repeats + 1):
        took[0].append(seconds(lambda: passes(port, made, encoders, len(parts))))
        took[1].append(seconds(lambda: passes(port, made, encoders, 0)))
        took[2].append(seconds(lambda: sentence_losses(port, gates, batches, rows)))
        took[3].append(seconds(lambda: one_by_one(port, gates, batches, rows)))
    # The first turn warms up.
    return encoders, len(parts), [statistics.median(one[1:]) for one in took]


def main() -> None:
    """Measure the curves and the matrix of each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    heads = f"{'remain':>9}{'encoder':>17}{'whole':>9}{'ratio':>7}{'one by one':>12}{'saved':>7}"
    print(f"{'model':<24}{'what':<18}{heads}")
    for name, shape in [*SIZES.items()][:2]:
        port = FairseqPort(build_network(shape, len(VOCABULARY)).eval(), VOCABULARY)
        with tempfile.TemporaryDirectory() as folder:
            write_data(Path(folder), arguments.sentences)
            batches = port.batches(direction_dataset(folder, "valid", "xx-yy", VOCABULARY), MAX_TOKENS)
            tables = {
                "curves": curves(port, STACKS),
                "curves, decoder": curves(port, ["decoder"]),
                "matrix, decoder": matrix(port),
            }
            for what, table in tables.items():
                encoders, decoders, took = measure(port, table, batches, arguments.repeats)
                remain, encoding, whole, apart = took
                over = "" if whole <= TARGET * remain else f"  above {TARGET}"
                of_encoder = f"{encoders} of {encoders + decoders}, {encoding / remain:.1%}"
                print(
                    f"{name:<24}{what:<18}{remain:>9.2f}{of_encoder:>17}{whole:>9.2f}{whole / remain:>7.2f}"
                    f"{apart:>12.2f}{1 - whole / apart:>7.0%}{over}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
