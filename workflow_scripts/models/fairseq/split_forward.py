"""Forward passes that encode by source and decode by target, for measuring activations at real positions.

What: batches made of the source side alone, so that directions sharing their sources run the encoder on the
very same batches, to the last bit; the decoder then takes each batch in pieces of similar target length, so
that few positions are padding. Memory is that of one batch.
Inputs: a network in eval mode, one direction's data. Outputs: calls of a tap in every FFN.
Source: Neuron Specialization, section 3 (activations are counted per direction); the batching is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workflow_scripts.errors import UserError
from workflow_scripts.models.fairseq.batches import PUBLISHED_MAX_POSITIONS, Batch, Batches
from workflow_scripts.models.fairseq.forward import ffn_taps
from workflow_scripts.models.fairseq.sampling import DirectionData
from workflow_scripts.units.vocabulary import PAD

#: callback(direction, group, activation [T, B, F], real [T, B]): ``direction`` counts the directions that
#: share the encoder pass and is None in an encoder layer; ``real`` is False at padding.
SplitTap = Callable[[int | None, int, Tensor, Tensor], None]
#: pieces(batch) -> sentence numbers [b] of each decoder pass, together every sentence of the batch once.
Pieces = Callable[[Batch], Iterable[Tensor]]


def cut(lengths: NDArray[np.int64], max_tokens: int) -> Iterator[slice]:
    """Cut sentences of ascending ``lengths`` into runs of at most ``max_tokens`` padded positions.

    A sentence longer than that makes a run of its own.
    """
    start = 0
    for end, length in enumerate(lengths.tolist()):
        if end > start and length * (end + 1 - start) > max_tokens:
            yield slice(start, end)
            start = end
    if start < len(lengths):
        yield slice(start, len(lengths))


def source_batches(
    dataset: DirectionData, max_tokens: int, max_positions: int = PUBLISHED_MAX_POSITIONS
) -> Batches:
    """Return batches in order of source length, then line, cut by source positions alone.

    Sentences over ``max_positions`` on either side are skipped. UserError if none is left.
    """
    sources = dataset.source_sizes.astype(np.int64)
    lines = np.argsort(sources, kind="stable")
    lines = lines[np.maximum(sources, dataset.target_sizes)[lines] <= max_positions]
    if len(lines) == 0:
        raise UserError(f"direction {dataset.name}: no line has at most {max_positions} positions")
    skipped = len(sources) - len(lines)
    return Batches(dataset, [lines[run] for run in cut(sources[lines], max_tokens)], skipped)


def whole(batch: Batch) -> list[Tensor]:
    """Decode a batch in one piece, in its own order."""
    return [torch.arange(len(batch))]


def by_target_length(max_tokens: int) -> Pieces:
    """Decode a batch in pieces of similar target length, of at most ``max_tokens`` padded positions."""

    def pieces(batch: Batch) -> list[Tensor]:
        lengths, order = batch.decoder_input.ne(PAD).sum(dim=1).sort(stable=True)
        return [order[run] for run in cut(lengths.numpy(), max_tokens)]

    return pieces


def run_split(
    network: nn.Module, batches: Iterable[Sequence[Batch]], taps: SplitTap, pieces: Pieces = whole
) -> Iterator[Sequence[Batch]]:
    """Encode each source once and decode it into every direction that shares it, yielding afterwards.

    ``batches``: for each pass, one batch of every direction, with equal sources. Runs without gradients,
    output projection and loss, on the network's device. ``taps`` is called in each FFN, groups in unit
    order; the decoder's once for each piece of each direction. RuntimeError if the network is in training
    mode or a tap never fired; UserError if the data has tokens outside the vocabulary.
    """
    if network.training:
        raise RuntimeError("the network is in training mode: dropout would change what is measured")
    device = next(network.parameters()).device
    size = network.encoder.embed_tokens.num_embeddings
    direction: int | None = None
    real = torch.empty(0)

    def tap(group: int, activation: Tensor) -> None:
        taps(direction, group, activation, real)

    for together in batches:
        shared = together[0]
        largest = max(int(side.max()) for batch in together for side in (batch.source, batch.target))
        if largest >= size:
            raise UserError(
                f"token {largest} is outside the vocabulary of {size}: binarised with another dictionary?"
            )
        with torch.inference_mode(), ffn_taps(network, tap):
            source = shared.source.to(device)
            direction, real = None, source.ne(PAD).t()
            encoded = network.encoder(source, src_lengths=shared.source_lengths.to(device))
            for number, batch in enumerate(together):
                direction = number
                parts = list(pieces(batch))
                for sentences in parts:
                    inputs, states = batch.decoder_input, encoded
                    if len(parts) > 1:
                        inputs = inputs[sentences]
                        inputs = inputs[:, : int(inputs.ne(PAD).sum(dim=1).max())]
                        states = network.encoder.reorder_encoder_out(encoded, sentences.to(device))
                    inputs = inputs.to(device)
                    real = inputs.ne(PAD).t()
                    # No layer is asked for its attention weights (the default is the last one).
                    network.decoder(inputs, encoder_out=states, features_only=True, alignment_layer=-1)
        yield together
