"""Several directions in one fairseq dataset; which examples an epoch holds is drawn by `Epochs`."""

from collections.abc import Sequence
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
import numpy as np
import torch
from fairseq.data import FairseqDataset, data_utils
from fairseq.data.language_pair_dataset import collate
from numpy.typing import NDArray

from workflow_scripts.models.fairseq.directions import DirectionData
from workflow_scripts.models.training.epochs import Epochs
from workflow_scripts.models.training.grouping import Integers


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
