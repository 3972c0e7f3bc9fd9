"""The masks of a training: laid for each batch, and what an update may change under them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.gates import Gates
from workflow_scripts.models.fairseq.sites import sites_of
from workflow_scripts.models.fairseq.training.collectives import any_of_all
from workflow_scripts.models.fairseq.training.held_rows import held_rows
from workflow_scripts.units.mask_table import MaskTable


def rows_without(
    network: nn.Module, masks: MaskTable, directions: Iterable[str]
) -> dict[nn.Parameter, Tensor]:
    """Return the rows of the first weights that none of these directions keeps: weight → bool [units]."""
    kept = torch.zeros(masks.space.size, dtype=torch.bool)
    for direction in directions:
        kept |= torch.from_numpy(masks.row(direction))
    found: dict[nn.Parameter, Tensor] = {}
    for site, part in zip(sites_of(network, masks.space), masks.space.slices().values(), strict=True):
        if site.rows is not None and not kept[part].all():
            weight = dict(site.rows.named_parameters())["weight"]
            found[weight] = ~kept[part].to(weight.device)
    return found


class MaskedTraining:
    """The masks that a network is trained under. ``masks``: those in use, ``gates``: how they are laid."""

    def __init__(
        self, network: nn.Module, masks: MaskTable, directions: Sequence[str], method: Mapping[str, Any]
    ) -> None:
        """Prepare them; UserError if a direction has no row. ``method``: of the plan."""
        if missing := [direction for direction in directions if direction not in masks.rows]:
            raise UserError(f"{masks.origin} has no row for direction {missing[0]}; it has {masks.rows}")
        self.directions = tuple(directions)
        self._network, self._method = network, method
        self._updated = torch.zeros(len(self.directions), dtype=torch.bool)
        self._use(masks)

    def _use(self, masks: MaskTable) -> None:
        self.masks = masks
        whole = {"ffn": "gradient"} if self._method.get("train") == "gradients" else None
        self.gates = Gates(self._network, masks, whole)

    def begin_update(self) -> None:
        """Forget the batches before, of an update that was made or skipped."""
        self._updated.zero_()

    def select(self, number: int) -> None:
        """Lay the row of a batch's direction on the network."""
        if number < 0:
            raise RuntimeError("a masked network was given a batch of several directions")
        self.gates.select(self.directions[number])

    def learn(self, number: int) -> None:
        """Take note that the update has gradients of a direction."""
        self._updated[number] = True

    def holding(self, optimizer: Any) -> AbstractContextManager[None]:
        """Return a block in which the optimiser's step leaves alone what may not move: with ``momentum: own``
        rows of the first weights that no direction of the update keeps, with ``train: gradients`` those that
        no direction at all keeps."""
        if self._method.get("momentum") == "own":
            moving = any_of_all(self._updated)
        elif self._method.get("train") == "gradients":
            moving = torch.ones_like(self._updated)
        else:
            return nullcontext()
        names = [name for name, moves in zip(self.directions, moving.tolist(), strict=True) if moves]
        return held_rows(optimizer, rows_without(self._network, self.masks, names))
