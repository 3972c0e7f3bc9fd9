"""Rows or columns of weights that an update of Adam leaves as they are: the weights, and both moments.

A gradient of zero is not enough: Adam moves a row on by the momentum of earlier updates, and weight decay
shrinks it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

MOMENTS = ("exp_avg", "exp_avg_sq")


class Rows(NamedTuple):
    """Some rows of a parameter: ``which``, bool [n]; with ``dim`` 1 these are columns."""

    which: Tensor
    dim: int = 0

    def places(self) -> tuple[Any, ...]:
        """Return the index of these rows in a tensor of the parameter's shape."""
        return (*[slice(None)] * self.dim, self.which.nonzero().flatten())


@dataclass(frozen=True)
class _Place:
    """Where the optimiser keeps a network's parameter: its own tensor, in half precision one of all
    parameters after another, and where this one begins in it."""

    holder: nn.Parameter
    begin: int
    shape: torch.Size

    def part(self, tensor: Tensor) -> Tensor:
        """Return the parameter's part of the holder, or of a moment of it, as a view."""
        return tensor.detach().view(-1)[self.begin : self.begin + self.shape.numel()].view(self.shape)


def _place_of(optimizer: Any, parameter: nn.Parameter) -> _Place:
    halves = getattr(optimizer, "fp16_params", None)
    if halves is None:
        return _Place(parameter, 0, parameter.shape)
    masters, begin = optimizer.fp32_params, 0
    for number, half in enumerate(halves):
        if half is parameter:
            flat = next(iter(masters.values())) if isinstance(masters, dict) else None
            return _Place(masters[number] if flat is None else flat, begin, parameter.shape)
        begin += half.numel() if isinstance(masters, dict) else 0
    raise ValueError("the optimiser does not train this parameter")


@contextmanager
def held_rows(optimizer: Any, rows: Mapping[nn.Parameter, Rows]) -> Iterator[None]:
    """In the block, steps of ``optimizer`` leave these rows as they are to the bit. It is torch's, or
    fairseq's, which holds torch's and in half precision steps on copies of the parameters."""
    torch_optimizer = getattr(optimizer, "optimizer", optimizer)
    places = [(_place_of(optimizer, parameter), held.places()) for parameter, held in rows.items()]
    before = [
        (place.part(place.holder)[held], [_moment(torch_optimizer, place, name, held) for name in MOMENTS])
        for place, held in places
    ]

    def put_back(*_: Any) -> None:
        for (place, held), (weights, moments) in zip(places, before, strict=True):
            place.part(place.holder)[held] = weights
            for name, values in zip(MOMENTS, moments, strict=True):
                moment = place.part(torch_optimizer.state[place.holder][name])
                # Before the first step there is none: it would have been zero.
                moment[held] = 0.0 if values is None else values

    # Before fairseq copies its weights into those of half precision.
    handle = torch_optimizer.register_step_post_hook(put_back)
    try:
        yield
    finally:
        handle.remove()


def _moment(
    optimizer: torch.optim.Optimizer, place: _Place, name: str, held: tuple[Any, ...]
) -> Tensor | None:
    state = optimizer.state.get(place.holder, {})
    return place.part(state[name])[held] if name in state else None
