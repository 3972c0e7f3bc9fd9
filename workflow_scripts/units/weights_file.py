"""Weights and adapters of a system's folder, read without torch, and the names that weights have there."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.space import ATTENTIONS

NO_FLOATS = "not a safetensors file of float32"
LAYER = re.compile(r"(?P<stack>encoder|decoder)\.layers\.(?P<number>\d+)\.")


def weight_name(key: str) -> str:
    """Return fairseq's name of the weights of a group: of ``encoder.0.self.q``
    ``encoder.layers.0.self_attn.q_proj.weight``."""
    stack, layer, name, *part = key.split(".")
    inside = f"{ATTENTIONS[name]}.{part[0]}_proj" if part else name
    return f"{stack}.layers.{layer}.{inside}.weight"


class LazyTensor:
    """A tensor that numpy makes an array of (``np.asarray``) each time that it is asked; it holds nothing."""

    def __init__(self, shape: tuple[int, ...], make: Callable[[], NDArray[Any]]) -> None:
        """``make``: returns the array, of ``shape``."""
        self.shape = shape
        self._make = make

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the array; it is new, so that ``copy`` changes nothing."""
        return np.asarray(self._make(), dtype=dtype)


def open_weights(path: Path, architecture: Mapping[str, Any]) -> dict[str, LazyTensor]:
    """Return a system's weights by name, each read from the file when it is asked for: DamagedFileError then
    for one that is not finite. UserError for what is no such file, or for a layer too many."""
    weights = {}
    try:
        # Not mapped into memory: pages of the file would be a second copy of the weights.
        file = safe_open(path, framework="numpy", backend="pread")
        for name in file.keys():  # noqa: SIM118 - it is no mapping
            layer = LAYER.match(name)
            if layer and int(layer["number"]) >= architecture[f"{layer['stack']}_layers"]:
                raise UserError(
                    f"{path}: tensor {name} is not part of the architecture, which has"
                    f" {architecture[layer['stack'] + '_layers']} {layer['stack']} layers; export the system"
                    " again"
                )
            shape = tuple(file.get_slice(name).get_shape())
            weights[name] = LazyTensor(shape, partial(_read_tensor, path, file, name))
    except SafetensorError as error:
        raise UserError(f"{path}: {NO_FLOATS} ({error}); export the system again") from None
    return weights


def _read_tensor(path: Path, file: Any, name: str) -> NDArray[Any]:
    """Return a tensor; DamagedFileError for one that is not of finite floats."""
    try:
        tensor: NDArray[Any] = file.get_tensor(name)
    except (SafetensorError, KeyError, TypeError) as error:  # the latter two: a type that numpy lacks
        raise DamagedFileError(f"{path}: {NO_FLOATS} ({error}); export the system again") from None
    if tensor.dtype.kind != "f":
        raise DamagedFileError(
            f"{path}: tensor {name} is {tensor.dtype}, not float32; export the system again"
        )
    if not is_finite(tensor):
        raise DamagedFileError(f"{path}: tensor {name} holds NaN or infinite values; export the system again")
    return tensor


def is_finite(tensor: NDArray[Any]) -> bool:
    """Return whether all values are finite. A sum of values that are not is not finite either."""
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum of finite values may be too large.
        return bool(np.isfinite(tensor.sum()) or np.isfinite(tensor).all())


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
        raise UserError(f"{path}: {NO_FLOATS} ({error}); export the system again") from None
    return found
