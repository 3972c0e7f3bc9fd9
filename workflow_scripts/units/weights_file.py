"""Weights and adapters of a system's folder, read without torch, and the names that weights have there."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.space import ATTENTIONS

LAYER = re.compile(r"(?P<side>encoder|decoder)\.layers\.(?P<number>\d+)\.")


def weight_name(key: str) -> str:
    """Return fairseq's name of the weights of a group: of ``encoder.0.self.q``
    ``encoder.layers.0.self_attn.q_proj.weight``."""
    stack, layer, name, *part = key.split(".")
    inside = f"{ATTENTIONS[name]}.{part[0]}_proj" if part else name
    return f"{stack}.layers.{layer}.{inside}.weight"


def load_weights(path: Path, architecture: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Return a system's weights by name; UserError for a tensor that is not finite or does not fit."""
    try:
        weights: dict[str, NDArray[Any]] = load_file(path)
    except (SafetensorError, KeyError, TypeError) as error:  # the latter two: a type that numpy lacks
        raise UserError(
            f"{path}: not a safetensors file of float32 ({error}); export the system again"
        ) from None
    for name, tensor in weights.items():
        layer = LAYER.match(name)
        if layer and int(layer["number"]) >= architecture[f"{layer['side']}_layers"]:
            raise UserError(
                f"{path}: tensor {name} is not part of the architecture, which has"
                f" {architecture[layer['side'] + '_layers']} {layer['side']} layers; export the system again"
            )
        if tensor.dtype.kind != "f":
            raise UserError(f"{path}: tensor {name} is {tensor.dtype}, not float32; export the system again")
        if not np.isfinite(tensor).all():
            raise UserError(f"{path}: tensor {name} holds NaN or infinite values; export the system again")
    return weights


def read_adapter_row(
    adapter: AdapterRow, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of a row of adapters. ``shapes``: as ``adapter_shapes`` has them for its kind and
    size. UserError naming one that is missing, does not fit or is not finite."""
    path, row = adapter.file, adapter.row
    found = {}
    try:
        with safe_open(path, framework="numpy") as file:
            names = set(file.keys())
            for name, shape in shapes.items():
                if (key := f"{row}.{name}") not in names:
                    raise UserError(
                        f"{path}: adapter row {row!r} has no tensor {name!r}; export the system again"
                    )
                found[name] = tensor = file.get_tensor(key)
                if tensor.shape != shape or tensor.dtype != np.float32:
                    raise UserError(
                        f"{path}: tensor {key} is {tensor.dtype} {tensor.shape}, the system needs float32"
                        f" {shape}; export the system again"
                    )
                if not np.isfinite(tensor).all():
                    raise UserError(
                        f"{path}: tensor {key} holds NaN or infinite values; export the system again"
                    )
    except (SafetensorError, KeyError, TypeError) as error:  # the latter two: a type that numpy lacks
        raise UserError(
            f"{path}: not a safetensors file of float32 ({error}); export the system again"
        ) from None
    return found
