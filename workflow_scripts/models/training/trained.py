"""Which parameters a training moves; the others stay as they are to the bit, without optimiser state."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from workflow_scripts.models.adapters import Place, shapes_of, train_adapters
from workflow_scripts.models.sites import Site
from workflow_scripts.models.training.masked import own_rows, rows_without
from workflow_scripts.units.mask_table import MaskTable

#: The key of a method with adapters: their ``kind`` and ``size``, and ``rows``, direction -> row.
ADAPTERS = "adapters"


def freeze(
    network: nn.Module, sites: Mapping[str, Site], places: Mapping[str, Place], method: Mapping[str, Any]
) -> None:
    """Leave only what the method trains with ``requires_grad``; the optimiser and the processes' reducer take
    no other parameter. ``parameters: ffn``: weights and biases of all layers of every FFN; ``heads``: of
    every attention those of query, key and value, with ``head_weights: qkvo`` also the weight of the output
    projection. ``adapters``: new ones, which become the network's module of that name."""
    if (adapters := method.get(ADAPTERS)) is not None:
        rows = sorted(set(adapters["rows"].values()))
        train_adapters(network, shapes_of(places, adapters["kind"], adapters["size"]), rows)
        return
    if (parts := method.get("parameters")) is None:
        return
    network.requires_grad_(False)
    for site in sites.values():
        if parts == "ffn" and site.group.kind == "ffn":
            for one in (*[one.linear for one in site.learned()], site.module):  # W1, b1, W2, b2
                one.requires_grad_(True)
        if parts == "heads" and site.group.kind == "head":
            for one in site.learned(outputs=method.get("head_weights") == "qkvo"):
                for name, parameter in one.linear.named_parameters(recurse=False):
                    # The bias of the output projection is no head's.
                    parameter.requires_grad_(name == "weight" or one.bias)


def take_untrained(
    network: nn.Module,
    sites: Mapping[str, Site],
    start: nn.Module,
    method: Mapping[str, Any],
    masks: MaskTable | None,
    directions: Sequence[str],
) -> None:
    """Copy what the method does not train from ``start``, which it began with, into the trained ``network``,
    which has the ``sites``: checkpoints of half precision hold it rounded. ``masks``: those of the whole
    training, None where it had none or others by and by."""
    rows = {}
    if masks is not None and method.get("train") == "gradients":
        rows = rows_without(own_rows(sites, masks.space, method), masks, directions)
    with torch.no_grad():
        for name, first in start.named_parameters():
            trained = network.get_parameter(name)
            if not trained.requires_grad:
                trained.copy_(first)
            elif trained in rows:
                held = rows[trained].places()
                trained[held] = first[held]
