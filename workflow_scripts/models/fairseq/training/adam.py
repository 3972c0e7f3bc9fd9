"""fairseq's Adam in one pass over each parameter, by torch's fused kernel."""

import math
from collections import defaultdict
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq.optim import FairseqOptimizer, register_optimizer
from fairseq.optim.adam import Adam, FairseqAdam, FairseqAdamConfig
from torch import Tensor
from torch.optim.adamw import adamw


class _FusedAdam(Adam):
    """fairseq's Adam, with its state, in which steps are plain numbers."""

    def step(self, closure: Any = None) -> None:
        """Move the parameters that have a gradient."""
        with torch.no_grad():
            self._step()

    def _step(self) -> None:
        for group in self.param_groups:
            # Rows of adapters that no batch used have no gradient, and have made fewer steps.
            by_steps: dict[int, list[Tensor]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if not (state := self.state[parameter]):
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(parameter)
                    state["exp_avg_sq"] = torch.zeros_like(parameter)
                by_steps[state["step"]].append(parameter)
                state["step"] += 1
            for made, parameters in by_steps.items():
                self._move(group, parameters, made)

    def _move(self, group: dict[str, Any], parameters: list[Tensor], made: int) -> None:
        beta1, beta2 = group["betas"]
        states = [self.state[parameter] for parameter in parameters]
        if decay := group["weight_decay"]:
            # The kernel would round 1 - decay x rate first, and so decay up to a percent more or less.
            for parameter in parameters:
                parameter.add_(parameter, alpha=-decay * group["lr"])
        adamw(
            parameters,
            [parameter.grad for parameter in parameters],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            list(torch.full((len(states),), float(made), device=parameters[0].device).unbind()),
            fused=True,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=group["lr"],
            weight_decay=0.0,
            # torch adds it to the corrected root of the second moment, fairseq to the uncorrected one.
            eps=group["eps"] / math.sqrt(1.0 - beta2 ** (made + 1)),
            maximize=False,
        )


@register_optimizer("fused_adam", dataclass=FairseqAdamConfig)
class FusedFairseqAdam(FairseqAdam):
    """fairseq's optimiser on it."""

    def __init__(self, cfg: FairseqAdamConfig, params: Any) -> None:
        FairseqOptimizer.__init__(self, cfg)
        self._optimizer = _FusedAdam(params, **self.optimizer_config)
