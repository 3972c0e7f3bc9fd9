"""What every port of this library has of its model's units: which there are, taps on them, gates."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.families import Family, activation_of, places_of
from workflow_scripts.models.huggingface.sites import sites
from workflow_scripts.models.port import Call
from workflow_scripts.models.sites import sites_of, taps
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED, Stack, UnitSpace


class UnitPort(ABC):
    """A model and its units. What it reads, its heirs say."""

    name = "huggingface"

    def __init__(self, model: nn.Module, family: Family) -> None:
        self.model, self.family = model, family
        self.activation = activation_of(family, model.config)
        self.sites = sites(model, places_of(family, model.config))

    @abstractmethod
    def read(self, stack: Stack) -> Tensor:
        """Return which positions of what a stack is reading are real, bool [T, B]."""

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def space(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the model's units of these kinds; UserError for single weights, which are not units here."""
        if other := [kind for kind in kinds if kind not in VALUED]:
            raise UserError(f"units of kind {other[0]} are not supported by the port {self.name!r}")
        return UnitSpace(site.group for site in self.sites.values() if site.group.kind in kinds)

    def taps(
        self, space: UnitSpace, call: Call, *, gate: bool = False, packed: bool = False
    ) -> AbstractContextManager[None]:
        """See ``models.sites.taps``. Positions are always those of the batch."""
        found = sites_of(self.sites, space)
        return taps([one.at_gate() for one in found] if gate else found, call, self.read)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``models.gates.Gates``."""
        return Gates(self.model, sites_of(self.sites, masks.space), masks, gates, means)
