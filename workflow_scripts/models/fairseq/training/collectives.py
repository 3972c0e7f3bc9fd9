"""What the processes of a training ask each other; a process that is alone answers itself."""

from datetime import timedelta

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import torch
from fairseq.distributed import utils as distributed_utils
from torch import distributed

# For a collective, in which the others wait while process 0 writes checkpoints and decodes for BLEU. It ends
# a training of which a machine is gone or a process hangs.
SILENCE = timedelta(minutes=30)


def make_global_group() -> None:
    """Let fairseq's collectives wait as long as SILENCE; called by all processes once they can speak."""
    if distributed.is_initialized():
        distributed_utils.get_global_group._global_group = distributed.new_group(timeout=SILENCE)


def from_rank_0(value: float) -> float:
    """Return process 0's `value`."""
    return float(tensor_from_rank_0(torch.tensor([value], dtype=torch.float64)).item())


def tensor_from_rank_0(value: torch.Tensor) -> torch.Tensor:
    """Return process 0's `value`, on the CPU; all give one of its shape and type."""
    if not distributed.is_initialized():
        return value
    group = distributed_utils.get_data_parallel_group()
    shared = value.to("cuda" if distributed.get_backend(group) == "nccl" else "cpu", copy=True)
    distributed.broadcast(shared, src=0, group=group)
    return shared.cpu()


def highest_of_all(value: int) -> int:
    """Return the largest `value` of all processes."""
    if not distributed.is_initialized():
        return value
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    shared = torch.tensor([value], device=device)
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return int(shared.item())


def any_of_all(flags: torch.Tensor) -> torch.Tensor:
    """Return where a flag is set in some process; ``flags`` bool, of one shape in all."""
    if not distributed.is_initialized():
        return flags
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    shared = flags.to(device, torch.uint8)
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return shared.to("cpu", torch.bool)
