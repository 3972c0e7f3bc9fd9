"""The learning rate at each update: fairseq's schedulers, whichever loop trains."""

import math
from collections.abc import Mapping
from typing import Any

from workflow_scripts.common.errors import UserError


def learning_rate(settings: Mapping[str, Any], updates: int) -> float:
    """Return the rate of the update that is made after so many ``updates``: the first one has 0. With a
    warm-up the rate of all schedulers but ``fixed`` begins at 0. UserError for ``inverse_sqrt`` without one.

    ``settings``: of a training; ``lr``, ``scheduler``, ``warmup_updates`` and ``max_updates`` count.
    """
    highest, warmup, most = settings["lr"], settings["warmup_updates"], settings["max_updates"]
    scheduler = settings["scheduler"]
    if scheduler == "fixed":
        return float(highest * min(1.0, (updates + 1) / warmup) if warmup else highest)
    if scheduler == "inverse_sqrt":
        if not warmup:
            raise UserError(
                "scheduler inverse_sqrt in the training settings needs warmup_updates of at least 1"
            )
        return float(highest * (updates / warmup if updates < warmup else math.sqrt(warmup / updates)))
    if warmup and updates < warmup:
        return float(highest * updates / warmup)
    done = min(1.0, (updates - warmup) / (most - warmup))
    if scheduler == "cosine":
        return float(highest * 0.5 * (1 + math.cos(math.pi * done)))
    return float(highest * (1 - done))
