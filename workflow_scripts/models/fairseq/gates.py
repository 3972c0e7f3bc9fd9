"""Gates: the one mechanism that masks units inside the live network.

What: ``GateBank`` holds a table of kept units (a row per direction, say) and lays one row, or one row per
sentence, on the network. For FFN units the masked forward is that of the released Neuron Specialization code:
rows of the first weight are masked, the bias is not, so a masked unit j is the constant ReLU(b1_j) at every
position: FFN(x) = W2 ReLU((m o W1) x + b1) + b2.
Inputs: a network and a bool table [rows, units] in ``UnitSpace`` order. Outputs: none; the state dict keeps
its names and tensors. A gate that was selected and never used is an error, never silence.
Source: Neuron Specialization, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workflow_scripts.errors import UserError, nearest


class GatedLinear(nn.Linear):
    """A linear layer whose output rows can be masked; shares the parameters of the layer it stands for.

    ``gate`` is None (plain layer), [F] (one mask for the whole batch) or [B, F] (one per sentence, for inputs
    of T x B x C). A masked row's output is its bias; its weight's gradient is exactly zero.
    """

    def __init__(self, linear: nn.Linear) -> None:
        nn.Module.__init__(self)  # no new weights: drawing them would move the random state
        if linear.bias is None:
            raise ValueError("a gated layer needs a bias")
        self.in_features = linear.in_features
        self.out_features = linear.out_features
        self.weight = linear.weight
        self.bias = linear.bias
        self.training = linear.training
        self.gate: Tensor | None = None
        self.fired = 0

    def forward(self, input: Tensor) -> Tensor:
        """Return [..., F]; RuntimeError if a gate per sentence does not fit the input's batch."""
        gate = self.gate
        if gate is None:
            return F.linear(input, self.weight, self.bias)
        self.fired += 1
        if gate.dim() == 1:
            return F.linear(input, self.weight * gate[:, None], self.bias)
        if input.dim() != 3 or input.shape[1] != gate.shape[0]:
            raise RuntimeError(
                f"gates of {gate.shape[0]} sentences on an input of shape {tuple(input.shape)}"
            )
        return F.linear(input, self.weight) * gate + self.bias


def gate_points(network: nn.Module) -> dict[str, GatedLinear]:
    """Return group key -> gate point in unit order; an FFN that has none yet gets its ``GatedLinear``."""
    points: dict[str, GatedLinear] = {}
    for stack in ("encoder", "decoder"):
        for number, layer in enumerate(network.get_submodule(stack).layers):
            if not isinstance(layer.fc1, GatedLinear):
                layer.fc1 = GatedLinear(layer.fc1)
            # The fused path of torch would go around the gate.
            layer.can_use_fastpath = False
            points[f"{stack}.{number}.ffn"] = layer.fc1
    return points


class GateBank:
    """The masks of one network: ``keep`` is bool [rows, units], ``rows`` names its rows, in unit order."""

    def __init__(self, network: nn.Module, keep: Tensor | NDArray[np.bool_], rows: Sequence[str]) -> None:
        keep = torch.as_tensor(keep)
        self._points = gate_points(network)
        sizes = [point.out_features for point in self._points.values()]
        if keep.dtype != torch.bool or tuple(keep.shape) != (len(rows), sum(sizes)):
            raise ValueError(
                f"masks are {keep.dtype} {tuple(keep.shape)}, not bool {(len(rows), sum(sizes))}"
            )
        if len(set(rows)) != len(rows):
            raise ValueError(f"mask rows are named twice: {list(rows)}")
        self._positions = {name: position for position, name in enumerate(rows)}
        self._sizes = sizes
        self._keep = keep
        self._table: Tensor | None = None
        self._selected = False

    @property
    def rows(self) -> tuple[str, ...]:
        """The row names, in order."""
        return tuple(self._positions)

    @property
    def groups(self) -> tuple[str, ...]:
        """The group keys that are gated, in unit order."""
        return tuple(self._points)

    def select(self, row: str) -> None:
        """Lay one row on the network, for whole batches, until ``clear``; UserError for an unknown name."""
        self._lay(self._weights()[self._position(row)])

    def select_rows(self, rows: Sequence[str]) -> None:
        """Lay one row per sentence on the network, in batch order (not for beam search, which reorders)."""
        positions = torch.tensor([self._position(row) for row in rows])
        table = self._weights()
        self._lay(table[positions.to(table.device)])

    def clear(self) -> None:
        """Take every gate away: the network is the plain one again."""
        self._selected = False
        for point in self._points.values():
            point.gate = None

    def check_fired(self) -> None:
        """Raise RuntimeError naming the groups whose gates were not used since the selection."""
        if not self._selected:
            raise RuntimeError("no mask row is selected")
        silent = [key for key, point in self._points.items() if not point.fired]
        if silent:
            raise RuntimeError(f"masks were selected but never used in: {', '.join(silent)}")

    @contextmanager
    def use(self, row: str) -> Iterator[GateBank]:
        """Select one row for the block; at its end check that every gate fired. Always cleared."""
        with self._using():
            self.select(row)
            yield self
            self.check_fired()

    @contextmanager
    def use_rows(self, rows: Sequence[str]) -> Iterator[GateBank]:
        """Select one row per sentence for the block; checked and cleared as in ``use``."""
        with self._using():
            self.select_rows(rows)
            yield self
            self.check_fired()

    @contextmanager
    def _using(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.clear()

    def _position(self, row: str) -> int:
        if row not in self._positions:
            raise UserError(
                f"no mask row {row!r}; there are {', '.join(self.rows)}{nearest(row, self._positions)}"
            )
        return self._positions[row]

    def _weights(self) -> Tensor:
        # The network may have moved or changed its type since the last selection (fp16 training does).
        weight = next(iter(self._points.values())).weight
        if self._table is None or self._table.device != weight.device or self._table.dtype != weight.dtype:
            self._table = self._keep.to(device=weight.device, dtype=weight.dtype)
        return self._table

    def _lay(self, gates: Tensor) -> None:
        self._selected = True
        pieces = gates.split(self._sizes, dim=-1)
        for point, gate in zip(self._points.values(), pieces, strict=True):
            point.gate = gate
            point.fired = 0
