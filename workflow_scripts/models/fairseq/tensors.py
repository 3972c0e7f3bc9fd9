"""The tensors of a weights file, under fairseq's names: which there are, and whether a file fits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.weights import check_finite
from workflow_scripts.units.architecture import Architecture

#: Where tensors are tied, the file holds the one with this name.
TIED_NAME = "decoder.embed_tokens.weight"
Shape = tuple[int, ...]


def tensor_shapes(architecture: Architecture, symbols: int) -> tuple[dict[str, Shape], dict[str, str]]:
    """Return the shape of each tensor that a file stores, and tied name -> stored name. ``symbols``: how many
    the vocabulary has."""
    table = (symbols, architecture.model_dim)
    tied = {}
    if architecture.share_all_embeddings:
        tied["encoder.embed_tokens.weight"] = TIED_NAME
    if architecture.share_all_embeddings or architecture.share_decoder_embeddings:
        tied["decoder.output_projection.weight"] = TIED_NAME
    tables = (TIED_NAME, "encoder.embed_tokens.weight", "decoder.output_projection.weight")
    shapes: dict[str, Shape] = {name: table for name in tables if name not in tied}
    for stack, layers in (
        ("encoder", architecture.encoder_layers),
        ("decoder", architecture.decoder_layers),
    ):
        for number in range(layers):
            shapes |= _of_layer(f"{stack}.layers.{number}", stack, architecture)
        if architecture.pre_norm:
            shapes |= _norm(f"{stack}.layer_norm", architecture.model_dim)
    return shapes, tied


def _of_layer(place: str, stack: str, architecture: Architecture) -> Iterator[tuple[str, Shape]]:
    width, neurons = architecture.model_dim, architecture.ffn_dim
    for attention in ("self_attn", "encoder_attn") if stack == "decoder" else ("self_attn",):
        for part in ("k", "v", "q", "out"):
            yield from _linear(f"{place}.{attention}.{part}_proj", width, width)
        yield from _norm(f"{place}.{attention}_layer_norm", width)
    yield from _linear(f"{place}.fc1", neurons, width)
    yield from _linear(f"{place}.fc2", width, neurons)
    yield from _norm(f"{place}.final_layer_norm", width)


def _linear(place: str, outputs: int, inputs: int) -> Iterator[tuple[str, Shape]]:
    yield from ((f"{place}.weight", (outputs, inputs)), (f"{place}.bias", (outputs,)))


def _norm(place: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield from ((f"{place}.weight", (width,)), (f"{place}.bias", (width,)))


def fitting(
    tensors: Mapping[str, Tensor],
    shapes: Mapping[str, Shape],
    tied: Mapping[str, str],
    origin: str | Path,
) -> dict[str, Tensor]:
    """Return a file's tensors by the names that are stored; equal copies of a tied tensor are fine.
    ``shapes``, ``tied``: see ``tensor_shapes``. UserError naming a tensor that does not fit or is not
    finite."""
    for name, first in tied.items():
        if name in tensors and first in tensors and not _equal(tensors[name], tensors[first]):
            raise UserError(f"{origin}: {name} and {first} differ, but the architecture ties them")
    given = {tied.get(name, name): tensor for name, tensor in tensors.items()}
    for name, tensor in given.items():
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            found = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
            raise UserError(f"{origin}: {name} is {found}, not a tensor of floating-point numbers")
    for name, shape in shapes.items():
        if name not in given:
            raise UserError(f"{origin}: tensor {name} is missing{nearest(name, given)}")
        if (found := tuple(given[name].shape)) != tuple(shape):
            raise UserError(f"{origin}: tensor {name} is {found}, the architecture needs {tuple(shape)}")
    for name in given:
        if name not in shapes:
            raise UserError(f"{origin}: tensor {name} is not part of the architecture{nearest(name, shapes)}")
    check_finite(given, origin)
    return given


def _equal(one: object, other: object) -> bool:
    # Anything but a tensor is refused afterwards, by name.
    return not isinstance(one, Tensor) or not isinstance(other, Tensor) or torch.equal(one, other)
