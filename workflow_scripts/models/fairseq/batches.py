"""Batches of one direction in a fixed order, for counting activations and for likelihoods.

``make_batches(dataset, 30000)`` is the published batching for counting (Neuron Specialization, section 3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.batching import by_source, check_some
from workflow_scripts.models.fairseq.data_bin import check_dictionaries_beside, largest_id, side_prefixes
from workflow_scripts.models.fairseq.directions import DirectionData, load_directions
from workflow_scripts.units.vocabulary import EOS, PAD, Vocabulary

Order = Literal["length", "file"]
PUBLISHED_MULTIPLE = 8
PUBLISHED_MAX_POSITIONS = 256


@dataclass(frozen=True)
class Batch:
    """B sentences of one direction; all tensors are int64. ``lines`` [B]: line numbers in the subset, from 0.
    ``source`` [B, S]: ``__src__ w… </s>``, left-padded. ``source_lengths`` [B]. ``decoder_input`` [B, T]:
    ``</s> __tgt__ w…`` and ``target`` [B, T]: ``__tgt__ w… </s>``, right-padded."""

    lines: Tensor
    source: Tensor
    source_lengths: Tensor
    decoder_input: Tensor
    target: Tensor

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def target_lengths(self) -> Tensor:
        """The positions of each target, int64 [B]."""
        return self.decoder_input.ne(PAD).sum(dim=1)

    def inputs_of(self, sentences: Tensor | None) -> Tensor:
        """Return ``decoder_input``: of all sentences, or of those of these numbers [b] without what is
        padding to all of them."""
        if sentences is None:
            return self.decoder_input
        return self.decoder_input[sentences, : int(self.target_lengths[sentences].max())]

    def to(self, device: torch.device | str) -> "Batch":
        """Return the batch on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


class Batches:
    """The batches of one direction, made on each iteration; ``len`` is their number. ``lines``: the line
    numbers of each batch. ``skipped``: lines over the limit of positions."""

    def __init__(self, dataset: DirectionData, lines: list[NDArray[np.int64]], skipped: int) -> None:
        self.dataset = dataset
        self.lines = lines
        self.skipped = skipped

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Batch]:
        return (self._batch(lines) for lines in self.lines)

    def _batch(self, lines: NDArray[np.int64]) -> Batch:
        # As fairseq's own batches: longer sources first.
        data = self.dataset
        lines = lines[np.argsort(-data.source.sizes[lines], kind="stable")]
        end, source_tag, target_tag = (torch.tensor([one]) for one in (EOS, data.source_tag, data.target_tag))
        sources = [torch.cat([source_tag, data.source[line]]) for line in lines]
        targets = [torch.cat([target_tag, data.target[line]]) for line in lines]
        return Batch(
            lines=torch.from_numpy(lines),
            source=_padded(sources, "left"),
            source_lengths=torch.tensor([len(one) for one in sources]),
            decoder_input=_padded([torch.cat([end, one[:-1]]) for one in targets], "right"),
            target=_padded(targets, "right"),
        )


def _padded(sentences: list[Tensor], side: Literal["left", "right"]) -> Tensor:
    return pad_sequence(sentences, batch_first=True, padding_value=PAD, padding_side=side)


def direction_dataset(
    data_bin: str | Path, subset: str, direction: str, vocabulary: Vocabulary
) -> DirectionData:
    """Open one direction of a held-out subset, and check all its ids; UserError for damage or other ids."""
    tokens = {language: vocabulary.language_id(language) for language in vocabulary.languages}
    dataset = load_directions(data_bin, subset, [direction], tokens)[0]
    if len(dataset) == 0:
        raise UserError(f"{data_bin}: {subset} of {direction} has no lines")
    check_dictionaries_beside(data_bin, direction, vocabulary)
    for prefix in side_prefixes(data_bin, subset, direction):
        if (largest := largest_id(prefix)) >= len(vocabulary):
            raise UserError(
                f"{prefix}.bin: id {largest} is not of the system's dictionary, which has {len(vocabulary)};"
                " binarise the text with the system's subwords"
            )
    return dataset


class IdSequences:
    """Sentences as ids with ``</s>``, in the form of binarised ones."""

    def __init__(self, sentences: Sequence[Sequence[int]]) -> None:
        self._sentences = sentences
        self.sizes = np.array([len(sentence) for sentence in sentences], dtype=np.int32)

    def __len__(self) -> int:
        return len(self._sentences)

    def __getitem__(self, line: int) -> Tensor:
        return torch.tensor(self._sentences[line])


def make_batches(
    dataset: DirectionData,
    max_tokens: int,
    *,
    order: Order = "length",
    required_batch_size_multiple: int = PUBLISHED_MULTIPLE,
    max_positions: int = PUBLISHED_MAX_POSITIONS,
    max_lines: int | None = None,
) -> Batches:
    """Cut a direction into batches; every line that fits is in exactly one. UserError if no line fits.

    ``max_tokens``: most positions of a batch, padding included, on the longer of the two sides. ``order``:
    ``length`` sorts by source, then target length, then line; ``file`` keeps the file's order.
    ``required_batch_size_multiple``: a batch holds fewer sentences than this or a multiple of it.
    ``max_lines``: use only the first so many lines of the file.
    """
    # Here alone: counting without pads starts without fairseq.
    import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)
    from fairseq.data.data_utils import batch_by_size

    if order not in get_args(Order):
        raise ValueError(f"order {order!r} is not one of {get_args(Order)}")
    sources, targets = dataset.source_sizes[:max_lines], dataset.target_sizes[:max_lines]
    lengths = np.maximum(sources, targets).astype(np.int64)
    # A single sentence longer than a batch may be would fail inside fairseq.
    limit = min(max_positions, max_tokens)
    lines = np.lexsort((targets, sources)) if order == "length" else np.arange(len(lengths))
    lines = lines[lengths[lines] <= limit].astype(np.int64)
    check_some(dataset.name, lines, limit)
    parts = batch_by_size(
        lines,
        num_tokens_fn=None,
        num_tokens_vec=lengths[lines],
        max_tokens=max_tokens,
        required_batch_size_multiple=required_batch_size_multiple,
    )
    return Batches(dataset, list(parts), len(lengths) - len(lines))


def source_batches(
    dataset: DirectionData,
    max_tokens: int,
    max_positions: int = PUBLISHED_MAX_POSITIONS,
    max_lines: int | None = None,
) -> Batches:
    """Return batches by source length, then line, cut by the source alone: the same for equal sources.
    Sentences over ``max_positions`` are skipped; UserError if none is left."""
    lines, skipped = by_source(
        dataset.name, dataset.source_sizes, dataset.target_sizes, max_tokens, max_positions, max_lines
    )
    return Batches(dataset, lines, skipped)
