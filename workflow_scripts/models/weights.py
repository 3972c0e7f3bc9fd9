"""Files of weights in safetensors, whichever library's names they have; tied tensors by their storage."""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path


def save_tensors(named: Mapping[str, Tensor], path: str | Path) -> None:
    """Write tensors to ``path`` as float32; UserError naming one that is not finite."""
    tensors = {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in named.items()}
    check_finite(tensors, path)
    with atomic_path(path) as temporary:
        # safetensors makes files that only their owner can read: keep what the umask would give.
        temporary.touch()
        mode = temporary.stat().st_mode
        try:
            save_file(tensors, temporary, metadata={"format": "pt"})
        except SafetensorError as error:
            # The number is in its text alone: "… I/O error: … (os error 28)".
            number = re.search(r"os error (\d+)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None
        temporary.chmod(mode)


def save_adapters(rows: Mapping[str, Mapping[str, Tensor]], path: str | Path) -> None:
    """Write rows of adapters to ``path``, each tensor as ``{row}.{name}``, as ``save_tensors``."""
    named = {f"{row}.{name}": one for row, tensors in rows.items() for name, one in tensors.items()}
    save_tensors(named, path)


def read_tensors(path: str | Path, again: str = "export the system again") -> dict[str, Tensor]:
    """Return the tensors of a file by name; UserError if it is missing or damaged. ``again``: what to do."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no weights here")
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path}: not a safetensors file ({error}); {again}") from None
    return tensors


def check_finite(tensors: Mapping[str, Tensor], origin: str | Path) -> None:
    """Raise UserError naming a tensor that holds NaN or infinite values."""
    for name, tensor in tensors.items():
        # The extremes are NaN or infinite where any value is: one pass, six times as fast as asking each.
        if tensor.numel() and not all(map(math.isfinite, map(float, tensor.aminmax()))):
            raise UserError(f"{origin}: tensor {name} holds NaN or infinite values")
