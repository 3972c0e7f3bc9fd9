"""Where the units of a model are: the sites of ``families``, found in its modules."""

from operator import attrgetter
from typing import Any

import workflow_scripts.models.huggingface.library  # noqa: F401  isort:skip  (before transformers)

from torch import nn
from transformers.pytorch_utils import Conv1D

from workflow_scripts.models.adapters import Adaptable, Place
from workflow_scripts.models.huggingface.families import Places
from workflow_scripts.models.linear import Linear
from workflow_scripts.models.sites import Site
from workflow_scripts.models.sliced import PlainFfn
from workflow_scripts.units.space import UnitGroup


def with_own_layers(model: nn.Module, places: Places) -> None:
    """Make a model's layers ``Adaptable`` and their linear layers ``Linear``, in place: their parameters stay
    the same. GPT-2 has them with inputs as rows."""
    for stack in places.stacks:
        for layer in _layers(model, places, stack):
            for module in layer.modules():
                if type(module) is Conv1D:
                    module.in_features, module.out_features = module.nx, module.nf
                    module.transposed = True
                elif type(module) is not nn.Linear:
                    continue
                module.__class__ = Linear
                module.batch_first = True
            layer.__class__ = _adaptable(type(layer))


def _adaptable(kind: type[nn.Module]) -> type[nn.Module]:
    return type(kind.__name__, (Adaptable, kind), {"__module__": kind.__module__})


def adapter_places(model: nn.Module, places: Places) -> dict[str, Place]:
    """Return the layers that can have adapters, ``encoder.0`` and so on, with all their matrices: those of a
    gated FFN are ``fc1``, ``factor`` and ``fc2``."""
    found: dict[str, Place] = {}
    for stack in places.stacks:
        for number, layer in enumerate(_layers(model, places, stack)):
            linears: dict[str, Linear] = {}
            for name, path in places.attentions.items():
                if name == "cross" and stack == "encoder":
                    continue
                attention = layer.get_submodule(path)
                for part, at in {**places.projections, "out": places.out}.items():
                    linears[f"{name}.{part}"] = attention.get_submodule(at)
            ffn = layer.get_submodule(places.ffn[stack])
            names = ("fc1", "factor")[: len(places.first)]
            linears |= {
                name: ffn.get_submodule(at)
                for name, at in zip((*names, "fc2"), (*places.first, places.last), strict=True)
            }
            found[f"{stack}.{number}"] = Place(layer, linears["fc2"].out_features, linears)
    return found


def sites(model: nn.Module, places: Places) -> dict[str, Site]:
    """Return every site by the key of its group: FFN, then attention heads and residual streams. FFN neurons
    are read as their second layer reads them, heads as their weighted values before the output projection,
    residual dimensions as the layer's output."""
    found: dict[str, list[Site]] = {"ffn": [], "head": [], "resid": []}
    for stack in places.stacks:
        for number, layer in enumerate(_layers(model, places, stack)):
            place = f"{stack}.{number}"
            ffn = layer.get_submodule(places.ffn[stack])
            first = [ffn.get_submodule(name) for name in places.first]
            last = ffn.get_submodule(places.last)
            group = UnitGroup(f"{place}.ffn", "ffn", stack, number, last.in_features)
            more: dict[str, Any] = {}
            if len(first) > 1:
                more = {"factor": first[1], "gate": ffn.get_submodule(places.activation)}
            elif _is_plain(ffn, first[0], last, places):
                more = {"plain": PlainFfn(first[0], last, getattr(ffn, places.activation))}
            found["ffn"].append(Site(group, last, rows=first[0], batch_first=True, **more))
            for name, path in places.attentions.items():
                if name == "cross" and stack == "encoder":
                    continue
                attention = layer.get_submodule(path)
                count, out = attrgetter(places.heads)(attention), attention.get_submodule(places.out)
                group = UnitGroup(f"{place}.{name}", "head", stack, number, count)
                heads = {part: attention.get_submodule(at) for part, at in places.projections.items()}
                # By the number of heads: together they need not be as wide as the model.
                width = out.in_features // count
                found["head"].append(Site(group, out, width, heads=heads, batch_first=True))
            group = UnitGroup(f"{place}.resid", "resid", stack, number, last.out_features)
            found["resid"].append(Site(group, layer, output=True, batch_first=True))
    return {site.group.key: site for kind in found.values() for site in kind}


def _is_plain(ffn: nn.Module, first: Linear, last: Linear, places: Places) -> bool:
    """Tell whether an FFN is two layers with biases, and its function alone between them: where dropout is
    drawn there, it is drawn for constants, too."""
    biased = first.bias is not None and last.bias is not None
    return bool(biased and places.dropped and not getattr(ffn, places.dropped))


def _layers(model: nn.Module, places: Places, stack: str) -> nn.Module:
    return model.get_submodule(places.layers.format(stack=stack))
