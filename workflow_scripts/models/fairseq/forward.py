"""Forward passes of a network over batches: for likelihoods, and for taps (Neuron Specialization, section 3).

Directions that share their sources share the encoder pass; the decoder takes sentences of similar target
length together, so that few positions are padding.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.batches import Batch, cut
from workflow_scripts.units.vocabulary import PAD

#: Positions whose logits exist at one time: bounds memory to this many rows of the vocabulary.
PROJECTED_POSITIONS = 4096


def check_pass(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Refuse a network in training mode (RuntimeError) and tokens outside its vocabulary (UserError)."""
    if network.training:
        raise RuntimeError("the network is in training mode: dropout would change what is measured")
    size = network.encoder.embed_tokens.num_embeddings
    largest = max(int(side.max()) for batch in batches for side in (batch.source, batch.target))
    if largest >= size:
        raise UserError(
            f"token {largest} is outside the vocabulary of {size}: binarised with another dictionary?"
        )


def encode(network: nn.Module, batch: Batch) -> Any:
    """Return fairseq's encoder output of a batch's sources; checked as in ``teacher_forced_nll``."""
    check_pass(network, [batch])
    device = next(network.parameters()).device
    return network.encoder(batch.source.to(device), src_lengths=batch.source_lengths.to(device))


def features(network: nn.Module, batch: Batch, encoded: Any = None) -> Tensor:
    """Return the decoder's last states [B, T, model_dim] under teacher forcing, without output projection.
    ``encoded``: what ``encode`` gave; None: the sources are encoded here."""
    if encoded is None:
        encoded = network.encoder(batch.source, src_lengths=batch.source_lengths)
    states, _ = network.decoder(batch.decoder_input, encoder_out=encoded, features_only=True)
    return states


def teacher_forced_nll(
    network: nn.Module, batch: Batch, count_language_tag: bool = False, encoded: Any = None
) -> tuple[Tensor, Tensor]:
    """Return (sum of -log p of the reference [B] in nats, counted tokens [B]), without label smoothing.
    ``</s>`` counts, padding never, the target's language tag on request. ``encoded``: see ``features``.
    RuntimeError in training mode; UserError for tokens outside the vocabulary."""
    check_pass(network, [batch])
    batch = batch.to(next(network.parameters()).device)
    states = features(network, batch, encoded)
    counted = batch.target.ne(PAD)
    if not count_language_tag:
        counted = counted.clone()
        counted[:, 0] = False
    kept_states, kept_targets = states[counted], batch.target[counted]
    sentences = counted.nonzero()[:, 0]
    parts = []
    for rows, targets in zip(
        kept_states.split(PROJECTED_POSITIONS), kept_targets.split(PROJECTED_POSITIONS), strict=True
    ):
        logits = network.decoder.output_layer(rows)
        # Half precision is too coarse for a sum over the vocabulary; float64 stays what it is.
        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        parts.append(F.cross_entropy(logits, targets, reduction="none"))
    losses = torch.cat(parts)
    sums = torch.zeros(len(batch), dtype=losses.dtype, device=losses.device)
    return sums.index_add(0, sentences, losses), counted.sum(dim=1)


def _pieces(batch: Batch, piece_tokens: int | None) -> list[Tensor]:
    """Return sentence numbers [b] of each decoder pass, together every sentence of the batch once."""
    if piece_tokens is None:
        return [torch.arange(len(batch))]
    lengths, order = batch.decoder_input.ne(PAD).sum(dim=1).sort(stable=True)
    return [order[run] for run in cut(lengths.numpy(), piece_tokens)]


def run_split(
    network: nn.Module,
    passes: Iterable[Sequence[Batch]],
    begin: Callable[[int | None], None],
    piece_tokens: int | None = None,
) -> Iterator[Sequence[Batch]]:
    """Encode each source once and decode it into every direction that shares it, yielding afterwards.

    Without gradients, output projection and loss. ``passes``: for each, one batch of every direction.
    ``begin``: called with None before a source is encoded, with a direction's number before it is decoded.
    ``piece_tokens``: most padded positions of a decoder pass, of similar target lengths; None: whole batches.
    Raises RuntimeError in training mode, UserError for tokens outside the vocabulary.
    """
    device = next(network.parameters()).device
    for together in passes:
        check_pass(network, together)
        shared = together[0]
        with torch.inference_mode():
            begin(None)
            encoded = encode(network, shared)
            for number, batch in enumerate(together):
                begin(number)
                parts = _pieces(batch, piece_tokens)
                for sentences in parts:
                    inputs, states = batch.decoder_input, encoded
                    if len(parts) > 1:
                        inputs = inputs[sentences]
                        inputs = inputs[:, : int(inputs.ne(PAD).sum(dim=1).max())]
                        states = network.encoder.reorder_encoder_out(encoded, sentences.to(device))
                    # No layer is asked for its attention weights (the default is the last one).
                    network.decoder(
                        inputs.to(device), encoder_out=states, features_only=True, alignment_layer=-1
                    )
        yield together
