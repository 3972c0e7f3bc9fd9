"""The masks of a training: laid for each batch, and what an update may change under them."""

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.sites import Site, sites_of
from workflow_scripts.models.training.collectives import any_of_all, tensor_from_rank_0
from workflow_scripts.models.training.held_rows import Rows, held_rows
from workflow_scripts.units.mask_table import RENEWED, MaskTable
from workflow_scripts.units.space import UnitSpace
from workflow_scripts.units.uninformative import ACCEPTED

logger = logging.getLogger(__name__)

#: Of a network without gates, in eval mode, and masks: the units that each direction keeps now, bool, and
#: more facts of their manifest.
Select = Callable[[nn.Module, MaskTable], tuple[NDArray[np.bool_], dict[str, Any]]]


class OwnRows(NamedTuple):
    """Rows of a parameter that are units' own: ``units``, flat ids; ``width`` rows of each. ``dim`` 1:
    columns."""

    parameter: nn.Parameter
    units: slice
    width: int
    dim: int


def own_rows(sites: Mapping[str, Site], space: UnitSpace, method: Mapping[str, Any]) -> list[OwnRows]:
    """Return the rows of the trained parameters that the units of a space have of their own: of FFN neurons
    rows of the first weight, of heads what ``head_weights`` of the method says. ``sites``: the network's."""
    outputs = method.get("head_weights") == "qkvo"
    found = []
    for site, part in zip(sites_of(sites, space), space.slices().values(), strict=True):
        for one in site.learned(outputs):
            parameters = dict(one.linear.named_parameters(recurse=False))
            found.append(OwnRows(parameters["weight"], part, one.width, int(one.columns)))
            if one.bias and "bias" in parameters:
                found.append(OwnRows(parameters["bias"], part, one.width, 0))
    return [one for one in found if one.parameter.requires_grad]


def rows_without(
    own: Iterable[OwnRows], masks: MaskTable, directions: Iterable[str]
) -> dict[nn.Parameter, Rows]:
    """Return which of units' ``own`` rows are of units that none of these directions keeps; a parameter
    without any is left out."""
    kept = torch.zeros(masks.space.size, dtype=torch.bool)
    for direction in directions:
        kept |= torch.from_numpy(masks.row(direction))
    return {
        one.parameter: Rows((~kept[one.units]).repeat_interleave(one.width).to(one.parameter.device), one.dim)
        for one in own
        if not kept[one.units].all()
    }


def masks_of_state(masks: MaskTable, directions: Sequence[str], state: Mapping[str, Any] | None) -> MaskTable:
    """Return the masks in use when a checkpoint was written. ``masks``: those that the training began with;
    ``state``: of ``MaskedTraining.state``."""
    if state is None or not state["renewed"]:
        return masks
    # What was accepted of the first masks' scores says nothing of these.
    first = {name: value for name, value in masks.manifest.items() if name != ACCEPTED}
    facts = {**first, **state["noted"], RENEWED: state["renewed"]}
    return MaskTable(directions, state["bits"].numpy(), masks.space, facts, masks.origin)


class MaskedTraining:
    """The masks that a network is trained under. ``masks``: those in use, ``gates``: how they are laid."""

    def __init__(
        self,
        network: nn.Module,
        sites: Mapping[str, Site],
        masks: MaskTable,
        directions: Sequence[str],
        method: Mapping[str, Any],
        slices: bool,
    ) -> None:
        """Prepare them; UserError if a direction has no row. ``sites``: the network's. ``method``: of the
        plan. ``slices``: see ``Gates``."""
        if missing := [direction for direction in directions if direction not in masks.rows]:
            raise UserError(f"{masks.origin} has no row for direction {missing[0]}; it has {masks.rows}")
        self.directions = tuple(directions)
        self._network, self._sites = network, sites
        self._first, self._method = masks, method
        # LoRA changes the layers' own products.
        self._slices = slices and "adapters" not in method
        self._updated = torch.zeros(len(self.directions), dtype=torch.bool)
        self._renewed, self._noted = 0, dict[str, Any]()
        self._use(masks)

    def _use(self, masks: MaskTable) -> None:
        self.masks = masks
        whole: dict[str, str] | None = None
        if self._method.get("train") == "gradients":
            of_head = "gradient_qkvo" if self._method.get("head_weights") == "qkvo" else "gradient"
            whole = {kind: of_head if kind == "head" else "gradient" for kind in masks.space.kinds}
        sites = sites_of(self._sites, masks.space)
        self.gates = Gates(self._network, sites, masks, whole, slices=self._slices)
        self._own = own_rows(self._sites, masks.space, self._method)

    def begin_update(self, updates: int, select: Select) -> None:
        """Called before the batches of an update, after so many ``updates``: forget the batches before, and
        make the masks again if that is due (``renew``). ``select``: of a network and masks, new ones."""
        self._updated.zero_()
        every = self._method.get("renew")
        if every and updates % every == 0 and updates > self._renewed:
            self._renew(updates, select)

    def _renew(self, updates: int, select: Select) -> None:
        # Not at the end of the update before, whose checkpoint has the masks that it was validated under.
        before = self._bits()
        self.gates.clear()
        bits, noted = before, dict[str, Any]()
        if not (distributed.is_initialized() and distributed.get_rank()):
            # A copy: what the network keeps from a pass without gradients must not come into a training.
            plain = copy.deepcopy(self._network).float().eval()
            keep, noted = select(plain, self._first)
            bits = torch.from_numpy(np.packbits(keep, axis=1))
        self.load({"bits": tensor_from_rank_0(bits), "renewed": updates, "noted": noted})
        changed = np.unpackbits(before.numpy() ^ self._bits().numpy()).sum()
        share = changed / (len(self.directions) * self.masks.space.size)
        logger.info(f"masks made again at update {updates}: {share:.1%} of them changed")

    def _bits(self) -> Tensor:
        return torch.from_numpy(np.packbits([self.masks.row(name) for name in self.directions], axis=1))

    def state(self) -> dict[str, Any] | None:
        """Return what a checkpoint needs to go on: the bits in use, uint8 [directions, bytes], after how many
        updates they were made, and more facts; None where they are those of the beginning for ever."""
        if "renew" not in self._method:
            return None
        return {"bits": self._bits(), "renewed": self._renewed, "noted": self._noted}

    def load(self, state: Mapping[str, Any] | None) -> None:
        """Go on with the masks of a checkpoint."""
        if state is not None:
            self._renewed, self._noted = state["renewed"], state["noted"]
            self._use(masks_of_state(self._first, self.directions, state))

    def select(self, number: int) -> None:
        """Lay the row of a batch's direction on the network."""
        if number < 0:
            raise RuntimeError("a masked network was given a batch of several directions")
        self.gates.select(self.directions[number])

    def select_rows(self, numbers: Sequence[int]) -> None:
        """Lay the row of each sentence's direction on the network."""
        if len(set(numbers)) == 1:
            self.select(numbers[0])
        else:
            self.gates.select_rows([self.directions[number] for number in numbers])

    def learn(self, number: int) -> None:
        """Take note that the update has gradients of a direction."""
        self._updated[number] = True

    def holding(self, optimizer: Any) -> AbstractContextManager[None]:
        """Return a block in which the optimiser's step leaves alone what may not move: with ``momentum: own``
        units' own rows that no direction of the update keeps, with ``train: gradients`` those that no
        direction at all keeps."""
        if self._method.get("momentum") == "own":
            moving = any_of_all(self._updated)
        elif self._method.get("train") == "gradients":
            moving = torch.ones_like(self._updated)
        else:
            return nullcontext()
        names = [name for name, moves in zip(self.directions, moving.tolist(), strict=True) if moves]
        return held_rows(optimizer, rows_without(self._own, self.masks, names))
