"""Adapters on a network (``units.adapters``): laid one row at a time, and trained.

While they are trained the rows are numbered, not named: codes of languages, such as ``to`` and ``half``, are
methods of torch's modules.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.laying import Laying
from workflow_scripts.models.linear import Delta, Linear
from workflow_scripts.units.adapters import SCALE, AdapterRow, bottleneck_shapes, lora_shapes
from workflow_scripts.units.weights_file import read_adapter_row

#: The tensors of one row, ``{site}.{part}`` -> tensor.
Row = Mapping[str, Tensor]


class Adaptable(nn.Module):
    """A layer whose output goes through ``adapter`` [T, B, C] or [B, T, C], if it has one: mixed into a
    library's layer, before it. Where a layer returns several things, the output is the first."""

    adapter: Callable[[Tensor], Tensor] | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the library's layer returns."""
        output = super().forward(*args, **kwargs)
        if self.adapter is None:
            return output
        return self.adapter(output) if isinstance(output, Tensor) else (self.adapter(output[0]), *output[1:])


class Place(NamedTuple):
    """A layer that can have adapters, ``width`` wide, and its linear layers by name."""

    layer: Adaptable
    width: int
    linears: Mapping[str, Linear]


def shapes_of(places: Mapping[str, Place], kind: str, size: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors of one row of a network: ``{site}.{part}`` -> shape. ``places``: by stack and number
    of the layer, ``encoder.0``. ``kind`` and ``size``: see ``units.adapters.adapter_shapes``."""
    shapes: dict[str, tuple[int, ...]] = {}
    for place, one in places.items():
        if kind != "lora":
            shapes |= bottleneck_shapes(place, one.width, size)
            continue
        for name, linear in one.linears.items():
            shapes |= lora_shapes(f"{place}.{name}", linear.out_features, linear.in_features, size)
    return shapes


class Adapters(Laying):
    """Rows of adapters for one network, at most one of them on it."""

    def __init__(self, network: nn.Module, places: Mapping[str, Place], rows: Mapping[str, Row]) -> None:
        """``places``: the network's. ``rows``: by name, all of one kind, as ``shapes_of`` has them."""
        self._network = network
        self._rows = rows
        self._places = places
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
        for place, one in self._places.items():
            if f"{place}.down.weight" in tensors:
                self._fired[place] = False
                one.layer.adapter = partial(self._bottleneck, place, tensors)
                continue
            for name, linear in one.linears.items():
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
            self._places[place].layer.adapter = None
        self._linears.clear()
        self._fired.clear()

    def check_fired(self) -> None:
        """Raise RuntimeError naming the sites whose adapters were not used since the selection."""
        used = self._fired | {site: linear.fired > 0 for site, linear in self._linears.items()}
        if not used or (silent := [site for site, once in used.items() if not once]):
            raise RuntimeError(f"adapters were never used in: {', '.join(silent) if used else 'any layer'}")


class TrainedAdapters(nn.ModuleList):
    """The parameters of rows of adapters, all that is trained of a network: its module ``adapters``."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], rows: list[str]) -> None:
        """Draw them. ``shapes``: of one row; ``rows``: names."""
        self.names = rows
        self.shapes = shapes
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


def one_row(
    network: nn.Module, places: Mapping[str, Place], adapter: AdapterRow
) -> AbstractContextManager[Any]:
    """Return the block in which a system's row of adapters is on a network; UserError if it does not fit."""
    read = read_adapter_row(adapter, shapes_of(places, adapter.kind, adapter.size))
    row = {name: torch.from_numpy(tensor) for name, tensor in read.items()}
    return Adapters(network, places, {adapter.row: row}).use(adapter.row)


def train_adapters(network: nn.Module, shapes: Mapping[str, tuple[int, ...]], rows: list[str]) -> None:
    """Give the network its module ``adapters``, new ones, beside which nothing is trained."""
    network.requires_grad_(False)
    network.adapters = TrainedAdapters(shapes, rows)
