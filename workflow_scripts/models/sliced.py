"""An FFN without the neurons that a mask leaves out: the same function and gradients, in smaller products.

A neuron whose row of the first weight is zero is the constant act(b1). So with the kept neurons K and the
others M, FFN(x) = W2[:, K] act(W1[K] x + b1[K]) + b2 + W2[:, M] act(b1[M]). The gradients are as large as the
parameters: of W1 none in M, of W2 in M that of the constants.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from workflow_scripts.models.linear import Linear

#: Of an FFN's neurons the share that is kept at most where it is sliced: with more, cutting the weights and
#: putting the gradients back costs what it saves (docs/reference/benchmarks.md).
SLICED_SHARE = 0.8


class PlainFfn(NamedTuple):
    """The two layers of an FFN, and all that is between them."""

    first: Linear
    last: Linear
    activation: Callable[[Tensor], Tensor]


class SlicedFfn:
    """What the two layers of an FFN compute in place of their own products, until ``clear``."""

    def __init__(self, ffn: PlainFfn, keep: Tensor, kept: int) -> None:
        """Lay it on an FFN. ``keep``: bool [F], of which ``kept`` are true."""
        self._first, self._last, self._activation = ffn
        # The number is given: a GPU need not be asked for it.
        self._rows, self._left_out = keep.nonzero_static(size=kept).squeeze(1), ~keep
        self._first.instead, self._last.instead = self._inner, self._outer

    def clear(self) -> None:
        """Give the layers their own products back."""
        self._first.instead = self._last.instead = None

    def _inner(self, values: Tensor) -> Tensor:
        """Return the kept neurons before the activation, [..., K]."""
        found: Tensor = _Rows.apply(values, self._first.weight, self._first.bias, self._rows)
        return found

    def _outer(self, values: Tensor) -> Tensor:
        """Return the output of the FFN, of the kept neurons' values [..., K]."""
        last, bias = self._last, self._first.bias
        assert bias is not None, "a plain FFN has biases"
        constants = self._activation(bias) * self._left_out
        found: Tensor = _Columns.apply(values, last.weight, last.bias, constants, self._rows)
        return found


class _Rows(torch.autograd.Function):
    """Some rows of a linear layer."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, rows: Tensor) -> Tensor:
        part = weight.index_select(0, rows)
        ctx.save_for_backward(values, part, rows)
        ctx.whole = len(weight)
        return F.linear(values, part, bias.index_select(0, rows))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        values, part, rows = ctx.saved_tensors
        by_output = gradients[0].flatten(0, -2)
        by_weight = part.new_zeros(ctx.whole, part.shape[1])
        by_weight.index_copy_(0, rows, by_output.t() @ values.flatten(0, -2))
        by_bias = part.new_zeros(ctx.whole).index_copy_(0, rows, by_output.sum(dim=0))
        return (by_output @ part).view_as(values), by_weight, by_bias, None


class _Columns(torch.autograd.Function):
    """A linear layer of which some inputs are given, and all others constants."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, constants: Tensor, columns: Tensor
    ) -> Tensor:
        part = weight.index_select(1, columns)
        ctx.save_for_backward(values, part, weight, constants, columns)
        return F.linear(values, part, torch.addmv(bias, weight, constants))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        values, part, weight, constants, columns = ctx.saved_tensors
        by_output = gradients[0].flatten(0, -2)
        by_bias = by_output.sum(dim=0)
        by_weight = torch.outer(by_bias, constants)
        by_weight.index_copy_(1, columns, by_output.t() @ values.flatten(0, -2))
        return (by_output @ part).view_as(values), by_weight, by_bias, by_bias @ weight, None
