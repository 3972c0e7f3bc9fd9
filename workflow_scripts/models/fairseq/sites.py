"""Where the units of a network are, and taps that read them in every forward pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workflow_scripts.models.fairseq.layers import Linear
from workflow_scripts.models.port import Call
from workflow_scripts.units.space import ATTENTIONS, KINDS, Stack, UnitGroup, UnitSpace
from workflow_scripts.units.vocabulary import PAD


class Learned(NamedTuple):
    """What the units of a group learn in one linear layer: each has ``width`` consecutive rows of the weight,
    or ``columns`` of it; with ``bias`` these places of the bias, too."""

    key: str
    linear: Linear
    width: int
    bias: bool = False
    columns: bool = False


@dataclass(frozen=True)
class Site:
    """A group of units and the module that they pass through. The last dimension of the module's first input,
    or of its output, is size of the group x ``width``. ``rows``: the linear layer whose output rows are the
    units, if there is one (FFN). ``heads``: of attention heads the layers of query, key and value by name.
    Units that are weights have no values: ``weights`` is their layer."""

    group: UnitGroup
    module: nn.Module
    width: int = 1
    output: bool = False
    rows: Linear | None = None
    weights: Linear | None = None
    heads: dict[str, Linear] = field(default_factory=dict)

    def learned(self, outputs: bool = False) -> list[Learned]:
        """Return the layers in which these units have weights of their own: of FFN neurons the first one; of
        heads query, key and value, with ``outputs`` the output projection, too; of others none."""
        key = self.group.key
        if self.rows is not None:
            return [Learned(key, self.rows, self.width)]
        found = [Learned(f"{key}.{name}", one, self.width, bias=True) for name, one in self.heads.items()]
        if found and outputs and isinstance(self.module, Linear):
            found.append(Learned(f"{key}.out", self.module, self.width, columns=True))
        return found

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
    """Return every site by the key of its group: FFN, then attention heads, residual streams and weights.
    FFN neurons are read after the activation function, heads as their weighted values before the output
    projection, residual dimensions as the layer's output."""
    found: dict[str, list[Site]] = {kind: [] for kind in KINDS}
    stacks: tuple[Stack, ...] = ("encoder", "decoder")
    for stack in stacks:
        for number, layer in enumerate(network.get_submodule(stack).layers):
            place = f"{stack}.{number}"
            group = UnitGroup(f"{place}.ffn", "ffn", stack, number, layer.fc2.in_features)
            found["ffn"].append(Site(group, layer.fc2, rows=layer.fc1))
            for name, attribute in ATTENTIONS.items():
                attention = getattr(layer, attribute, None)
                if attention is not None:
                    group = UnitGroup(f"{place}.{name}", "head", stack, number, attention.num_heads)
                    heads = {part: getattr(attention, f"{part}_proj") for part in ("q", "k", "v")}
                    found["head"].append(Site(group, attention.out_proj, attention.head_dim, heads=heads))
            group = UnitGroup(f"{place}.resid", "resid", stack, number, layer.embed_dim)
            found["resid"].append(Site(group, layer, output=True))
            for name, linear in linears(layer).items():
                group = UnitGroup(f"{place}.{name}", "weight", stack, number, linear.weight.numel())
                found["weight"].append(Site(group, linear, weights=linear))
    return {site.group.key: site for kind in found.values() for site in kind}


def linears(layer: nn.Module) -> dict[str, Linear]:
    """Return the linear layers of a Transformer layer by name: ``self.q``, ``k``, ``v`` and ``out``, those of
    ``cross`` in a decoder, ``fc1`` and ``fc2``."""
    found: dict[str, Linear] = {}
    for name, attribute in ATTENTIONS.items():
        if (attention := getattr(layer, attribute, None)) is not None:
            found |= {f"{name}.{part}": getattr(attention, f"{part}_proj") for part in ("q", "k", "v", "out")}
    return {**found, "fc1": layer.fc1, "fc2": layer.fc2}


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
            if site.weights is not None:
                raise ValueError(f"weights have no values to see: {site.group.key}")
            hooks.callback(site.hook(tap(site)).remove)
        yield
        if silent := [key for key, once in fired.items() if not once]:
            raise RuntimeError(f"taps never fired in: {', '.join(silent)}")
