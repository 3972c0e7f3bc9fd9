"""Batches of a task's examples: made in a fixed order, padded on the right."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from workflow_scripts.models.batching import Lines
from workflow_scripts.models.huggingface.batches import padded
from workflow_scripts.models.huggingface.encoders.tasks import ExampleTask


@dataclass(frozen=True)
class Batch:
    """B examples of the task ``name``. ``lines`` [B]: their numbers, from 0. ``ids``: int64 [B, S].
    ``lengths`` [B]. ``types``: int64 [B, S] or None. ``gold``: [B], int64 of classes, float32 of numbers."""

    name: str
    lines: Tensor
    ids: Tensor
    lengths: Tensor
    types: Tensor | None
    gold: Tensor

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def mask(self) -> Tensor:
        """Which positions are text, bool [B, S]."""
        return torch.arange(self.ids.shape[1]) < self.lengths[:, None]


class Batches:
    """The batches of one task, made on each iteration; ``len`` is their number. ``lines``: the numbers of
    each batch's examples. ``skipped``: those over the limit of positions; texts were cut before."""

    def __init__(self, task: ExampleTask, lines: list[Lines], skipped: int, padding: int) -> None:
        self.lines, self.skipped, self.task, self._padding = lines, skipped, task, padding

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Batch]:
        return (batch_of(self.task, lines, self._padding) for lines in self.lines)


def batch_of(task: ExampleTask, lines: Lines, padding: int) -> Batch:
    """Return some examples of a task as a batch."""
    ids = [task.ids[line] for line in lines]
    gold = torch.from_numpy(task.gold[lines])
    return Batch(
        name=task.name,
        lines=torch.from_numpy(lines),
        ids=padded(ids, padding),
        lengths=torch.tensor([len(one) for one in ids]),
        types=None if task.types is None else padded([task.types[line] for line in lines], 0),
        gold=gold if task.spec.labels else gold.float(),
    )
