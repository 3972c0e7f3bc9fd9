"""The mean magnitude of each FFN neuron in one direction, under teacher forcing: of the values that the
second layer reads, at all positions that are not padding."""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from workflow_scripts.activations.count_activations import batches_of
from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.batch_progress import Progress
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.activity import MAGNITUDE as RULE
from workflow_scripts.units.activity import facts
from workflow_scripts.units.score_table import MAGNITUDE, ScoreTable
from workflow_scripts.units.space import STACKS, UnitGroup
from workflow_scripts.units.system import SystemFolder

MAX_TOKENS = 4096
ESTIMATOR = f"{MAGNITUDE}: mean absolute value over positions, pads excluded"


def magnitude(
    port: Port, batches: Batches, progress: Progress | None = None
) -> tuple[Tensor, dict[str, int]]:
    """Return each neuron's mean magnitude, float64 [units] on the CPU, and the positions of each stack."""
    space = port.space()
    sums = torch.zeros(space.size, dtype=torch.float64, device=port.device)
    seen = dict.fromkeys(space.keys, 0)

    def add(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        weights = real.reshape(-1).to(values.dtype)
        sums[space.slice_of(group.key)] += (weights @ values.reshape(-1, group.size).abs()).double()
        seen[group.key] += int(real.sum())

    with port.taps(space, add):
        for done, _ in enumerate(port.run(([batch] for batch in batches), lambda _: None), start=1):
            if progress is not None:
                progress(done, len(batches), sum(seen.values()) // len(seen))
    for key, span in space.slices().items():
        sums[span] /= seen[key]
    first = {group.stack: seen[group.key] for group in reversed(space.groups)}
    return sums.cpu(), {stack: first.get(stack, 0) for stack in STACKS}


def score_subset(system: SystemFolder, data_bin: Path, subset: str, direction: str) -> ScoreTable:
    """Return the mean magnitudes of a system's neurons in a direction, a table of one row."""
    system.check_whole(direction)
    port = load(system)
    task = port.task(data_bin, subset, direction)
    batches = batches_of(task, port, MAX_TOKENS)
    scores, positions = magnitude(port, batches, Progress(direction))
    metadata = {
        "counting": ESTIMATOR,
        **facts(RULE, port.activation),
        "weights_sha256": system.weights_sha256,
        "subset": subset,
        "data_sha256": data_sha256(task.files),
        "sentences": sum(map(len, batches.lines)),
        "skipped_sentences": batches.skipped,
        **{f"{stack}_positions": number for stack, number in positions.items()},
    }
    return ScoreTable([direction], scores[None].numpy(), port.space(), metadata)


def main(argv: list[str] | None = None) -> None:
    """Score one direction and write its table."""
    parser = argparse.ArgumentParser(description="The mean magnitude of each FFN neuron in one direction.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    log_to_stderr()
    system = SystemFolder.read(arguments.system)
    score_subset(system, arguments.data_bin, arguments.subset, arguments.direction).write(arguments.out)


if __name__ == "__main__":
    run_main(main)
