"""What a direction has beside weights, computed into these: LoRA, and masks of single weights."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.adapters import SCALE, lora_shapes
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import STACKS, weight_names
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.weights_file import LazyTensor, open_weights, read_adapter_row, weight_name

Weights = dict[str, LazyTensor]
#: The name of the weights of a group, such as ``encoder.0.self.q``.
NameOf = Callable[[str], str]


def weights_of(
    system: SystemFolder, direction: str, masks: MaskTable | None, name_of: NameOf = weight_name
) -> Weights:
    """Return the weights that translate a direction, (W + LoRA) o mask, by the names of their file.
    ``masks``: one row. ``name_of``: the name of a group's weights. UserError for an adapter that is not LoRA,
    and for files that do not fit."""
    adapter = system.adapter_of(direction)
    if adapter is not None and adapter.kind != "lora":
        raise UserError(
            f"{system.folder / DESCRIPTION}: {direction} has an adapter of kind {adapter.kind!r}, which"
            f" ctranslate2 has no layer for; use --engine {system.port}"
        )
    weights = open_weights(system.weights_of(direction), system.architecture)
    if adapter is not None:
        shapes = shapes_of(weights, system.architecture, adapter.size, name_of)
        add_lora(weights, read_adapter_row(adapter, shapes), name_of)
    if masks is not None:
        mask_weights(weights, masks, name_of)
    return weights


def shapes_of(
    weights: Weights, architecture: Mapping[str, Any], size: int, name_of: NameOf
) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a row of LoRA of rank ``size``: ``{site}.{part}`` -> shape. They fit the weights:
    not every architecture says how wide heads are together."""
    shapes: dict[str, tuple[int, ...]] = {}
    for stack in STACKS:
        for layer in range(architecture[f"{stack}_layers"]):
            for one in weight_names(stack, architecture):
                site = f"{stack}.{layer}.{one}"
                outputs, inputs = weights[name_of(site)].shape
                shapes |= lora_shapes(site, outputs, inputs, size)
    return shapes


def add_lora(weights: Weights, adapter: Mapping[str, NDArray[np.float32]], name_of: NameOf) -> None:
    """Add the LoRA of a row, ``{site}.down`` and ``{site}.up``, to the weights."""
    for key in adapter:
        site, _, part = key.rpartition(".")
        if part == "up":
            name = name_of(site)
            made = partial(_with_lora, weights[name], adapter[key], adapter[f"{site}.down"])
            weights[name] = LazyTensor(weights[name].shape, made)


def _with_lora(weight: LazyTensor, up: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    summed: NDArray[np.float32] = np.asarray(weight) + SCALE * (up @ down)
    return summed


def mask_weights(weights: Weights, masks: MaskTable, name_of: NameOf) -> None:
    """Set the single weights to zero that the one row of masks does not keep."""
    keep = masks.row(masks.rows[0])
    for key, part in masks.space.slices().items():
        if masks.space.group(key).kind == "weight":
            name = name_of(key)
            made = partial(_masked, weights[name], keep[part])
            weights[name] = LazyTensor(weights[name].shape, made)


def _masked(weight: LazyTensor, keep: NDArray[np.bool_]) -> NDArray[np.float32]:
    left: NDArray[np.float32] = np.asarray(weight) * keep.reshape(weight.shape)
    return left
