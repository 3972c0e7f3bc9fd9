"""What the processes of a training ask each other; a process that is alone answers itself."""

from datetime import timedelta

import torch
from torch import distributed

# For a collective, in which the others wait while process 0 writes checkpoints and decodes for BLEU. It ends
# a training of which a machine is gone or a process hangs.
SILENCE = timedelta(minutes=30)


def from_rank_0(value: float) -> float:
    """Return process 0's `value`."""
    return float(tensor_from_rank_0(torch.tensor([value], dtype=torch.float64)).item())


def tensor_from_rank_0(value: torch.Tensor) -> torch.Tensor:
    """Return process 0's `value`, on the CPU; all give one of its shape and type."""
    if not distributed.is_initialized():
        return value
    shared = value.to(_device(), copy=True)
    distributed.broadcast(shared, src=0)
    return shared.cpu()


def highest_of_all(value: int) -> int:
    """Return the largest `value` of all processes."""
    if not distributed.is_initialized():
        return value
    shared = torch.tensor([value], device=_device())
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return int(shared.item())


def any_of_all(flags: torch.Tensor) -> torch.Tensor:
    """Return where a flag is set in some process; ``flags`` bool, of one shape in all."""
    if not distributed.is_initialized():
        return flags
    shared = flags.to(_device(), torch.uint8)
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return shared.to("cpu", torch.bool)


def sum_of_all(values: torch.Tensor) -> torch.Tensor:
    """Return the sums of all processes, on the CPU; all give one of its shape and type."""
    if not distributed.is_initialized():
        return values
    shared = values.to(_device(), copy=True)
    distributed.all_reduce(shared)
    return shared.cpu()


def _device() -> str:
    return "cuda" if distributed.get_backend() == "nccl" else "cpu"
