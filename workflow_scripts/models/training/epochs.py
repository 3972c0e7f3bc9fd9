"""Which examples an epoch of several directions holds, and in what order, whichever library reads them.

An example's number is `offset of its direction + line number`: whole arrays are grouped and filtered.
"""

import logging
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError, first_of
from workflow_scripts.common.sampling_rules import exponent
from workflow_scripts.models.training.drawing import (
    default_virtual_size,
    epoch_counts,
    temperature_probabilities,
)
from workflow_scripts.models.training.grouping import (
    Integers,
    direction_numbers,
    group_by_direction,
    number_type,
    sort_by_length,
)

logger = logging.getLogger(__name__)

BY_DIRECTION = "by_direction"
MIXED = "mixed"


class Lines(Protocol):
    """The sentence pairs of one direction. Sizes count all that the model adds."""

    @property
    def name(self) -> str:
        """The direction."""

    @property
    def sources(self) -> Sequence[tuple[int, float]]:
        """Lines and weight of each source of text, in order; empty where all weigh the same."""

    @property
    def weight(self) -> float:
        """Sentences, each as often as its source's weight says."""

    @property
    def source_sizes(self) -> NDArray[np.int32]:
        """Tokens of each source, int32."""

    @property
    def target_sizes(self) -> NDArray[np.int32]:
        """Tokens of each target, int32."""

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw `count` line numbers, int64."""

    def __len__(self) -> int: ...


Direction = TypeVar("Direction", bound=Lines)


class Epochs(Generic[Direction]):
    """All directions of one subset; each epoch draws its examples by (seed, epoch) alone, also when resumed.

    `sampler`: `by_direction` (a batch holds one direction) or `mixed`. `temperature`: 1 keeps the sizes.
    `sampling`: a rule of `common.sampling_rules` in its place, or None. `counts`: examples of each direction
    in this epoch, int64. `virtual_epoch_size`: examples in an epoch; None: all once at temperature 1, else
    as in fairseq. `shuffle`: False for validation: every example once, in a fixed order.
    """

    def __init__(
        self,
        directions: Sequence[Direction],
        seed: int = 1,
        sampler: str = BY_DIRECTION,
        temperature: float = 1.0,
        sampling: str | None = None,
        virtual_epoch_size: int | None = None,
        shuffle: bool = True,
    ) -> None:
        if sampler not in (BY_DIRECTION, MIXED):
            raise UserError(f"sampler {sampler!r} in the training settings: use {BY_DIRECTION} or {MIXED}")
        self.directions = list(directions)
        self.seed, self.sampler, self.shuffle = seed, sampler, shuffle
        counts = [len(data) for data in self.directions]
        empty = [data.name for data in self.directions if len(data) == 0]
        if empty:
            raise UserError(f"direction {empty[0]} has no examples")
        self.offsets = np.cumsum([0, *counts])
        self.source_sizes = np.concatenate([data.source_sizes for data in self.directions])
        self.target_sizes = np.concatenate([data.target_sizes for data in self.directions])
        self._temperature, self._sampling = temperature, sampling
        self._virtual_epoch_size = virtual_epoch_size
        self.set_epoch(1)

    def _counts(self) -> NDArray[np.int64]:
        temperature, size = self._temperature, self._virtual_epoch_size
        if self._sampling is not None:
            temperature = 1 / exponent(self._sampling, self.epoch)
        unweighted = not any(data.sources for data in self.directions)
        if not self.shuffle or (temperature == 1.0 and size is None and unweighted):
            return np.diff(self.offsets).astype(np.int64)
        sizes = [data.weight for data in self.directions]
        probabilities = temperature_probabilities(sizes, temperature)
        return epoch_counts(probabilities, size or default_virtual_size(sizes, probabilities))

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Tokens of the longer side of each example, int32."""
        return np.maximum(self.source_sizes, self.target_sizes)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that `ordered_indices` draws."""
        self.epoch = epoch
        self.counts = self._counts()

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def direction_numbers(self, indices: Integers) -> NDArray[np.int16]:
        """Return the direction's number of each example, int16."""
        return direction_numbers(indices, self.offsets)

    def groups(self, indices: Integers) -> list[Integers]:
        """Return the examples, in order, that may be in a batch together: of each direction, or all."""
        return group_by_direction(indices, self.offsets) if self.sampler == BY_DIRECTION else [indices]

    def ordered_indices(self) -> Integers:
        """Return the epoch's examples, sorted by source then target length (with the by_direction sampler
        one direction after another); equal lengths in random order."""
        rng = np.random.default_rng([self.seed, self.epoch])
        indices = np.empty(self.counts.sum(), dtype=number_type(len(self)))
        ends = np.cumsum(self.counts)
        for data, offset, count, end in zip(self.directions, self.offsets, self.counts, ends, strict=False):
            indices[end - count : end] = offset + data.draw(int(count), rng)
        if self.shuffle:
            rng.shuffle(indices)
        if self.sampler == MIXED:
            return sort_by_length(indices, self.source_sizes, self.target_sizes)
        # Grouped first: sorting a direction's examples stays within the processor's cache.
        groups = group_by_direction(indices, self.offsets)
        return np.concatenate([sort_by_length(g, self.source_sizes, self.target_sizes) for g in groups])

    def check_each(self, subset: str, most: int) -> None:
        """Raise UserError for directions of which no sentence has at most ``most`` positions on both sides:
        their loss would read 0."""
        sizes = [(one.name, np.maximum(one.source_sizes, one.target_sizes)) for one in self.directions]
        if without := [name for name, longest in sizes if not (longest <= most).any()]:
            raise UserError(
                f"{subset} of {first_of(without)}: no sentence has at most {most} positions, so that nothing"
                " is measured; take a longer limit, or other text"
            )

    def filter_indices_by_size(
        self, indices: Integers, max_sizes: tuple[int, int] | int | None
    ) -> tuple[Integers, list[int]]:
        """Drop examples longer than (source, target) positions; says how many, by direction."""
        if max_sizes is None:
            return indices, []
        most_source, most_target = (max_sizes, max_sizes) if isinstance(max_sizes, int) else max_sizes
        keep = (self.source_sizes[indices] <= most_source) & (self.target_sizes[indices] <= most_target)
        ignored = indices[~keep]
        if len(indices) and not keep.any():
            raise UserError(
                f"none of {len(indices)} examples has at most {most_source} source and {most_target} target"
                " positions; raise model.max_positions, or look at the text"
            )
        if len(ignored):
            per = np.bincount(self.direction_numbers(ignored), minlength=len(self.directions))
            named = ", ".join(f"{d.name} {n}" for d, n in zip(self.directions, per, strict=True) if n)
            logger.warning(
                f"{len(ignored)} examples over {most_source}/{most_target} positions left out: {named}"
            )
        return indices[keep], ignored.tolist()
