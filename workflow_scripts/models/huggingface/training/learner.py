"""A model that is trained: the masks and adapters that are laid on it, its loss, and its state."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from workflow_scripts.models.huggingface.batches import NO_LABEL, Batch
from workflow_scripts.models.huggingface.folder import stored
from workflow_scripts.models.huggingface.forward import Forward
from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.models.training.adapted import AdapterTraining
from workflow_scripts.models.training.masked import MaskedTraining
from workflow_scripts.models.training.plan import TrainingPlan, step_of
from workflow_scripts.models.training.smoothed_loss import smoothed_loss
from workflow_scripts.models.training.surroundings import SelectAgain
from workflow_scripts.models.training.trained import ADAPTERS, freeze
from workflow_scripts.units.mask_table import MaskTable

#: How a checkpoint's names of adapters begin in the model's state.
_ADAPTERS = "adapters."


class Learner:
    """The model of a port, trained by a plan. ``half``: the type of what is computed in half precision, or
    None; the weights stay in float32."""

    def __init__(
        self,
        plan: TrainingPlan,
        port: HuggingFacePort,
        device: torch.device,
        half: torch.dtype | None,
        select_again: SelectAgain,
    ) -> None:
        """Take a port on the CPU, with the weights that the training begins with."""
        self.plan, self.port, self.model = plan, port, port.model
        self._device, self._half, self._select = device, half, select_again
        self._step, self._smoothing = step_of(plan.settings), plan.settings["label_smoothing"]
        self.masked: MaskedTraining | None = None
        self.adapted: AdapterTraining | None = None
        method, saved = plan.method, stored(self.model).values()
        for one in self.model.parameters():
            # Marian's positions are computed, and no part of a system; the library would train them.
            one.requires_grad_(any(one is other for other in saved))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)  # of adapters that are drawn
            freeze(self.model, port.sites, port.adapter_places, method)
        if ADAPTERS in method:
            rows = method[ADAPTERS]["rows"]
            self.adapted = AdapterTraining(self.model, port.adapter_places, rows, plan.directions)
        if plan.masks is not None:
            table = MaskTable.read(plan.masks)
            # In half precision the library's weights stay in float32, and each product rounds its own copy.
            slices = self._step != "reference" and half is None
            self.masked = MaskedTraining(
                self.model, port.sites, table, plan.directions, method, slices=slices
            )
        self.model.to(device)
        self._forward = Forward(self.model)

    def begin_update(self, updates: int) -> None:
        """Called before the batches of an update, after so many."""
        if self.masked is not None:
            self.masked.begin_update(updates, self._select_again)
        if self.adapted is not None:
            self.adapted.begin_update()
        self.model.train()

    def _select_again(self, model: nn.Module, masks: MaskTable) -> Any:
        port = HuggingFacePort(model, self.port.family, self.port.text)
        return self._select(port, masks, self.plan.data_bin, self.plan.directions)

    def loss(self, batch: Batch, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return (loss, nll) summed over the labels, through the masks and adapters of directions: of each
        sentence one of these ``numbers``. What is laid stays until the next batch: a layer that is computed
        again in the backward pass needs it."""
        if self.masked is not None:
            self.masked.select_rows(numbers)
        if self.adapted is not None:
            self.adapted.select(numbers[0] if len(set(numbers)) == 1 else -1)
        half = self._half
        with torch.autocast(self._device.type, half or torch.bfloat16, enabled=half is not None):
            states = self._forward.states(batch, self._forward.encode(batch)).flatten(0, 1)
            # Found on the CPU: a GPU need not be asked how many there are.
            real = batch.labelled.flatten().nonzero().squeeze(1)
            labels = batch.labels.flatten()[real].to(self._device)
            states = states.index_select(0, real.to(self._device))
            if self._step == "reference":
                found = smoothed_loss(self._forward.logits(states), labels, self._smoothing, NO_LABEL)
            else:
                found = self._forward.loss(states, labels, self._smoothing)
        if self.masked is not None:
            self.masked.gates.check_fired()
        if self.adapted is not None:
            self.adapted.adapters.check_fired()
        return found

    def learn(self, numbers: Sequence[int]) -> None:
        """Take note that the update has gradients of these directions."""
        for laid in (self.masked, self.adapted):
            for number in set(numbers):
                if laid is not None:
                    laid.learn(number)

    def holding(self, adam: torch.optim.Optimizer) -> ExitStack:
        """Return a block in which the optimiser's step leaves alone what masks and adapters hold."""
        held = ExitStack()
        for laid in (self.masked, self.adapted):
            if laid is not None:
                held.enter_context(laid.holding(adam))
        return held

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs to go on: weights as a system has them, adapters by row, masks."""
        found: dict[str, Any] = {"model": self._weights(), "extra_state": {}}
        if self.adapted is not None:
            rows = self.model.adapters.rows()
            found["adapters"] = {
                row: {name: one.detach() for name, one in tensors.items()} for row, tensors in rows.items()
            }
        if self.masked is not None and (masks := self.masked.state()) is not None:
            found["extra_state"]["masks"] = masks
        return found

    def _weights(self) -> dict[str, Tensor]:
        found = stored(self.model).items()
        return {name: one.detach() for name, one in found if not name.startswith(_ADAPTERS)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on with the state of a checkpoint."""
        with torch.no_grad():
            for name, one in self._weights().items():
                one.copy_(state["model"][name])
            for row, tensors in state.get("adapters", {}).items():
                for name, one in self.model.adapters.rows()[row].items():
                    one.copy_(tensors[name])
        if self.masked is not None:
            self.masked.load(state["extra_state"].get("masks"))
