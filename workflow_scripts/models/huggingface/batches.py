"""Texts of a model as ids, and batches of them: made in a fixed order, padded on the right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.batching import Lines

#: The label of a position that has none.
NO_LABEL = -100


@dataclass(frozen=True)
class Batch:
    """B sentences of one direction; all tensors are int64. ``lines`` [B]: line numbers in the subset, from 0.
    ``source`` [B, S] and ``source_lengths`` [B]. ``decoder_input`` [B, T]: what begins a target, then the
    labels but their last. ``labels`` [B, T]: ``NO_LABEL`` behind a target's end. ``tagged``: the target's
    first label is its language's tag, which is given in decoding."""

    lines: Tensor
    source: Tensor
    source_lengths: Tensor
    decoder_input: Tensor
    labels: Tensor
    tagged: bool

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def source_mask(self) -> Tensor:
        """Which positions of the source are text, bool [B, S]."""
        return torch.arange(self.source.shape[1]) < self.source_lengths[:, None]

    @property
    def labelled(self) -> Tensor:
        """Which positions of the target have a label, bool [B, T]: there and nowhere else the decoder reads
        text. By the ids of its input that could not be told: one family begins with the id of padding."""
        return self.labels.ne(NO_LABEL)

    @property
    def target_lengths(self) -> Tensor:
        """The positions of each target, int64 [B]."""
        return self.labelled.sum(dim=1)

    def inputs_of(self, sentences: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return ``decoder_input`` and ``labelled``: of all sentences, or of those of these numbers [b]
        without what is padding to all of them."""
        if sentences is None:
            return self.decoder_input, self.labelled
        longest = int(self.target_lengths[sentences].max())
        return self.decoder_input[sentences, :longest], self.labelled[sentences, :longest]


@dataclass(frozen=True)
class TextTask:
    """A direction's sentences as ids, with all that the model adds; ``files``: where the text is from."""

    name: str
    sources: Sequence[NDArray[np.int32]]
    targets: Sequence[NDArray[np.int32]]
    tagged: bool
    files: Sequence[Path] = ()

    @property
    def source_sizes(self) -> NDArray[np.int64]:
        """The positions of each source."""
        return np.array([len(one) for one in self.sources], dtype=np.int64)

    @property
    def target_sizes(self) -> NDArray[np.int64]:
        """The positions of each target."""
        return np.array([len(one) for one in self.targets], dtype=np.int64)


class Batches:
    """The batches of one direction, made on each iteration; ``len`` is their number. ``lines``: the line
    numbers of each batch. ``skipped``: lines over the limit of positions. ``padding`` and ``start``: ids."""

    def __init__(self, task: TextTask, lines: list[Lines], skipped: int, padding: int, start: int) -> None:
        self.lines, self.skipped = lines, skipped
        self._task, self._padding, self._start = task, padding, start

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Batch]:
        return (self._batch(lines) for lines in self.lines)

    def _batch(self, lines: Lines) -> Batch:
        sources = [self._task.sources[line] for line in lines]
        targets = [self._task.targets[line] for line in lines]
        return batch_of(lines, sources, targets, self._task.tagged, self._padding, self._start)


def batch_of(
    lines: Lines,
    sources: Sequence[NDArray[np.int32]],
    targets: Sequence[NDArray[np.int32]],
    tagged: bool,
    padding: int,
    start: int,
) -> Batch:
    """Return the batch of sentences of these ``lines`` and ids; for the rest see ``Batches``."""
    labels = padded(targets, NO_LABEL)
    return Batch(
        lines=torch.from_numpy(lines),
        source=padded(sources, padding),
        source_lengths=torch.tensor([len(one) for one in sources]),
        decoder_input=shifted(labels, start, padding),
        labels=labels,
        tagged=tagged,
    )


def text_files(data: Path, subset: str, direction: str) -> list[Path]:
    """Return the files of a direction's source and target, ``SUBSET/de-en.de.txt`` and ``….en.txt``. They may
    have the pair's name the other way round. UserError if one is missing."""
    sides = split_direction(direction)
    pairs = ("-".join(one) for one in (sides, reversed(sides)))
    either = [[data / subset / f"{pair}.{language}.txt" for language in sides] for pair in pairs]
    for files in either:
        if all(path.is_file() for path in files):
            return files
    missing = next(path for path in either[0] if not path.is_file())
    raise UserError(f"{missing}: no such file, for {subset} of {direction}")


def shifted(labels: Tensor, start: int, padding: int) -> Tensor:
    """Return the decoder's input [B, T] of labels [B, T]: ``start``, then the labels but their last.

    Where there is no label the input is padding. (The library's own shift leaves ``</s>`` of the shorter
    sentences there.)
    """
    moved = torch.cat([torch.full_like(labels[:, :1], start), labels[:, :-1]], dim=1)
    return moved.masked_fill(labels.eq(NO_LABEL), padding)


def padded(sentences: Sequence[NDArray[np.int32]], padding: int) -> Tensor:
    """Return the ids of sentences, int64 [B, T], padded on the right."""
    found = torch.full((len(sentences), max(map(len, sentences))), padding, dtype=torch.int64)
    for row, sentence in zip(found, sentences, strict=True):
        row[: len(sentence)] = torch.from_numpy(sentence)
    return found
