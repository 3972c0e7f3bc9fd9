"""Training text as ids, in two flat arrays a direction, and batches of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.checked_options import named_once
from workflow_scripts.models.batching import cut
from workflow_scripts.models.huggingface.batches import Batch, batch_of
from workflow_scripts.models.huggingface.port import HuggingFacePort
from workflow_scripts.models.training.drawing import draw
from workflow_scripts.models.training.epochs import Epochs
from workflow_scripts.models.training.grouping import Integers


@dataclass(frozen=True)
class Sentences:
    """Ids of sentences one after another, int32, and where each ends, int64, from 0 on."""

    ids: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, sentences: Sequence[NDArray[np.int32]]) -> "Sentences":
        """Put sentences one after another."""
        ends = np.cumsum([0, *map(len, sentences)], dtype=np.int64)
        return cls(np.concatenate(sentences), ends)

    def __getitem__(self, line: int) -> NDArray[np.int32]:
        return self.ids[self.ends[line] : self.ends[line + 1]]

    @property
    def sizes(self) -> NDArray[np.int32]:
        """The tokens of each."""
        return np.diff(self.ends).astype(np.int32)


@dataclass(frozen=True)
class DirectionText:
    """A direction's sentences as ids, with all that the model adds."""

    name: str
    source: Sentences
    target: Sentences
    tagged: bool
    sources: Sequence[tuple[int, float]] = ()

    @property
    def weight(self) -> float:
        """Its sentences."""
        return len(self)

    @property
    def source_sizes(self) -> NDArray[np.int32]:
        """Tokens of each source."""
        return self.source.sizes

    @property
    def target_sizes(self) -> NDArray[np.int32]:
        """Tokens of each target."""
        return self.target.sizes

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """See ``drawing.draw``."""
        return draw(len(self), count, rng)

    def __len__(self) -> int:
        return len(self.source.ends) - 1


def read_texts(
    port: HuggingFacePort, folder: str, subset: str, directions: Sequence[str]
) -> list[DirectionText]:
    """Return the text of a subset of a folder, by direction; UserError as ``HuggingFacePort.task``, and for a
    direction that is named twice, whose text would count double."""
    named_once("directions", directions)
    found = []
    for name in directions:
        task = port.task(Path(folder), subset, name)
        sides = Sentences.of(task.sources), Sentences.of(task.targets)
        found.append(DirectionText(name, *sides, task.tagged))
    return found


class TextBatches:
    """Batches of at most ``max_tokens`` padded positions a side. ``most``: positions of the longest sentence
    that is used. ``padding`` and ``start``: ids."""

    def __init__(
        self, drawn: Epochs[DirectionText], most: int, max_tokens: int, padding: int, start: int
    ) -> None:
        self._drawn, self._most, self._max_tokens = drawn, most, max_tokens
        self._padding, self._start = padding, start

    def of_epoch(self, epoch: int) -> list[Integers]:
        """Return the examples of each batch of an epoch, in an order that the seed and the epoch draw, or in
        that of the text where it is not shuffled."""
        drawn = self._drawn
        drawn.set_epoch(epoch)
        indices, _ = drawn.filter_indices_by_size(drawn.ordered_indices(), self._most)
        found = [
            group[run]
            for group in drawn.groups(indices)
            for run in cut(np.maximum(drawn.source_sizes[group], drawn.target_sizes[group]), self._max_tokens)
        ]
        if not drawn.shuffle:
            return found
        order = np.random.default_rng([drawn.seed, epoch, 1]).permutation(len(found))
        return [found[number] for number in order]

    def batch(self, examples: Integers) -> tuple[Batch, list[int]]:
        """Return a batch, and the number of the direction of each of its sentences."""
        drawn = self._drawn
        numbers = [int(one) for one in np.searchsorted(drawn.offsets, examples, side="right") - 1]
        lines = [int(one - drawn.offsets[number]) for one, number in zip(examples, numbers, strict=True)]
        of = [drawn.directions[number] for number in numbers]
        batch = batch_of(
            np.array(lines, dtype=np.int64),
            [text.source[line] for text, line in zip(of, lines, strict=True)],
            [text.target[line] for text, line in zip(of, lines, strict=True)],
            of[0].tagged,
            self._padding,
            self._start,
        )
        return batch, numbers
