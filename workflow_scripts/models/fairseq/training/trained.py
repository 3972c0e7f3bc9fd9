"""Which parameters a training moves; the others stay as they are to the bit, without optimiser state."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from workflow_scripts.models.fairseq.sites import sites


def freeze(network: nn.Module, method: Mapping[str, Any]) -> None:
    """Leave only what the method trains with ``requires_grad``; the optimiser and the processes' reducer take
    no other parameter. ``parameters: ffn``: weights and biases of both layers of every FFN."""
    if method.get("parameters") != "ffn":
        return
    network.requires_grad_(False)
    for site in sites(network).values():
        if site.group.kind == "ffn" and site.rows is not None:
            site.rows.requires_grad_(True)  # W1, b1
            site.module.requires_grad_(True)  # W2, b2
