"""The adapters of a training: a row laid for each batch, all that an update may change."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from workflow_scripts.models.adapters import Adapters, Place, TrainedAdapters
from workflow_scripts.models.training.collectives import any_of_all
from workflow_scripts.models.training.held_rows import Rows, held_rows


class AdapterTraining:
    """The adapters that a network is trained with. ``adapters``: how they are laid."""

    def __init__(
        self,
        network: nn.Module,
        places: Mapping[str, Place],
        rows: Mapping[str, str],
        directions: Sequence[str],
    ) -> None:
        """Prepare the module ``adapters`` of a network, which has ``places``. ``rows``: direction -> row."""
        self._trained: TrainedAdapters = network.adapters
        self._rows = [rows[direction] for direction in directions]
        self.adapters = Adapters(network, places, self._trained.rows())
        self._updated = torch.zeros(len(self._trained.names), dtype=torch.bool)

    def begin_update(self) -> None:
        """Forget the batches before."""
        self._updated.zero_()

    def select(self, number: int) -> None:
        """Lay the row of a batch's direction on the network."""
        if number < 0:
            raise RuntimeError("a network with adapters was given a batch of several directions")
        self.adapters.select(self._rows[number])

    def learn(self, number: int) -> None:
        """Take note that the update has gradients of a direction."""
        self._updated[self._trained.names.index(self._rows[number])] = True

    def holding(self, optimizer: Any) -> AbstractContextManager[None]:
        """Return a block in which the optimiser's step leaves alone the rows of adapters that no batch used.
        They have no gradient, which is enough for Adam; but in half precision fairseq makes it zero."""
        if not hasattr(optimizer, "fp16_params"):
            return nullcontext()
        moved = any_of_all(self._updated).tolist()
        still = [one for one, moves in zip(self._trained, moved, strict=True) if not moves]
        parameters = [parameter for row in still for parameter in row.values()]
        held = {parameter: Rows(torch.ones(len(parameter)).bool()) for parameter in parameters}
        return held_rows(optimizer, held)
