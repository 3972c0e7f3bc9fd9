"""What the processes of one training say to each other."""

from __future__ import annotations

import workflow_scripts.models.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq.distributed import utils as distributed_utils


def from_rank_0(value: float) -> float:
    """Return process 0's `value` in every process; all call it at the same place. Alone: the value itself."""
    if not torch.distributed.is_initialized():
        return value
    group = distributed_utils.get_data_parallel_group()
    device = "cuda" if torch.distributed.get_backend(group) == "nccl" else "cpu"
    told = torch.tensor([value], dtype=torch.float64, device=device)
    torch.distributed.broadcast(told, src=0, group=group)
    return float(told.item())
