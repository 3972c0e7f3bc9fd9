"""Where the units of fairseq's network are, and taps that read them in every forward pass."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from workflow_scripts.models import sites as shared
from workflow_scripts.models.adapters import Place
from workflow_scripts.models.linear import Linear
from workflow_scripts.models.port import Call
from workflow_scripts.models.sites import Site
from workflow_scripts.models.sliced import PlainFfn
from workflow_scripts.units.space import ATTENTIONS, KINDS, STACKS, UnitGroup, UnitSpace
from workflow_scripts.units.vocabulary import PAD


def sites(network: nn.Module) -> dict[str, Site]:
    """Return every site by the key of its group: FFN, then attention heads, residual streams and weights.
    FFN neurons are read after the activation function, heads as their weighted values before the output
    projection, residual dimensions as the layer's output."""
    found: dict[str, list[Site]] = {kind: [] for kind in KINDS}
    for stack in STACKS:
        for number, layer in enumerate(network.get_submodule(stack).layers):
            place = f"{stack}.{number}"
            group = UnitGroup(f"{place}.ffn", "ffn", stack, number, layer.fc2.in_features)
            # Dropout of the activations is drawn for constants, too.
            dropped = layer.activation_dropout_module.p > 0
            plain = None if dropped else PlainFfn(layer.fc1, layer.fc2, layer.activation_fn)
            found["ffn"].append(Site(group, layer.fc2, rows=layer.fc1, plain=plain))
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


def adapter_places(network: nn.Module) -> dict[str, Place]:
    """Return the layers that can have adapters, ``encoder.0`` and so on."""
    return {
        f"{stack}.{number}": Place(layer, layer.embed_dim, linears(layer))
        for stack in STACKS
        for number, layer in enumerate(network.get_submodule(stack).layers)
    }


def sites_of(network: nn.Module, space: UnitSpace) -> list[Site]:
    """Return the sites of a space's groups, in order; ValueError if the network has not these groups."""
    return shared.sites_of(sites(network), space)


@contextmanager
def taps(network: nn.Module, space: UnitSpace, call: Call) -> Iterator[None]:
    """See ``models.sites.taps``. What is real is what the stack last embedded, without padding."""
    real = torch.empty(0)

    def embed(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        nonlocal real
        real = inputs[0].ne(PAD).t()

    with ExitStack() as hooks:
        # Each stack embeds its tokens before its layers run; beam search calls no other module of a stack.
        for table in {network.encoder.embed_tokens, network.decoder.embed_tokens}:
            hooks.callback(table.register_forward_pre_hook(embed).remove)
        hooks.enter_context(shared.taps(sites_of(network, space), call, lambda _: real))
        yield
