"""Log-likelihoods of the sentences of a port's task."""

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.models.port import Port, Task


def log_likelihoods(
    port: Port, task: Task, sentences: int, batch_tokens: int, count_language_tag: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return of so many ``sentences`` the log-likelihood, float64 in nats, and the tokens that count, int64.

    ``</s>`` counts, a language's tag on request. ``batch_tokens``: most positions of a batch, pads included.
    Sentences that the port leaves out, as they are too long, have NaN and 0. UserError if it leaves out all.
    """
    sums, tokens = np.full(sentences, np.nan), np.zeros(sentences, dtype=np.int64)
    with torch.inference_mode():
        for batch in port.batches(task, batch_tokens):
            nll, counted = port.loss(batch, count_language_tag)
            lines = batch.lines.numpy()
            sums[lines], tokens[lines] = -nll.double().cpu().numpy(), counted.cpu().numpy()
    return sums, tokens
