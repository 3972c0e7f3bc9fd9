"""A linear layer whose weight can be changed for a time: by masks of rows, columns and single weights, and by
what LoRA adds. It stands in a network in the place of the library's own."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Delta(NamedTuple):
    """What is added to a weight [F, C]: ``scale`` x ``up`` [F, r] @ ``down`` [r, C]."""

    up: Tensor
    down: Tensor
    scale: float


class Linear(nn.Linear):
    """A linear layer whose weight W [F, C] can be changed for a time, to (W + delta) o mask.

    ``weight`` is what it computes with, also where fairseq hands it to torch's fused attention; the parameter
    W keeps its name in the state dict. ``delta``: see ``Delta``. ``mask``: bool [F, C]. ``gate`` masks rows:
    [F] (one mask for the whole batch) or [B, F] (one per sentence, for inputs of T x B x C, or B x T x C with
    ``batch_first``); a masked row's output is its bias. What is masked gets no gradient; with
    ``gradient_only`` that is all that a gate does, and the output is that of the whole weight. With
    ``gates_bias`` that holds for the bias, too. ``columns``, [C] or [B, C], are columns of the weight that
    get a gradient; the output is the same. ``fired`` counts the uses of a weight that is changed.
    ``transposed``: the parameter is [C, F], as some files have it; all else is as above. ``instead``:
    computes the output, from the input, in place of all that (``models.sliced``).
    """

    gate: Tensor | None = None
    mask: Tensor | None = None
    delta: Delta | None = None
    columns: Tensor | None = None
    gradient_only: bool = False
    gates_bias: bool = False
    batch_first: bool = False
    transposed: bool = False
    instead: Callable[[Tensor], Tensor] | None = None
    fired: int = 0

    @property
    def weight(self) -> Tensor:
        """W, or what is computed with in its place."""
        weight = self._parameters.get("weight")
        if weight is None:  # torch asks before it registers the parameter
            raise AttributeError("weight")
        if self.transposed:
            weight = weight.t()
        if self.gate is None and self.mask is None and self.delta is None and self.columns is None:
            return weight
        return self._changed(weight)

    @property
    def bias(self) -> Tensor | None:
        """The bias [F], or what is computed with in its place; None if there is none."""
        if "bias" not in self._parameters:
            raise AttributeError("bias")
        bias, gate = self._parameters["bias"], self.gate
        if bias is None or gate is None or gate.dim() > 1 or not self.gates_bias:
            return bias
        return bias * gate + bias.detach() * (1 - gate)

    @property
    def by_sentence(self) -> bool:
        """Whether sentences of a batch have gates of their own, which need the input."""
        return any(one is not None and one.dim() > 1 for one in (self.gate, self.columns))

    def _changed(self, weight: Tensor) -> Tensor:
        self.fired += 1
        if self.delta is not None:
            weight = torch.addmm(weight, self.delta.up, self.delta.down, alpha=self.delta.scale)
        if self.mask is not None:
            weight = weight * self.mask
        if self.gate is not None and self.gate.dim() == 1:
            whole, weight = weight, weight * self.gate[:, None]
            if self.gradient_only:
                weight = weight + whole.detach() * (1 - self.gate)[:, None]
        if self.columns is not None and self.columns.dim() == 1:
            weight = weight * self.columns + weight.detach() * (1 - self.columns)
        return weight

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., F]; RuntimeError if a gate per sentence does not fit the input's batch."""
        if self.instead is not None:
            self.fired += 1
            return self.instead(input)
        gate, weight, bias = self.gate, self.weight, self.bias
        if gate is None or gate.dim() == 1:
            return self._by_column(input, weight, bias)
        gate = self._fitting(gate, input)
        output = self._by_column(input, weight, None) * gate
        if self.gradient_only:
            output = output + F.linear(input, weight.detach()) * (1 - gate)
        if bias is None:
            return output
        return output + (bias * gate + bias.detach() * (1 - gate) if self.gates_bias else bias)

    def _by_column(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        columns = self.columns
        if columns is None or columns.dim() == 1:
            return F.linear(input, weight, bias)
        columns = self._fitting(columns, input)
        return F.linear(input * columns, weight, bias) + F.linear(input * (1 - columns), weight.detach())

    def _fitting(self, gates: Tensor, values: Tensor) -> Tensor:
        """Return gates [B, C] in a shape that fits the values."""
        if not self.batch_first:
            check_batch(gates, values)
            return gates
        check_batch(gates, values.transpose(0, 1) if values.dim() == 3 else values)
        return gates[:, None]


def check_batch(gates: Tensor, values: Tensor) -> None:
    """Raise RuntimeError unless ``gates`` [B, …] are as many as the sentences of ``values`` [T, B, C]."""
    if values.dim() != 3 or values.shape[1] != gates.shape[0]:
        raise RuntimeError(f"gates of {gates.shape[0]} sentences on an input of shape {tuple(values.shape)}")
