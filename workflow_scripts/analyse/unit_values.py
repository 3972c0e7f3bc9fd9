"""Values of units position by position: what probes and correlations read of a model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.models.port import Port
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace


@dataclass(frozen=True)
class Values:
    """The n real positions of one batch, sentence by sentence. ``lines`` [n]: the line of the text.
    ``positions`` [n]: the place in its sentence, from 0, markers included. ``tokens`` [n]: the id that the
    stack reads there. ``units``: float32 [n, units], on the model's device; of a head its output's length."""

    lines: NDArray[np.int64]
    positions: NDArray[np.int64]
    tokens: NDArray[np.int64]
    units: Tensor


def unit_values(port: Port, batches: Iterable[Any], space: UnitSpace) -> Iterator[Values]:
    """Yield the values of a space's units in each batch, of one stack: each has its own positions.

    Equal texts give equal positions in the same order for every model whose batches are cut alike. Lay masks
    by entering ``port.direction`` around the loop. Raises ValueError for a space of both stacks.
    """
    stacks: set[Stack] = {group.stack for group in space.groups}
    if len(stacks) != 1:
        raise ValueError(f"units of one stack at a time, not of {' and '.join(sorted(stacks))}")
    (stack,) = stacks
    seen: dict[str, Tensor] = {}
    real = torch.empty(0)

    def tap(group: UnitGroup, values: Tensor, mask: Tensor) -> None:
        nonlocal real
        real = mask
        one = values.squeeze(-1) if values.shape[-1] == 1 else torch.linalg.vector_norm(values, dim=-1)
        seen[group.key] = one.float()

    with port.taps(space, tap):
        for (batch,) in port.run(([batch] for batch in batches), lambda _: None):
            # [T, B] -> sentence by sentence.
            there = real.t()
            sentence, position = there.nonzero(as_tuple=True)
            first = there.int().argmax(dim=1)
            units = torch.cat([seen[key].transpose(0, 1)[there] for key in space.keys], dim=1)
            yield Values(
                batch.lines[sentence.cpu()].numpy(),
                (position - first[sentence]).cpu().numpy(),
                port.tokens(batch, stack).t()[there.cpu()].numpy(),
                units,
            )
