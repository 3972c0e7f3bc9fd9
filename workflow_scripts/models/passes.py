"""Forward passes over batches: for likelihoods, and for taps (Neuron Specialization, section 3).

Directions that share their sources share the encoder pass; the decoder takes sentences of similar target
length together, so that few positions are padding.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from workflow_scripts.models.batching import cut

#: Positions whose logits exist at one time: bounds memory to this many rows of the vocabulary.
PROJECTED_POSITIONS = 4096


class Steps(Protocol):
    """The parts of a forward pass of some network."""

    def check(self, batches: Sequence[Any]) -> None:
        """Refuse a network in training mode (RuntimeError), and tokens that it lacks (UserError)."""

    def encode(self, batch: Any) -> Any:
        """Return the encoder's output of a batch."""

    def decode(self, batch: Any, encoded: Any, sentences: Tensor | None) -> None:
        """Run the decoder, without output projection, on all sentences or on those of these numbers [b]."""


def _pieces(batch: Any, piece_tokens: int | None) -> Sequence[Tensor | None]:
    """Return the sentences [b] of each decoder pass, together every one once; None: the whole batch."""
    if piece_tokens is None:
        return [None]
    lengths, order = batch.target_lengths.sort(stable=True)
    parts = [order[run] for run in cut(lengths.numpy(), piece_tokens)]
    return parts if len(parts) > 1 else [None]


def run_split(
    steps: Steps,
    passes: Iterable[Sequence[Any]],
    begin: Callable[[int | None], None],
    piece_tokens: int | None = None,
) -> Iterator[Sequence[Any]]:
    """Encode each source once and decode it into every direction that shares it, yielding afterwards.

    Without gradients, output projection and loss. ``passes``: for each, one batch of every direction, which
    knows its ``target_lengths``.
    ``begin``: called with None before a source is encoded, with a direction's number before it is decoded.
    ``piece_tokens``: most padded positions of a decoder pass, of similar target lengths; None: whole batches.
    Raises as ``Steps.check``.
    """
    for together in passes:
        steps.check(together)
        with torch.inference_mode():
            begin(None)
            encoded = steps.encode(together[0])
            for number, batch in enumerate(together):
                begin(number)
                for sentences in _pieces(batch, piece_tokens):
                    steps.decode(batch, encoded, sentences)
        yield together


def summed_nll(
    states: Tensor,
    targets: Tensor,
    counted: Tensor,
    project: Callable[[Tensor], Tensor],
    positions: int = PROJECTED_POSITIONS,
) -> tuple[Tensor, Tensor]:
    """Return (sum of -log p of the targets [B] in nats, counted tokens [B]), without label smoothing.

    ``states``: the decoder's last [B, T, C]. ``targets``: ids [B, T]. ``counted``: bool [B, T]. ``project``:
    states to logits. ``positions``: of how many logits exist at one time.
    """
    sentences = counted.nonzero()[:, 0]
    parts = []
    for rows, wanted in zip(states[counted].split(positions), targets[counted].split(positions), strict=True):
        logits = project(rows)
        # Half precision is too coarse for a sum over the vocabulary; float64 stays what it is.
        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        parts.append(F.cross_entropy(logits, wanted, reduction="none"))
    losses = torch.cat(parts)
    sums = torch.zeros(len(targets), dtype=losses.dtype, device=losses.device)
    return sums.index_add(0, sentences, losses), counted.sum(dim=1)
