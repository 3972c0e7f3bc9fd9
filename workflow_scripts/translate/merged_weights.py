"""What a direction has beside weights, computed into these: LoRA, and masks of single weights."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.adapters import SCALE, adapter_shapes
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import DESCRIPTION, SystemFolder
from workflow_scripts.units.weights_file import load_weights, read_adapter_row, weight_name

Weights = dict[str, NDArray[np.float32]]


def weights_of(system: SystemFolder, direction: str, masks: MaskTable | None) -> Weights:
    """Return the weights that translate a direction, (W + LoRA) o mask, by fairseq's names. ``masks``: one
    row. UserError for an adapter that is not LoRA, and for files that do not fit."""
    adapter = system.adapter_of(direction)
    if adapter is not None and adapter.kind != "lora":
        raise UserError(
            f"{system.folder / DESCRIPTION}: {direction} has an adapter of kind {adapter.kind!r}, which"
            " ctranslate2 has no layer for; use --engine fairseq"
        )
    weights = load_weights(system.weights_of(direction), system.architecture)
    if adapter is not None:
        add_lora(
            weights,
            read_adapter_row(adapter, adapter_shapes(system.architecture, adapter.kind, adapter.size)),
        )
    if masks is not None:
        mask_weights(weights, masks)
    return weights


def add_lora(weights: Weights, adapter: Mapping[str, NDArray[np.float32]]) -> None:
    """Add the LoRA of a row, ``{site}.down`` and ``{site}.up``, to the weights."""
    for key in adapter:
        site, _, part = key.rpartition(".")
        if part == "up":
            weights[weight_name(site)] += SCALE * (adapter[key] @ adapter[f"{site}.down"])


def mask_weights(weights: Weights, masks: MaskTable) -> None:
    """Set the single weights to zero that the one row of masks does not keep."""
    keep = masks.row(masks.rows[0])
    for key, part in masks.space.slices().items():
        if masks.space.group(key).kind == "weight":
            weights[weight_name(key)] *= keep[part].reshape(weights[weight_name(key)].shape)
