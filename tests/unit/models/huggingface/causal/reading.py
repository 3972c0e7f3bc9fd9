"""What tests of language models do with a port: a batch, its losses, drawn masks, a copy to change."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch

from workflow_scripts.models.huggingface.batches import Batch
from workflow_scripts.models.huggingface.causal.families import FAMILIES
from workflow_scripts.models.huggingface.causal.port import CausalPort
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace


def whole_batch(port: CausalPort, texts: Path, lines: int = 6) -> Batch:
    (batch,) = port.batches(port.task(texts, "valid", "de"), 10_000, max_lines=lines)
    return batch


def drawn(space: UnitSpace) -> MaskTable:
    keep = np.random.default_rng(3).random((1, space.size)) < 0.5
    return MaskTable(["row"], keep, space, {})


def losses(port: CausalPort, batch: Batch) -> torch.Tensor:
    with torch.inference_mode():
        return port.loss(batch)[0]


def changed(port: CausalPort, case: str) -> CausalPort:
    """A copy whose weights a test may change."""
    return CausalPort(copy.deepcopy(port.model), FAMILIES[case], port.text)
