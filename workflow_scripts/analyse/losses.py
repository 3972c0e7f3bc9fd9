"""Losses of references under many masks: the encoder runs once for all rows that leave out the same of it."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.models.port import Batches, Intervention, Port

#: Positions of a batch.
MAX_TOKENS = 4096


def texts_of(
    port: Port, data_bin: Path, subset: str, directions: Sequence[str], max_sentences: int | None
) -> dict[str, Batches]:
    """Return the batches of the first sentences of each direction; UserError where one has no text."""
    return {
        name: port.batches(port.task(data_bin, subset, name), MAX_TOKENS, max_lines=max_sentences)
        for name in directions
    }


def batch_losses(
    port: Port, masks: Intervention, batches: Batches, rows: Sequence[str | None]
) -> Iterator[tuple[NDArray[np.int64], list[Tensor], Tensor]]:
    """Yield of each batch its lines [B], the NLL of its B sentences under each of ``rows`` (nats), and their
    tokens [B].

    Each is what ``port.loss`` gives under that row (None: no mask), to the bit. The target's language tag and
    ``</s>`` count, as in the training loss. Rows that leave out the same units are run once.
    """
    parts = [
        (b"", b"") if row is None else (masks.left_out(row, "encoder"), masks.left_out(row, "decoder"))
        for row in rows
    ]
    first: dict[tuple[bytes, bytes], int] = {}
    for number, part in enumerate(parts):
        first.setdefault(part, number)
    # The rows that are run, by what they leave out of the encoder.
    encoders: dict[bytes, list[int]] = {}
    for (encoder, _), number in first.items():
        encoders.setdefault(encoder, []).append(number)
    for batch in batches:
        found: dict[int, Tensor] = {}
        for encoder, numbers in encoders.items():
            with torch.inference_mode():
                shared = rows[numbers[0]] if encoder else None
                with nullcontext() if shared is None else masks.use(shared, "encoder"):
                    encoded = port.encode(batch)
                for number in numbers:
                    row = rows[number] if parts[number][1] else None
                    with nullcontext() if row is None else masks.use(row, "decoder"):
                        found[number], tokens = port.loss(batch, count_language_tag=True, encoded=encoded)
        # A batch orders its lines otherwise than ``batches.lines`` does.
        yield batch.lines.cpu().numpy(), [found[first[part]] for part in parts], tokens


def losses_per_token(
    port: Port, masks: Intervention, batches: Batches, rows: Sequence[str | None]
) -> tuple[list[float], int]:
    """Return the NLL per token (nats) under each of ``rows`` (None: no mask), and the number of tokens. The
    target's language tag and ``</s>`` count, as in the training loss."""
    sums, tokens = [0.0] * len(rows), 0
    for _, losses, counted in batch_losses(port, masks, batches, rows):
        for number, nll in enumerate(losses):
            sums[number] += float(nll.sum(dtype=torch.float64))
        tokens += int(counted.sum())
    return [total / tokens for total in sums], tokens


def sentence_losses(
    port: Port, masks: Intervention, batches: Batches, rows: Sequence[str | None]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the NLL of each sentence under each of ``rows``, float64 [rows, sentences] in nats, and its
    tokens, int64 [sentences], in the order of the lines of the text; see ``batch_losses``.

    Lines that are too long for the model are left out. Lay a system's own masks by entering
    ``port.direction`` around the call.
    """
    lines: list[NDArray[np.int64]] = []
    losses: list[NDArray[np.float64]] = []
    counts: list[NDArray[np.int64]] = []
    for of_batch, found, tokens in batch_losses(port, masks, batches, rows):
        lines.append(of_batch)
        losses.append(torch.stack(found).double().cpu().numpy())
        counts.append(tokens.cpu().numpy())
    order = np.argsort(np.concatenate(lines), kind="stable")
    return np.concatenate(losses, axis=1)[:, order], np.concatenate(counts)[order]
