"""Adapters on a network (``units.adapters``): laid one row at a time, and trained.

While they are trained the rows are numbered, not named: codes of languages, such as ``to`` and ``half``, are
methods of torch's modules.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.fairseq.sites import linears
from workflow_scripts.models.laying import Laying
from workflow_scripts.models.linear import Delta, Linear
from workflow_scripts.units.adapters import SCALE, adapter_shapes
from workflow_scripts.units.space import STACKS

#: The tensors of one row, ``{site}.{part}`` -> tensor.
Row = Mapping[str, Tensor]


class Adapters(Laying):
    """Rows of adapters for one network, at most one of them on it."""

    def __init__(self, network: nn.Module, rows: Mapping[str, Row]) -> None:
        """``rows``: by name, all of one kind, as ``adapter_shapes`` has them for the network."""
        self._network = network
        self._rows = rows
        self._layers = {
            f"{stack}.{number}": layer
            for stack in STACKS
            for number, layer in enumerate(network.get_submodule(stack).layers)
        }
        self._linears: dict[str, Linear] = {}
        self._fired: dict[str, bool] = {}

    def select(self, row: str) -> None:
        """Lay one row on the network, until ``clear``; UserError for an unknown name."""
        if row not in self._rows:
            raise UserError(
                f"no adapter row {row!r}; there are {', '.join(self._rows)}{nearest(row, self._rows)}"
            )
        self.clear()
        weight = next(self._network.parameters())
        tensors = {name: tensor.to(weight) for name, tensor in self._rows[row].items()}
        for place, layer in self._layers.items():
            if f"{place}.down.weight" in tensors:
                self._fired[place] = False
                layer.adapter = partial(self._bottleneck, place, tensors)
                continue
            for name, linear in linears(layer).items():
                site = f"{place}.{name}"
                self._linears[site] = linear
                linear.delta, linear.fired = Delta(tensors[f"{site}.up"], tensors[f"{site}.down"], SCALE), 0

    def _bottleneck(self, place: str, tensors: Row, values: Tensor) -> Tensor:
        self._fired[place] = True
        norm, down, up = (
            (tensors[f"{place}.{part}.weight"], tensors[f"{place}.{part}.bias"])
            for part in ("norm", "down", "up")
        )
        inside = F.relu(F.linear(F.layer_norm(values, values.shape[-1:], *norm), *down))
        return values + F.linear(inside, *up)

    def clear(self) -> None:
        """Take the adapters away: the network is the plain one again."""
        for linear in self._linears.values():
            linear.delta = None
        for place in self._fired:
            self._layers[place].adapter = None
        self._linears.clear()
        self._fired.clear()

    def check_fired(self) -> None:
        """Raise RuntimeError naming the sites whose adapters were not used since the selection."""
        used = self._fired | {site: linear.fired > 0 for site, linear in self._linears.items()}
        if not used or (silent := [site for site, once in used.items() if not once]):
            raise RuntimeError(f"adapters were never used in: {', '.join(silent) if used else 'any layer'}")


class TrainedAdapters(nn.ModuleList):
    """The parameters of rows of adapters, all that is trained of a network: its module ``adapters``."""

    def __init__(self, architecture: Mapping[str, Any], kind: str, size: int, rows: list[str]) -> None:
        """Draw them; ``rows``: names."""
        self.names = rows
        self.shapes = adapter_shapes(architecture, kind, size)
        super().__init__(
            nn.ParameterDict({_key(name): _initial(name, shape) for name, shape in self.shapes.items()})
            for _ in rows
        )

    def rows(self) -> dict[str, Row]:
        """Return the tensors by row and name."""
        return {
            row: {name: tensors[_key(name)] for name in self.shapes}
            for row, tensors in zip(self.names, self, strict=True)
        }


def _key(name: str) -> str:
    return name.replace(".", "_")


def _initial(name: str, shape: tuple[int, ...]) -> nn.Parameter:
    tensor = torch.zeros(shape)
    if name.endswith("norm.weight"):
        nn.init.ones_(tensor)
    elif name.endswith(("down", "down.weight")):
        nn.init.kaiming_uniform_(tensor, a=math.sqrt(5))
    return nn.Parameter(tensor)


def train_adapters(
    network: nn.Module, architecture: Mapping[str, Any], kind: str, size: int, rows: list[str]
) -> None:
    """Give the network its module ``adapters``, new ones, beside which nothing is trained."""
    network.requires_grad_(False)
    network.adapters = TrainedAdapters(architecture, kind, size, rows)
