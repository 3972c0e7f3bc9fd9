"""What every port of this library does in the same way, whatever its model reads: units, gates, passes."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.gates import Gates
from workflow_scripts.models.huggingface.batches import Batch
from workflow_scripts.models.huggingface.families import Family, activation_of, places_of
from workflow_scripts.models.huggingface.folder import stored
from workflow_scripts.models.huggingface.sites import sites
from workflow_scripts.models.passes import Steps, run_split
from workflow_scripts.models.port import Ability, Call
from workflow_scripts.models.sites import sites_of, taps
from workflow_scripts.models.system_port import SystemPort
from workflow_scripts.models.weights import check_finite, read_tensors
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED, Stack, UnitSpace
from workflow_scripts.units.system import SystemFolder


class Passes(Steps, Protocol):
    """The forward passes of a model, with likelihoods."""

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    def real(self, stack: Stack) -> Tensor:
        """Return which positions of what a stack is reading are text, bool [T, B]."""

    def nll(self, batch: Any, count_language_tag: bool, encoded: Any) -> tuple[Tensor, Tensor]:
        """Return (sum of -log p of the labels [B] in nats, counted tokens [B])."""


class NetworkPort(SystemPort):
    """A model in eval mode: its units and passes. What a task is, its heirs say."""

    name = "huggingface"
    abilities: frozenset[Ability] = frozenset()

    def __init__(
        self,
        model: nn.Module,
        family: Family,
        forward: Passes,
        system: SystemFolder | None = None,
        weights: Path | None = None,
    ) -> None:
        """``forward``: the model's passes. ``system``: what the model is of, with the file that its
        ``weights`` are from, if it has some."""
        super().__init__(system, weights)
        self.model, self.family = model, family
        self.activation = activation_of(family, model.config)
        self.sites = sites(model, places_of(family, model.config))
        self._forward = forward

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._forward.device

    def space(self, kinds: Collection[str] = ("ffn",)) -> UnitSpace:
        """Return the model's units of these kinds; UserError for single weights, which are not units here."""
        if other := [kind for kind in kinds if kind not in VALUED]:
            raise UserError(f"units of kind {other[0]} are not supported by the port {self.name!r}")
        return UnitSpace(site.group for site in self.sites.values() if site.group.kind in kinds)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``."""
        return (batch.source if stack == "encoder" else batch.decoder_input).t()

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``: of the decoder's positions those that have a label."""
        return (batch.source_mask if stack == "encoder" else batch.labelled).t()

    def taps(self, space: UnitSpace, call: Call, *, gate: bool = False) -> AbstractContextManager[None]:
        """See ``models.sites.taps``."""
        found = sites_of(self.sites, space)
        return taps([one.at_gate() for one in found] if gate else found, call, self._forward.real)

    def intervene(
        self,
        masks: MaskTable,
        gates: Mapping[str, str] | None = None,
        means: Mapping[str, Tensor] | None = None,
    ) -> Gates:
        """See ``models.gates.Gates``."""
        return Gates(self.model, sites_of(self.sites, masks.space), masks, gates, means)

    def load_weights(self, weights: Path) -> None:
        """Copy a file of weights, as ``folder.stored`` names them, into the model; UserError if it does not
        fit or is not finite."""
        tensors, own = read_tensors(weights), stored(self.model)
        if wrong := sorted(set(tensors) ^ set(own)):
            raise UserError(f"{weights}: tensor {wrong[0]} is in only one of the file and the model")
        check_finite(tensors, weights)
        with torch.no_grad():
            for name, one in own.items():
                if tensors[name].shape != one.shape:
                    found, expected = tuple(tensors[name].shape), tuple(one.shape)
                    raise UserError(f"{weights}: tensor {name} is {found}, the model needs {expected}")
                one.copy_(tensors[name])

    def run(
        self,
        passes: Iterable[Sequence[Batch]],
        begin: Callable[[int | None], None],
        piece_tokens: int | None = None,
    ) -> Iterator[Sequence[Batch]]:
        """See ``models.passes.run_split``. RuntimeError where the sources of a pass are not the same."""
        self.take_shared()
        return run_split(self._forward, passes, begin, piece_tokens)

    def encode(self, batch: Batch) -> Any:
        """Return the encoder's last states of a batch [B, S, model_dim]; None of a model without encoder."""
        self.take_shared()
        self._forward.check([batch])
        return self._forward.encode(batch)

    def loss(
        self, batch: Batch, count_language_tag: bool = False, encoded: Any = None
    ) -> tuple[Tensor, Tensor]:
        """See ``models.port.Port.loss``."""
        self.take_shared()
        return self._forward.nll(batch, count_language_tag, encoded)
