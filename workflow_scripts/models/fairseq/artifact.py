"""``model.safetensors`` of a system folder: float32, under fairseq's names, each tied tensor once."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.fairseq.network import Network, build_network
from workflow_scripts.models.weights import check_finite, read_tensors, save_tensors
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.system import DESCRIPTION, SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

#: Where tensors are tied, the file holds the one with this name.
TIED_NAME = "decoder.embed_tokens.weight"


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
    for name, first in tied.items():
        if name in tensors and first in tensors and not _equal(tensors[name], tensors[first]):
            raise UserError(f"{origin}: {name} and {first} differ, but the architecture ties them")
    given = {tied.get(name, name): tensor for name, tensor in tensors.items()}
    for name, tensor in given.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            found = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
            raise UserError(f"{origin}: {name} is {found}, not a tensor of floating-point numbers")
    for name, parameter in stored.items():
        if name not in given:
            raise UserError(f"{origin}: tensor {name} is missing{nearest(name, given)}")
        if given[name].shape != parameter.shape:
            found, expected = tuple(given[name].shape), tuple(parameter.shape)
            raise UserError(f"{origin}: tensor {name} is {found}, the architecture needs {expected}")
    for name in given:
        if name not in stored:
            raise UserError(f"{origin}: tensor {name} is not part of the architecture{nearest(name, stored)}")
    check_finite(given, origin)
    with torch.no_grad():
        for name, parameter in stored.items():
            parameter.copy_(given[name])


def _equal(one: object, other: object) -> bool:
    # Anything but a tensor is refused afterwards, by name.
    return not isinstance(one, Tensor) or not isinstance(other, Tensor) or torch.equal(one, other)


def empty_network(folder: SystemFolder) -> Network:
    """Return the network of a system without its weights, on the CPU, in eval mode; UserError for files that
    were changed."""
    folder.verify()
    try:
        architecture = Architecture.from_dict(folder.architecture)
    except UserError as error:
        raise UserError(f"{folder.folder / DESCRIPTION}: {error}; export the system again") from None
    vocabulary = Vocabulary.read(folder.dictionary, folder.languages)
    # Drawing initial weights that are overwritten would move the caller's random state.
    with torch.random.fork_rng(devices=[]):
        network = build_network(architecture, len(vocabulary))
    network.eval()
    return network
