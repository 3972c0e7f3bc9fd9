"""How much each unit matters to a direction: the gradient of its references' likelihood by the unit's gate.

A unit's values times their gradients, summed over its width, are its slope at a position: how much the loss
rises with the unit. Three estimators of one pass (Michel et al. 2019, and the code that followed):

- ``importance``: the absolute value of each sentence's sum over positions, per target token;
- ``importance_token``: the absolute value at each position, per token of the unit's stack;
- ``importance_signed``: minus the sum over all positions, per token of the unit's stack: to first order, how
  much the loss rises where the unit is removed. Negative: the unit does harm.

Tokens of the encoder's stack are the positions that it reads, of the decoder's those that the loss counts.
``importance`` is divided by target tokens in both stacks, as it has been from the first version.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.errors import run_main
from workflow_scripts.common.files import data_sha256
from workflow_scripts.models.port import Batches, Port, load
from workflow_scripts.models.progress_log import log_to_stderr
from workflow_scripts.units.score_table import (
    IMPORTANCE,
    IMPORTANCE_SIGNED,
    IMPORTANCE_TOKEN,
    IMPORTANCES,
    ScoreTable,
)
from workflow_scripts.units.space import VALUED, UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder

MAX_TOKENS = 4096
#: What each estimator's file says of itself.
COUNTING = {
    IMPORTANCE: f"{IMPORTANCE}: absolute sum over a sentence's positions, per target token",
    IMPORTANCE_TOKEN: f"{IMPORTANCE_TOKEN}: absolute value at each position, per token of the unit's stack",
    IMPORTANCE_SIGNED: f"{IMPORTANCE_SIGNED}: minus the sum over positions, per token of the unit's stack",
}


def slopes(values: Tensor, gradient: Tensor, real: Tensor) -> Tensor:
    """Return the sums of one batch, float64 [estimators, units], in the order of ``IMPORTANCES``.

    ``values`` and their ``gradient`` by the summed loss: [T, B, units, width]. ``real``: [T, B], False at
    padding.
    """
    by_position = (values.detach() * gradient).sum(dim=-1) * real[..., None]
    by_sentence = by_position.sum(dim=0, dtype=torch.float64)
    by_token = by_position.abs().sum(dim=(0, 1), dtype=torch.float64)
    return torch.stack([by_sentence.abs().sum(dim=0), by_token, -by_sentence.sum(dim=0)])


@dataclass(frozen=True)
class Importances:
    """Sums over all sentences of a text, float64 [estimators, units] on the CPU, and its tokens."""

    sums: Tensor
    space: UnitSpace
    source_tokens: int
    target_tokens: int

    def per_token(self, estimator: str) -> NDArray[np.float64]:
        """Return one estimator of every unit, float64 [units], per token of the unit's stack."""
        tokens = {"encoder": self.source_tokens, "decoder": self.target_tokens}
        sizes = [group.size for group in self.space.groups]
        by_unit = np.repeat([float(tokens[group.stack]) for group in self.space.groups], sizes)
        found: NDArray[np.float64] = self.sums[IMPORTANCES.index(estimator)].numpy() / by_unit
        return found

    def scores(self, estimator: str) -> NDArray[np.float64]:
        """Return what the file of an estimator has, float64 [units]."""
        if estimator == IMPORTANCE:
            return np.asarray((self.sums[IMPORTANCES.index(estimator)] / self.target_tokens).numpy())
        return self.per_token(estimator)


def importances(port: Port, batches: Batches, space: UnitSpace) -> Importances:
    """Return every estimator of each unit's importance, of one forward and backward pass over a text."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    sums = torch.zeros(len(IMPORTANCES), space.size, dtype=torch.float64)
    source_tokens = target_tokens = 0

    def keep(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        seen[group.key] = values, real

    with torch.enable_grad(), port.taps(space, keep):
        for batch in batches:
            nll, counted = port.loss(batch)
            target_tokens += int(counted.sum())
            source_tokens += int(port.real(batch, "encoder").sum())
            gradients = torch.autograd.grad(nll.sum(), [values for values, _ in seen.values()])
            for (key, (values, real)), gradient in zip(seen.items(), gradients, strict=True):
                sums[:, space.slice_of(key)] += slopes(values, gradient, real).cpu()
    return Importances(sums, space, source_tokens, target_tokens)


def importance(port: Port, batches: Batches, space: UnitSpace) -> tuple[Tensor, int]:
    """Return each unit's ``importance``, float64 [units] on the CPU, and the number of target tokens."""
    found = importances(port, batches, space)
    return torch.from_numpy(found.scores(IMPORTANCE)), found.target_tokens


def score_subset(
    system: SystemFolder, data_bin: Path, subset: str, direction: str, kinds: list[str]
) -> Mapping[str, ScoreTable]:
    """Return the importance of a system's units in a direction: estimator → a table of one row."""
    system.check_whole(direction)
    port = load(system)
    space = port.space(kinds)
    task = port.task(data_bin, subset, direction)
    batches = port.batches(task, MAX_TOKENS)
    with port.direction(direction):
        found = importances(port, batches, space)
    facts = {
        "weights_sha256": system.weights_sha256_of(direction),
        "subset": subset,
        "data_sha256": data_sha256(task.files),
        "sentences": sum(map(len, batches.lines)),
        "skipped_sentences": batches.skipped,
        "target_tokens": found.target_tokens,
    }
    own = {"source_tokens": found.source_tokens}
    return {
        name: ScoreTable(
            [direction],
            found.scores(name)[None],
            space,
            {"counting": COUNTING[name], **facts, **({} if name == IMPORTANCE else own)},
        )
        for name in IMPORTANCES
    }


def main(argv: list[str] | None = None) -> None:
    """Score one direction and write a table for each estimator that is asked for."""
    parser = argparse.ArgumentParser(description="How much each unit matters to a direction.")
    parser.add_argument("--system", type=Path, required=True, help="system folder")
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--direction", required=True)
    parser.add_argument("--units", nargs="+", choices=VALUED, default=["head"], help="kinds of units")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--out-token", type=Path, help="file of importance_token")
    parser.add_argument("--out-signed", type=Path, help="file of importance_signed")
    arguments = parser.parse_args(argv)
    log_to_stderr()
    system = SystemFolder.read(arguments.system)
    data = arguments.data_bin, arguments.subset, arguments.direction
    tables = score_subset(system, *data, arguments.units)
    outputs = arguments.out, arguments.out_token, arguments.out_signed
    for name, path in zip(IMPORTANCES, outputs, strict=True):
        if path is not None:
            tables[name].write(path)


if __name__ == "__main__":
    run_main(main)
