"""Texts of one language as ids, and batches of them: the label of a position is the next token."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.models.batching import Lines
from workflow_scripts.models.huggingface.batches import NO_LABEL, Batch, padded

#: No position reads padding, so any id will do.
PADDING = 0


@dataclass(frozen=True)
class LanguageTask:
    """The texts of a language as ids, with all that the model adds; ``files``: where they are from."""

    name: str
    texts: Sequence[NDArray[np.int32]]
    files: Sequence[Path] = ()

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The positions of each text: the last token has no next one."""
        return np.array([max(0, len(one) - 1) for one in self.texts], dtype=np.int64)


class CausalBatches:
    """The batches of one text, made on each iteration; ``len`` is their number. ``lines``: the line numbers
    of each batch. ``skipped``: lines over the limit of positions, or without a label."""

    def __init__(self, task: LanguageTask, lines: list[Lines], skipped: int) -> None:
        self.lines, self.skipped = lines, skipped
        self._task = task

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Batch]:
        return (self._batch(lines) for lines in self.lines)

    def _batch(self, lines: Lines) -> Batch:
        texts = [self._task.texts[line] for line in lines]
        return Batch(
            lines=torch.from_numpy(lines),
            # There is no source: it has no positions.
            source=torch.empty(len(lines), 0, dtype=torch.int64),
            source_lengths=torch.zeros(len(lines), dtype=torch.int64),
            decoder_input=padded([one[:-1] for one in texts], PADDING),
            labels=padded([one[1:] for one in texts], NO_LABEL),
            tagged=False,
        )
