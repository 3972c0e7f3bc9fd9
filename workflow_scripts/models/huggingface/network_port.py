"""What ports of systems do in the same way, whatever their model reads: passes, likelihoods, weights."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.batches import Batch
from workflow_scripts.models.huggingface.families import Family
from workflow_scripts.models.huggingface.folder import stored
from workflow_scripts.models.huggingface.unit_port import UnitPort
from workflow_scripts.models.passes import Steps, run_split
from workflow_scripts.models.port import Ability
from workflow_scripts.models.system_port import SystemPort
from workflow_scripts.models.weights import check_finite, read_tensors
from workflow_scripts.units.space import Stack
from workflow_scripts.units.system import SystemFolder


class Passes(Steps, Protocol):
    """The forward passes of a model, with likelihoods."""

    def real(self, stack: Stack) -> Tensor:
        """Return which positions of what a stack is reading are text, bool [T, B]."""

    def nll(self, batch: Any, count_language_tag: bool, encoded: Any) -> tuple[Tensor, Tensor]:
        """Return (sum of -log p of the labels [B] in nats, counted tokens [B])."""


class NetworkPort(UnitPort, SystemPort):
    """A model of a system in eval mode: its units and passes. What a task is, its heirs say."""

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
        UnitPort.__init__(self, model, family)
        SystemPort.__init__(self, system, weights)
        self._forward = forward

    def read(self, stack: Stack) -> Tensor:
        """See ``UnitPort.read``."""
        return self._forward.real(stack)

    def tokens(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.tokens``."""
        return (batch.source if stack == "encoder" else batch.decoder_input).t()

    def real(self, batch: Batch, stack: Stack) -> Tensor:
        """See ``models.port.Port.real``: of the decoder's positions those that have a label."""
        return (batch.source_mask if stack == "encoder" else batch.labelled).t()

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
