"""Several directions in one fairseq dataset; which examples an epoch holds is drawn by `Epochs`."""

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
from workflow_scripts.models.fairseq.data_bin import check_binarised, data_files, side_prefixes
from workflow_scripts.models.training.drawing import Sources, draw, draw_weighted
from workflow_scripts.models.training.epochs import Epochs
from workflow_scripts.models.training.grouping import Integers


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


class MultiDirectionDataset(Epochs[DirectionData], FairseqDataset):
    """The directions of one subset as fairseq reads them. ``pad`` and ``eos``: ids."""

    def __init__(self, directions: Sequence[DirectionData], pad: int, eos: int, **drawn: Any) -> None:
        """``drawn``: how an epoch is drawn, see ``Epochs``."""
        FairseqDataset.__init__(self)
        Epochs.__init__(self, directions, **drawn)
        self.pad, self.eos = pad, eos

    @property
    def can_reuse_epoch_itr_across_epochs(self) -> bool:
        """Asked by fairseq, which must not keep its list of batches: each epoch draws others."""
        return not self.shuffle

    @property
    def supports_prefetch(self) -> bool:
        """Asked by fairseq."""
        return False

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

    def batch_by_size(
        self,
        indices: Integers,
        max_tokens: int | None = None,
        max_sentences: int | None = None,
        required_batch_size_multiple: int = 1,
    ) -> list[Integers]:
        """Cut `indices` (sorted) into batches of at most `max_tokens` padded tokens a side."""
        batches: list[Integers] = []
        for group in self.groups(indices):
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
