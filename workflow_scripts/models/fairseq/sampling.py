"""Which examples an epoch holds, and how they are batched: several directions in one fairseq dataset.

An example's number is `offset of its direction + line number`: whole arrays are grouped and filtered.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq.data import FairseqDataset, data_utils
from fairseq.data.indexed_dataset import MMapIndexedDataset
from fairseq.data.language_pair_dataset import collate
from numpy.typing import NDArray

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.sampling_rules import exponent
from workflow_scripts.models.fairseq.data_bin import check_binarised, data_files, side_prefixes
from workflow_scripts.models.fairseq.drawing import (
    Sources,
    default_virtual_size,
    draw,
    draw_weighted,
    epoch_counts,
    temperature_probabilities,
)
from workflow_scripts.models.fairseq.grouping import (
    Integers,
    direction_numbers,
    group_by_direction,
    number_type,
    sort_by_length,
)

logger = logging.getLogger(__name__)

BY_DIRECTION = "by_direction"
MIXED = "mixed"


@dataclass(frozen=True)
class DirectionData:
    """The two sides of one direction. Sizes count the language token and `</s>`."""

    name: str
    source: MMapIndexedDataset
    target: MMapIndexedDataset
    source_tag: int
    target_tag: int
    #: Lines and weight of each source of training text, in order; empty where all weigh the same.
    sources: Sequence[tuple[int, float]] = ()
    #: .bin and .idx of the source, then of the target.
    files: Sequence[Path] = ()

    @property
    def weight(self) -> float:
        """Sentences, each as often as its source's weight says."""
        return sum(lines * weight for lines, weight in self.sources) if self.sources else len(self)

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw `count` line numbers, int64: of each source by its lines and weight."""
        return draw_weighted(self.sources, count, rng) if self.sources else draw(len(self), count, rng)

    @property
    def source_sizes(self) -> NDArray[np.int32]:
        """Tokens of each source, int32."""
        return np.asarray(self.source.sizes, dtype=np.int32) + 1

    @property
    def target_sizes(self) -> NDArray[np.int32]:
        """Tokens of each target, int32."""
        return np.asarray(self.target.sizes, dtype=np.int32) + 1

    def __len__(self) -> int:
        return len(self.source)


def weighted(directions: Sequence[DirectionData], sources: Sources) -> list[DirectionData]:
    """Return directions with their sources, where there are any."""
    return [replace(data, sources=sources.get(data.name, ())) for data in directions]


def load_directions(
    data_bin: str | Path, subset: str, directions: Sequence[str], language_tokens: dict[str, int]
) -> list[DirectionData]:
    """Open the binary files of `directions`; both directions of a pair share the memory map. UserError for
    files that are missing, damaged or not aligned, and unknown languages."""
    opened: dict[str, MMapIndexedDataset] = {}
    loaded = []
    for direction in directions:
        languages = direction_languages(direction, language_tokens)
        files = data_files(data_bin, subset, direction)
        sides = []
        for prefix in side_prefixes(data_bin, subset, direction):
            if prefix not in opened:
                check_binarised(prefix)
                opened[prefix] = MMapIndexedDataset(prefix)
            sides.append(opened[prefix])
        if len(sides[0]) != len(sides[1]):
            raise UserError(
                f"{data_bin}: {subset} of {direction} has {len(sides[0])} source"
                f" but {len(sides[1])} target lines"
            )
        tags = [language_tokens[language] for language in languages]
        loaded.append(DirectionData(direction, sides[0], sides[1], tags[0], tags[1], files=files))
    return loaded


class MultiDirectionDataset(FairseqDataset):
    """All directions of one subset; each epoch draws its examples by (seed, epoch) alone, also when resumed.

    `sampler`: `by_direction` (a batch holds one direction) or `mixed`. `temperature`: 1 keeps the sizes.
    `sampling`: a rule of `common.sampling_rules` in its place, or None. `counts`: examples of each direction
    in this epoch, int64. `virtual_epoch_size`: examples in an epoch; None: all once at temperature 1, else
    as in fairseq. `shuffle`: False for validation: every example once, in a fixed order.
    """

    def __init__(
        self,
        directions: Sequence[DirectionData],
        pad: int,
        eos: int,
        seed: int = 1,
        sampler: str = BY_DIRECTION,
        temperature: float = 1.0,
        sampling: str | None = None,
        virtual_epoch_size: int | None = None,
        shuffle: bool = True,
    ) -> None:
        super().__init__()
        if sampler not in (BY_DIRECTION, MIXED):
            raise UserError(f"sampler {sampler!r} in the training settings: use {BY_DIRECTION} or {MIXED}")
        self.directions = list(directions)
        self.pad, self.eos = pad, eos
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
    def can_reuse_epoch_itr_across_epochs(self) -> bool:
        """Asked by fairseq, which must not keep its list of batches: each epoch draws others."""
        return not self.shuffle

    @property
    def supports_prefetch(self) -> bool:
        """Asked by fairseq."""
        return False

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

    def __getitem__(self, index: int) -> dict[str, Any]:
        number = int(np.searchsorted(self.offsets, index, side="right")) - 1
        data = self.directions[number]
        line = int(index) - int(self.offsets[number])
        return {
            "id": int(index),
            "direction": number,
            "source": torch.cat([torch.tensor([data.source_tag]), data.source[line]]),
            "target": torch.cat([torch.tensor([data.target_tag]), data.target[line]]),
        }

    def collater(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return fairseq's batch with `direction`: the number of its direction, -1 if there are several."""
        if not samples:
            return {}
        batch: dict[str, Any] = collate(
            samples, self.pad, self.eos, left_pad_source=True, left_pad_target=False
        )
        numbers = {sample["direction"] for sample in samples}
        batch["direction"] = numbers.pop() if len(numbers) == 1 else -1
        return batch

    def num_tokens(self, index: int) -> int:
        """Tokens of the longer side of one example."""
        return int(max(self.source_sizes[index], self.target_sizes[index]))

    def num_tokens_vec(self, indices: Integers) -> NDArray[np.int64]:
        """Tokens of the longer side of each of `indices`, int64."""
        return np.maximum(self.source_sizes[indices], self.target_sizes[indices]).astype(np.int64)

    def size(self, index: int) -> tuple[int, int]:
        """Tokens of (source, target) of one example."""
        return int(self.source_sizes[index]), int(self.target_sizes[index])

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

    def batch_by_size(
        self,
        indices: Integers,
        max_tokens: int | None = None,
        max_sentences: int | None = None,
        required_batch_size_multiple: int = 1,
    ) -> list[Integers]:
        """Cut `indices` (sorted) into batches of at most `max_tokens` padded tokens a side."""
        by_direction = self.sampler == BY_DIRECTION
        groups = group_by_direction(indices, self.offsets) if by_direction else [indices]
        batches: list[Integers] = []
        for group in groups:
            if len(group):
                batches.extend(
                    data_utils.batch_by_size(
                        group.astype(np.int64),
                        num_tokens_fn=None,
                        num_tokens_vec=self.num_tokens_vec(group),
                        max_tokens=max_tokens,
                        max_sentences=max_sentences,
                        required_batch_size_multiple=required_batch_size_multiple,
                    )
                )
        return batches

    def prefetch(self, indices: Sequence[int]) -> None:
        """Nothing to fetch: the files are memory-mapped."""
