"""Adapters: small layers that are trained in place of the model, a set of them for each row (a direction, a
language or a family).

- ``lora`` (Hu et al. 2021): each weight matrix of attention and FFN becomes W + SCALE x up down, with down
  [size, inputs] and up [outputs, size]. The output projection, which may be the embedding, is left alone.
- ``bottleneck`` (Bapna and Firat 2019): the output x of each layer of both stacks, after its FFN block, is
  x + up ReLU(down norm(x)), with a layer norm of its own, down [size, model_dim] and up [model_dim, size].

``up`` begins at zero, so an adapter that was not trained changes nothing.
"""

import hashlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from workflow_scripts.units.space import STACKS, weight_shapes

FILE = "adapters.safetensors"
KINDS = ("bottleneck", "lora")
#: alpha / r of Hu et al., the same for every size.
SCALE = 2.0


class AdapterRow(NamedTuple):
    """A row of adapters and its file."""

    file: Path
    row: str
    kind: str
    size: int

    def sha256_on(self, weights: str, adapters: str) -> str:
        """Return the SHA-256 of a direction's weights with this row: counts that were made through it are not
        those of the weights alone. ``weights``, ``adapters``: the SHA-256 of the files."""
        return hashlib.sha256(f"{weights} {adapters} {self.row}".encode()).hexdigest()


def adapter_shapes(architecture: Mapping[str, Any], kind: str, size: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors of one row: ``{site}.{part}`` -> shape. ``architecture``: that of system.json.
    ``kind``: one of KINDS. ``size``: the rank, or the width of the bottleneck."""
    shapes: dict[str, tuple[int, ...]] = {}
    width = architecture["model_dim"]
    for stack in STACKS:
        for layer in range(architecture[f"{stack}_layers"]):
            place = f"{stack}.{layer}"
            if kind == "lora":
                for name, (outputs, inputs) in weight_shapes(stack, architecture).items():
                    shapes |= lora_shapes(f"{place}.{name}", outputs, inputs, size)
            else:
                shapes |= bottleneck_shapes(place, width, size)
    return shapes


def lora_shapes(site: str, outputs: int, inputs: int, size: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors that LoRA has for one matrix [outputs, inputs]."""
    return {f"{site}.down": (size, inputs), f"{site}.up": (outputs, size)}


def bottleneck_shapes(place: str, width: int, size: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors of one layer's bottleneck; the layer is ``width`` wide."""
    return {
        f"{place}.norm.weight": (width,),
        f"{place}.norm.bias": (width,),
        f"{place}.down.weight": (size, width),
        f"{place}.down.bias": (size,),
        f"{place}.up.weight": (width, size),
        f"{place}.up.bias": (width,),
    }


def adapter_parameters(architecture: Mapping[str, Any], kind: str, size: int, rows: int) -> int:
    """Return the number of parameters of so many rows."""
    return rows * sum(map(prod, adapter_shapes(architecture, kind, size).values()))
