"""How much each unit matters to a direction: the gradient of its references' likelihood by the unit's gate.

A unit's values times their gradients are summed over a sentence's positions; its importance is the mean of
the absolute sums over target tokens (Michel et al. 2019).
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from workflow_scripts.activations.count_activations import data_sha256
from workflow_scripts.common.errors import run_main
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.score_table import IMPORTANCE, ScoreTable
from workflow_scripts.units.space import VALUED, UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder

MAX_TOKENS = 4096
ESTIMATOR = f"{IMPORTANCE}: absolute sum over a sentence's positions, per target token"


def importance(port: Port, batches: Batches, space: UnitSpace) -> tuple[Tensor, int]:
    """Return each unit's importance, float64 [units] on the CPU, and the number of target tokens."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    sums = torch.zeros(space.size, dtype=torch.float64)
    tokens = 0

    def keep(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        seen[group.key] = values, real

    with torch.enable_grad(), port.taps(space, keep):
        for batch in batches:
            nll, counted = port.loss(batch)
            tokens += int(counted.sum())
            gradients = torch.autograd.grad(nll.sum(), [values for values, _ in seen.values()])
            for (key, (values, real)), gradient in zip(seen.items(), gradients, strict=True):
                by_position = (values.detach() * gradient).sum(dim=-1) * real[..., None]
                by_sentence = by_position.sum(dim=0, dtype=torch.float64)
                sums[space.slice_of(key)] += by_sentence.abs().sum(dim=0).cpu()
    return sums / tokens, tokens


def score_subset(
    system: SystemFolder, data_bin: Path, subset: str, direction: str, kinds: list[str]
) -> ScoreTable:
    """Return the importance of a system's units in a direction, a table of one row."""
    system.check_whole(direction)
    port = load(system)
    space = port.space(kinds)
    task = port.task(data_bin, subset, direction)
    batches = port.batches(task, MAX_TOKENS)
    with port.direction(direction):
        scores, tokens = importance(port, batches, space)
    metadata = {
        "counting": ESTIMATOR,
        "weights_sha256": system.weights_sha256_of(direction),
        "subset": subset,
        "data_sha256": data_sha256(task.files),
        "sentences": sum(map(len, batches.lines)),
        "skipped_sentences": batches.skipped,
        "target_tokens": tokens,
    }
    return ScoreTable([direction], scores[None].numpy(), space, metadata)


def main(argv: list[str] | None = None) -> None:
    """Score one direction and write its table."""
    parser = argparse.ArgumentParser(description="How much each unit matters to a direction.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--units", nargs="+", choices=VALUED, default=["head"], help="kinds of units")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    system = SystemFolder.read(arguments.system)
    data = arguments.data_bin, arguments.subset, arguments.direction
    score_subset(system, *data, arguments.units).write(arguments.out)


if __name__ == "__main__":
    run_main(main)
