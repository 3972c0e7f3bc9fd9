"""Running a network over batches: FFN activations and likelihoods, the port that other stages use.

What: teacher-forced forward passes, with taps on the input of each ``fc2`` (the FFN activations after ReLU).
Inputs: a network in eval mode, ``Batch`` objects. Outputs: what a callback makes of the activations; sums of
negative log-likelihood in nats.
Source: Neuron Specialization, section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_scripts.errors import UserError
from workflow_scripts.models.fairseq.batches import Batch
from workflow_scripts.units.vocabulary import PAD

#: callback(group, activation [T, B, F]): ``group`` counts the FFNs in unit order, encoder layers first.
Tap = Callable[[int, Tensor], None]
#: callback(group, activation [T, B, F], real [T, B]): ``real`` is False at padding.
BatchTap = Callable[[int, Tensor, Tensor], None]

#: Positions whose logits exist at one time: bounds memory to this many rows of the vocabulary.
PROJECTED_POSITIONS = 4096


def ffn_layers(network: nn.Module) -> list[nn.Module]:
    """Return the layers that hold an FFN, in unit order: encoder layers, then decoder layers."""
    return [*network.encoder.layers, *network.decoder.layers]


@contextmanager
def ffn_taps(network: nn.Module, callback: Tap) -> Iterator[None]:
    """Call ``callback(group, activation [T, B, F])`` on every forward pass within the block.

    The activation is the input of ``fc2``, on the network's device; callbacks must not change it. The hooks
    are always removed. RuntimeError at the end of the block if a layer's hook never fired.
    """
    layers = ffn_layers(network)
    fired = [0] * len(layers)

    def hook_of(group: int) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            fired[group] += 1
            callback(group, inputs[0])

        return hook

    handles = [layer.fc2.register_forward_pre_hook(hook_of(group)) for group, layer in enumerate(layers)]
    try:
        yield
        silent = [group for group, times in enumerate(fired) if not times]
        if silent:
            encoders = len(network.encoder.layers)
            names = [f"encoder.{g}.ffn" if g < encoders else f"decoder.{g - encoders}.ffn" for g in silent]
            raise RuntimeError(f"taps never fired in: {', '.join(names)}")
    finally:
        for handle in handles:
            handle.remove()


def features(network: nn.Module, batch: Batch) -> Tensor:
    """Return the decoder's last states [B, T, model_dim] under teacher forcing, without output projection."""
    states, _ = network(
        batch.source,
        batch.source_lengths,
        batch.decoder_input,
        return_all_hiddens=False,
        features_only=True,
    )
    return states


def teacher_forced_nll(
    network: nn.Module, batch: Batch, count_language_tag: bool = False
) -> tuple[Tensor, Tensor]:
    """Return (sum of -log p of the reference [B] in nats, counted tokens [B]), without label smoothing.

    Padding never counts; the target's language tag, which decoding forces, counts only on request; ``</s>``
    counts. Differentiable outside ``torch.inference_mode``.
    """
    states = features(network, batch)
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


def _tap(taps: BatchTap, encoders: int, real: tuple[Tensor, Tensor], group: int, activation: Tensor) -> None:
    taps(group, activation, real[group >= encoders])


@dataclass(frozen=True)
class BatchResult:
    """What one batch gave: ``nll`` [B] in nats and ``tokens`` [B], both None without loss."""

    batch: Batch
    nll: Tensor | None
    tokens: Tensor | None

    def loss(self) -> tuple[Tensor, Tensor]:
        """Return ``nll`` and ``tokens``; RuntimeError if the batch ran without loss."""
        if self.nll is None or self.tokens is None:
            raise RuntimeError("this batch ran without loss")
        return self.nll, self.tokens


def run_batches(
    network: nn.Module,
    batches: Iterable[Batch],
    taps: BatchTap | None = None,
    with_loss: bool = False,
    count_language_tag: bool = False,
) -> Iterator[BatchResult]:
    """Run every batch without gradients on the network's device, yielding a result after each.

    ``taps`` is called in each FFN with the activation and the positions that are not padding. Without loss
    the output projection is skipped. RuntimeError if the network is in training mode or a tap never fired;
    UserError if the data has tokens outside the vocabulary.
    """
    if network.training:
        raise RuntimeError("the network is in training mode: dropout would change what is measured")
    device = next(network.parameters()).device
    encoders = len(network.encoder.layers)
    size = network.encoder.embed_tokens.num_embeddings
    for cpu_batch in batches:
        largest = max(int(cpu_batch.source.max()), int(cpu_batch.target.max()))
        if largest >= size:
            raise UserError(
                f"token {largest} is outside the vocabulary of {size}: binarised with another dictionary?"
            )
        batch = cpu_batch.to(device)
        tapped: AbstractContextManager[None] = nullcontext()
        if taps is not None:
            real = (batch.source.ne(PAD).t(), batch.decoder_input.ne(PAD).t())
            tapped = ffn_taps(network, partial(_tap, taps, encoders, real))
        with torch.inference_mode(), tapped:
            if with_loss:
                nll, tokens = teacher_forced_nll(network, batch, count_language_tag)
            else:
                features(network, batch)
                nll = tokens = None
        yield BatchResult(batch, nll, tokens)
