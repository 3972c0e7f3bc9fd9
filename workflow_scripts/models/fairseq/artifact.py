"""``model.safetensors`` of a system folder: float32, under fairseq's names, each tied tensor once."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from workflow_scripts.models.fairseq.network import Network, build_network
from workflow_scripts.models.fairseq.tensors import TIED_NAME, fitting
from workflow_scripts.models.weights import read_tensors, save_tensors
from workflow_scripts.units.architecture import Architecture


def _parameters(network: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, str]]:
    """Return the parameters to store by name, and tied name -> stored name."""
    found = network.named_parameters(remove_duplicate=False)
    # Adapters have a file of their own.
    named = {name: one for name, one in found if not name.startswith("adapters.")}
    stored: dict[str, nn.Parameter] = {}
    tied: dict[str, str] = {}
    names: dict[int, str] = {}
    for name in sorted(named, key=lambda name: name != TIED_NAME):  # stable: the rest keep their order
        first = names.setdefault(id(named[name]), name)
        if first == name:
            stored[name] = named[name]
        else:
            tied[name] = first
    return stored, tied


def save_system_weights(network: nn.Module, path: str | Path) -> None:
    """Write the parameters to ``path`` as float32, without adapters; UserError naming a tensor that is not
    finite."""
    save_tensors(_parameters(network)[0], path)


def load_weights(network: nn.Module, path: str | Path) -> None:
    """Copy a weights file into ``network``; UserError naming a tensor that does not fit or is not finite."""
    copy_weights(network, read_tensors(path), path)


def copy_weights(network: nn.Module, tensors: Mapping[str, Tensor], origin: str | Path) -> None:
    """Copy tensors by name into the network, as ``load_weights``; equal copies of a tied tensor are fine."""
    stored, tied = _parameters(network)
    shapes = {name: tuple(parameter.shape) for name, parameter in stored.items()}
    given = fitting(tensors, shapes, tied, origin)
    with torch.no_grad():
        for name, parameter in stored.items():
            parameter.copy_(given[name])


def empty_network(architecture: Architecture, symbols: int) -> Network:
    """Return a network without weights, on the CPU, in eval mode. ``symbols``: of its vocabulary."""
    # Drawing initial weights that are overwritten would move the caller's random state.
    with torch.random.fork_rng(devices=[]):
        network = build_network(architecture, symbols)
    network.eval()
    return network
