"""Forward passes of fairseq's network over batches: for likelihoods, and for taps."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.batches import Batch
from workflow_scripts.models.passes import summed_nll
from workflow_scripts.units.vocabulary import PAD


def check_pass(network: nn.Module, batches: Iterable[Batch]) -> None:
    """Refuse a network in training mode (RuntimeError) and tokens outside its vocabulary (UserError)."""
    if network.training:
        raise RuntimeError("the network is in training mode: dropout would change what is measured")
    check_tokens(network.encoder.embed_tokens.num_embeddings, batches)


def check_tokens(size: int, batches: Iterable[Batch]) -> None:
    """Refuse tokens outside a vocabulary of this size (UserError)."""
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
    return summed_nll(states, batch.target, counted, network.decoder.output_layer)


class NetworkSteps:
    """The parts of a forward pass, for ``models.passes``."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    def check(self, batches: Sequence[Batch]) -> None:
        """See ``check_pass``."""
        check_pass(self._network, batches)

    def encode(self, batch: Batch) -> Any:
        """See ``encode``."""
        return encode(self._network, batch)

    def decode(self, batch: Batch, encoded: Any, sentences: Tensor | None) -> None:
        """See ``models.passes.Steps.decode``."""
        network, inputs = self._network, batch.inputs_of(sentences)
        device = next(network.parameters()).device
        if sentences is not None:
            encoded = network.encoder.reorder_encoder_out(encoded, sentences.to(device))
        # No layer is asked for its attention weights (the default is the last one).
        network.decoder(inputs.to(device), encoder_out=encoded, features_only=True, alignment_layer=-1)
