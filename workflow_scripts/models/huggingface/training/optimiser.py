"""Adam with decoupled weight decay, over what a training moves."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from workflow_scripts.models.progress_log import check_finite
from workflow_scripts.models.training.collectives import any_of_all
from workflow_scripts.models.training.schedule import learning_rate

#: fairseq's: half precision that overflows below it has diverged.
LEAST_SCALE = 1e-4


class Optimiser:
    """AdamW on the parameters that learn. ``adam``: torch's."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], settings: Mapping[str, Any], scaled: bool, fused: bool
    ) -> None:
        """``settings``: of the training. ``scaled``: losses are scaled, as half precision (fp16) needs it.
        ``fused``: each parameter in one pass."""
        self.parameters = [one for one in parameters if one.requires_grad]
        self._settings = settings
        self._fused = fused
        self.adam = torch.optim.AdamW(
            self.parameters,
            lr=settings["lr"],
            betas=tuple(settings["adam_betas"]),
            eps=settings["adam_eps"],
            weight_decay=settings["weight_decay"],
            fused=self._fused,
        )
        # fairseq's first scale.
        self.scaler = torch.amp.GradScaler("cuda", init_scale=128.0, enabled=scaled)

    def step(
        self,
        updates: int,
        tokens: float,
        holding: Callable[[Any], AbstractContextManager[Any]],
    ) -> float | None:
        """Move the parameters by the gradients of a summed loss; return the learning rate, None where half
        precision overflowed and nothing was moved.

        ``updates``: made before. ``tokens``: of all processes, which the gradients are divided by.
        ``holding``: of the optimiser, a block in which rows stay. UserError: a gradient is not finite.
        """
        self.scaler.unscale_(self.adam)
        for one in self.parameters:
            if one.grad is not None:
                one.grad.div_(tokens)
        norm = nn.utils.clip_grad_norm_(self.parameters, self._settings["clip_norm"] or float("inf"))
        if not self.scaler.is_enabled():
            check_finite(float(norm), f"the gradient after update {updates}")
        rate = learning_rate(self._settings, updates)
        for group in self.adam.param_groups:
            group["lr"] = rate
        with holding(self.adam):
            self.scaler.step(self.adam)
        self.scaler.update()
        if torch.isfinite(norm):
            return rate
        if self.scaler.get_scale() < LEAST_SCALE:
            check_finite(float(norm), f"the gradient after update {updates}")
        return None

    def share_gradients(self) -> None:
        """Add up the gradients of all processes; a parameter that none has a gradient of has none."""
        if not torch.distributed.is_initialized():
            return
        there = any_of_all(torch.tensor([one.grad is not None for one in self.parameters]))
        for one, some in zip(self.parameters, there.tolist(), strict=True):
            if some:
                if one.grad is None:
                    one.grad = torch.zeros_like(one)
                torch.distributed.all_reduce(one.grad)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs to go on."""
        return {"adam": self.adam.state_dict(), "scale": self.scaler.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on with the state of a checkpoint."""
        self.adam.load_state_dict(state["adam"])
        for group in self.adam.param_groups:
            # What is loaded says how it was made, and torch would take that; earlier versions decayed by
            # themselves.
            group["fused"], group["weight_decay"] = self._fused, self._settings["weight_decay"]
        if self.scaler.is_enabled() and state["scale"]:
            self.scaler.load_state_dict(state["scale"])
