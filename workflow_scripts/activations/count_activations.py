"""Count how often each FFN neuron fires in each of some directions (Neuron Specialization, section 3).

A neuron fires where its activation is above zero, of gated FFNs the gate's, under teacher forcing; another
rule is a threshold (``units.activity``). Padding is not counted; ``--count-pads`` counts it and batches as
the published code does, where counts depend on the batching.
"""

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workflow_scripts.activations.sharing import directions_by_pass
from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.batch_progress import Progress
from workflow_scripts.models.port import Batches, Port, Task, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.activity import RELU, SIGN, Activation, Rule, facts, in_words, parse_rule
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder

# Positions of a CPU batch without pads: larger ones leave the cache. It changes counts by rounding alone.
CPU_MAX_TOKENS = 4096
PUBLISHED_MAX_TOKENS = 30000
# Decoder pieces are a part of their batch, to hold targets of similar length.
PIECES_PER_BATCH = 4
# Positions counted at a time. A count of so few ones is exact in float32; on the CPU they stay in the cache.
CPU_BLOCK, DEVICE_BLOCK = 256, 8192

logger = logging.getLogger(__name__)


class ActivationCounter:
    """Adds up, on the model's device, where neurons are active: ``counts`` is int64 [units]."""

    def __init__(
        self,
        space: UnitSpace,
        device: torch.device,
        count_pads: bool,
        rule: Rule = SIGN,
        activation: Activation = RELU,
    ) -> None:
        self.counts = torch.zeros(space.size, dtype=torch.int64, device=device)
        self.parts = {key: self.counts[part] for key, part in space.slices().items()}
        self.count_pads = count_pads
        self.threshold = rule.threshold
        self.is_zero_or_more = activation.is_zero_or_more
        self.block = CPU_BLOCK if device.type == "cpu" else DEVICE_BLOCK

    def __call__(self, group: UnitGroup, values: Tensor, real: Tensor) -> None:
        """Count one FFN's values [T, B, F, 1] at the positions where ``real`` [T, B], or at all of them."""
        if not values.is_contiguous():  # of a network that is batch first: its own order needs no copy
            values, real = values.transpose(0, 1), real.t()
        flat, counts = values.reshape(-1, group.size), self.parts[group.key]
        weights = real.reshape(-1).to(torch.float32)
        if self.count_pads:
            weights = torch.ones_like(weights)
        # A product with the 0/1 weights sums faster than a masked sum; both are whole, below 2**24.
        for start in range(0, len(flat), self.block):
            fires = self._fires(flat[start : start + self.block].to(torch.float32))
            counts += (weights[start : start + self.block] @ fires).to(torch.int64)

    def _fires(self, values: Tensor) -> Tensor:
        if self.threshold is not None:
            return (values.abs() > self.threshold).to(torch.float32)
        # After ReLU the sign is 0 or 1 and, unlike a comparison, is a float already: four times as fast on a
        # CPU. Other functions have negative values, too.
        fires = torch.sign(values)
        return fires if self.is_zero_or_more else fires.clamp_(min=0)


@dataclass(frozen=True)
class Tally:
    """What was run: sentences and positions; ``*_pads`` are positions of padding that were run."""

    sentences: int
    skipped_sentences: int
    source_positions: int
    target_positions: int
    source_pads: int
    target_pads: int
    max_tokens: int


@dataclass
class SideTally:
    """Positions of one side: all that were run, and those that are not padding."""

    ran: int = 0
    real: int = 0

    @property
    def pads(self) -> int:
        """Positions of padding that were run."""
        return self.ran - self.real


def batches_of(task: Task, port: Port, max_tokens: int) -> Batches:
    """Return a direction's batches for counting without pads: cut by the source alone."""
    return port.batches(task, _fitting(port, max_tokens), by_source=True)


def _fitting(port: Port, max_tokens: int) -> int:
    return min(max_tokens, CPU_MAX_TOKENS) if port.device.type == "cpu" else max_tokens


def count_direction(
    port: Port,
    task: Task,
    *,
    count_pads: bool = False,
    max_tokens: int = PUBLISHED_MAX_TOKENS,
    progress: Callable[[int, int, int], None] | None = None,
    rule: Rule = SIGN,
) -> tuple[Tensor, Tally]:
    """Return the counts, int64 [units] on the CPU, and what was run.

    ``task``: one direction of a subset, as the port opened it. ``count_pads``: count padding, in the
    published batches. ``max_tokens``: most padded positions of a batch. ``progress``: called after each batch
    with (batches done, batches, positions done). ``rule``: when a neuron is active. Raises RuntimeError if a
    layer's FFN was never seen.
    """
    if count_pads:
        batches = port.batches(task, max_tokens)
        return _count(port, [batches], None, max_tokens, progress, rule, count_pads=True)[0]
    return count_together(port, [batches_of(task, port, max_tokens)], max_tokens, progress, rule)[0]


def count_together(
    port: Port,
    batches: Sequence[Batches],
    max_tokens: int,
    progress: Callable[[int, int, int], None] | None = None,
    rule: Rule = SIGN,
) -> list[tuple[Tensor, Tally]]:
    """Return what ``count_direction`` returns without pads, to the bit, for directions with equal sources.
    ``batches``: ``batches_of`` each direction. The encoder runs and is counted once for all of them."""
    fitting = _fitting(port, max_tokens)
    return _count(port, batches, fitting // PIECES_PER_BATCH, fitting, progress, rule)


def _count(
    port: Port,
    batches: Sequence[Batches],
    piece_tokens: int | None,
    max_tokens: int,
    progress: Callable[[int, int, int], None] | None,
    rule: Rule,
    count_pads: bool = False,
) -> list[tuple[Tensor, Tally]]:
    space = port.space()
    # The encoder's counts, then each direction's decoder counts; a counter's other groups stay zero.
    more = count_pads, rule, port.activation
    encoder = ActivationCounter(space, port.device, *more)
    decoders = [ActivationCounter(space, port.device, *more) for _ in batches]
    source = SideTally()
    targets = [SideTally() for _ in batches]
    sentences = 0
    counter, tally = encoder, source

    def begin(direction: int | None) -> None:
        nonlocal counter, tally
        counter, tally = (encoder, source) if direction is None else (decoders[direction], targets[direction])

    def tap(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        counter(group, values, real)
        tally.ran += real.numel() if group.layer == 0 else 0

    passes = zip(*batches, strict=True)
    # By its sign a neuron is active where its gate is; a threshold is of what the second layer reads.
    with port.taps(space, tap, gate=rule.threshold is None, packed=not count_pads):
        for done, together in enumerate(port.run(passes, begin, piece_tokens), start=1):
            sentences += len(together[0])
            source.real += int(port.real(together[0], "encoder").sum())
            for target, batch in zip(targets, together, strict=True):
                target.real += int(port.real(batch, "decoder").sum())
            if progress is not None:
                progress(done, len(batches[0]), source.real + sum(target.real for target in targets))
    return [
        (
            (encoder.counts + decoder.counts).cpu(),
            Tally(sentences, own.skipped, source.real, target.real, source.pads, target.pads, max_tokens),
        )
        for decoder, target, own in zip(decoders, targets, batches, strict=True)
    ]


def score_table(
    system: SystemFolder,
    subset: str,
    task: Task,
    counts: Tensor,
    tally: Tally,
    count_pads: bool = False,
    rule: Rule = SIGN,
    activation: Activation = RELU,
) -> ScoreTable:
    """Return the counts of a task as a table of one row."""
    pads = f"pads counted, max_tokens {tally.max_tokens}" if count_pads else "pads excluded"
    metadata = {
        "counting": pads + in_words(rule, activation),
        **facts(rule, activation),
        "weights_sha256": system.weights_sha256_of(task.name),
        "subset": subset,
        "count_pads": count_pads,
        "data_sha256": data_sha256(task.files),
        **asdict(tally),
    }
    return ScoreTable([task.name], counts.reshape(1, -1).numpy(), system.space_of(["ffn"]), metadata)


def count_subset(
    system: SystemFolder,
    data_bin: Path,
    subset: str,
    directions: Sequence[str],
    *,
    count_pads: bool = False,
    max_tokens: int = PUBLISHED_MAX_TOKENS,
    progress: Callable[[str], Callable[[int, int, int], None]] | None = None,
    rule: str = SIGN.text,
) -> Iterator[ScoreTable]:
    """Count some directions of a subset under a system, on the GPU where there is one; yield their tables.

    Directions that read the same source share its encoder pass (``directions_by_pass``). ``data_bin``: their
    text, as the system's port reads it. ``progress``: of a direction, or the first one that shares, what is
    called as in ``count_direction``. Raises UserError for a direction that the system lacks or translates
    through a mask, for files that are missing, damaged or do not fit, and for a ``rule`` that says nothing of
    such neurons.
    """
    for direction in directions:
        system.check_whole(direction)
    port = load(system)
    by = parse_rule(rule, port.activation)
    tasks = {name: port.task(data_bin, subset, name) for name in directions}
    # With pads batches, and so counts, depend on the target: none is shared.
    batches = {} if count_pads else {n: batches_of(task, port, max_tokens) for n, task in tasks.items()}
    for together in directions_by_pass(system, tasks, batches) if batches else [[name] for name in tasks]:
        if len(together) > 1:
            logger.info(f"one encoder pass for {' '.join(together)}")
        more: dict[str, Any] = {"max_tokens": max_tokens, "rule": by}
        more["progress"] = progress(together[0]) if progress else None
        with port.direction(together[0]):
            counted = (
                count_together(port, [batches[name] for name in together], **more)
                if batches
                else [count_direction(port, tasks[together[0]], count_pads=True, **more)]
            )
        for name, (counts, tally) in zip(together, counted, strict=True):
            yield score_table(system, subset, tasks[name], counts, tally, count_pads, by, port.activation)


def main(argv: list[str] | None = None) -> None:
    """Count the directions and write a table for each."""
    parser = argparse.ArgumentParser(description="Count how often each FFN neuron fires in some directions.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--count-pads", action="store_true", help="count padding, as the published code does")
    parser.add_argument("--max-tokens", type=int, default=PUBLISHED_MAX_TOKENS)
    parser.add_argument("--rule", default=SIGN.text, help="when a neuron is active, as threshold:0.1")
    parser.add_argument("--out-root", type=Path, required=True, help="folder of DIRECTION.npz")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    tables = count_subset(
        SystemFolder.read(arguments.system),
        arguments.data_bin,
        arguments.subset,
        arguments.directions,
        count_pads=arguments.count_pads,
        max_tokens=arguments.max_tokens,
        progress=Progress,
        rule=arguments.rule,
    )
    for table in tables:
        table.write(arguments.out_root / f"{table.rows[0]}.npz")


if __name__ == "__main__":
    run_main(main)
