"""Where the units of a network are, and taps that read them in every forward pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workflow_scripts.models.fairseq.layers import GatedLinear
from workflow_scripts.models.port import Call
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace
from workflow_scripts.units.vocabulary import PAD


@dataclass(frozen=True)
class Site:
    """A group of units and the module that they pass through. The last dimension of the module's first input,
    or of its output, is size of the group x ``width``. ``rows``: the linear layer whose output rows are the
    units, if there is one (FFN)."""

    group: UnitGroup
    module: nn.Module
    width: int = 1
    output: bool = False
    rows: GatedLinear | None = None

    def hook(self, change: Callable[[Tensor], Tensor | None], first: bool = False) -> RemovableHandle:
        """Replace values [T, B, size x width] by ``change(values)``, if ``first`` before all other hooks."""

        def before(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
            changed = change(inputs[0])
            return None if changed is None else (changed, *inputs[1:])

        def after(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            alone = isinstance(output, Tensor)
            changed = change(output if alone else output[0])
            return changed if changed is None or alone else (changed, *output[1:])

        if self.output:
            return self.module.register_forward_hook(after, prepend=first)
        return self.module.register_forward_pre_hook(before, prepend=first)


def sites(network: nn.Module) -> dict[str, Site]:
    """Return every site by the key of its group: all FFN, then all attention heads, then residual streams.
    FFN neurons are read after the activation function, heads as their weighted values before the output
    projection, residual dimensions as the layer's output."""
    found: dict[str, list[Site]] = {"ffn": [], "head": [], "resid": []}
    stacks: tuple[Stack, ...] = ("encoder", "decoder")
    for stack in stacks:
        for number, layer in enumerate(network.get_submodule(stack).layers):
            place = f"{stack}.{number}"
            group = UnitGroup(f"{place}.ffn", "ffn", stack, number, layer.fc2.in_features)
            found["ffn"].append(Site(group, layer.fc2, rows=layer.fc1))
            for name, attribute in (("self", "self_attn"), ("cross", "encoder_attn")):
                attention = getattr(layer, attribute, None)
                if attention is not None:
                    group = UnitGroup(f"{place}.{name}", "head", stack, number, attention.num_heads)
                    found["head"].append(Site(group, attention.out_proj, attention.head_dim))
            group = UnitGroup(f"{place}.resid", "resid", stack, number, layer.embed_dim)
            found["resid"].append(Site(group, layer, output=True))
    return {site.group.key: site for kind in found.values() for site in kind}


def sites_of(network: nn.Module, space: UnitSpace) -> list[Site]:
    """Return the sites of a space's groups, in order; ValueError if the network has not these groups."""
    there = sites(network)
    for group in space.groups:
        if group.key not in there or there[group.key].group != group:
            raise ValueError(f"the network has no group of {group.size} units of {group.key}")
    return [there[group.key] for group in space.groups]


@contextmanager
def taps(network: nn.Module, space: UnitSpace, call: Call) -> Iterator[None]:
    """Call ``call(group, values, real)`` for each group of the space in every forward pass of the block. Taps
    see gated values. RuntimeError at the end of the block if one never fired."""
    fired = dict.fromkeys(space.keys, False)
    real = torch.empty(0)

    def embed(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal real
        real = inputs[0].ne(PAD).t()

    def tap(site: Site) -> Callable[[Tensor], Tensor | None]:
        group, shape = site.group, (site.group.size, site.width)

        def change(values: Tensor) -> Tensor | None:
            fired[group.key] = True
            units = values.unflatten(-1, shape)
            call(group, units, real)
            # The pass goes on through what the callback saw, so that it can keep its gradient.
            return units.flatten(-2) if units.requires_grad else None

        return change

    with ExitStack() as hooks:
        # Each stack embeds its tokens before its layers run; beam search calls no other module of a stack.
        for table in {network.encoder.embed_tokens, network.decoder.embed_tokens}:
            hooks.callback(table.register_forward_pre_hook(embed).remove)
        for site in sites_of(network, space):
            hooks.callback(site.hook(tap(site)).remove)
        yield
        if silent := [key for key, once in fired.items() if not once]:
            raise RuntimeError(f"taps never fired in: {', '.join(silent)}")
