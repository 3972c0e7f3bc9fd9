"""Where the units of any library's network are, and taps that read them in every forward pass."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workflow_scripts.models.linear import Linear
from workflow_scripts.models.port import Call
from workflow_scripts.models.sliced import PlainFfn
from workflow_scripts.units.space import Stack, UnitGroup, UnitSpace


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
    or of its output, is size of the group x ``width``; the first two are T and B, or with ``batch_first`` B
    and T. ``rows``: the linear layer whose output rows are the units, if there is one (FFN). Of gated FFNs
    ``rows`` is the gate's, ``factor`` the layer that it is multiplied with, and ``gate`` the module that
    gives the gate's activated value. ``heads``: of attention heads the layers of query, key and value by
    name. Units that are weights have no values: ``weights`` is their layer. ``plain``: an FFN that
    can be sliced."""

    group: UnitGroup
    module: nn.Module
    width: int = 1
    output: bool = False
    rows: Linear | None = None
    weights: Linear | None = None
    heads: dict[str, Linear] = field(default_factory=dict)
    factor: Linear | None = None
    gate: nn.Module | None = None
    plain: PlainFfn | None = None
    batch_first: bool = False

    def learned(self, outputs: bool = False) -> list[Learned]:
        """Return the layers in which these units have weights of their own: of FFN neurons the first one, or
        both of a gated FFN; of heads query, key and value, with ``outputs`` the output projection, too; of
        others none."""
        key = self.group.key
        if self.rows is not None:
            more = [] if self.factor is None else [Learned(f"{key}.factor", self.factor, self.width)]
            return [Learned(key, self.rows, self.width), *more]
        found = [Learned(f"{key}.{name}", one, self.width, bias=True) for name, one in self.heads.items()]
        if found and outputs and isinstance(self.module, Linear):
            found.append(Learned(f"{key}.out", self.module, self.width, columns=True))
        return found

    def hook(self, change: Callable[[Tensor], Tensor | None], first: bool = False) -> RemovableHandle:
        """Replace values [T, B, size x width] by ``change(values)``, if ``first`` before all other hooks."""

        def changed(values: Tensor) -> Tensor | None:
            if not self.batch_first:
                return change(values)
            found = change(values.transpose(0, 1))
            return None if found is None else found.transpose(0, 1)

        def before(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
            found = changed(inputs[0])
            return None if found is None else (found, *inputs[1:])

        def after(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
            alone = isinstance(output, Tensor)
            found = changed(output if alone else output[0])
            return found if found is None or alone else (found, *output[1:])

        if self.output:
            return self.module.register_forward_hook(after, prepend=first)
        return self.module.register_forward_pre_hook(before, prepend=first)

    def at_gate(self) -> "Site":
        """Return where the gate's activated value is; of units without a gate of their own the same site."""
        return self if self.gate is None else replace(self, module=self.gate, output=True)


def sites_of(there: Mapping[str, Site], space: UnitSpace) -> list[Site]:
    """Return the sites of a space's groups, in order; ValueError if the network has not these groups."""
    for group in space.groups:
        if group.key not in there or there[group.key].group != group:
            raise ValueError(f"the network has no group of {group.size} units of {group.key}")
    return [there[group.key] for group in space.groups]


@contextmanager
def taps(sites: Sequence[Site], call: Call, real: Callable[[Stack], Tensor]) -> Iterator[None]:
    """Call ``call(group, values, real)`` for each site in every forward pass of the block. Taps see gated
    values. ``real``: gives what a stack is reading, bool [T, B]. RuntimeError at the end of the block if a
    site was never seen."""
    fired = {site.group.key: False for site in sites}

    def tap(site: Site) -> Callable[[Tensor], Tensor | None]:
        group, shape = site.group, (site.group.size, site.width)

        def change(values: Tensor) -> Tensor | None:
            fired[group.key] = True
            units = values.unflatten(-1, shape)
            call(group, units, real(group.stack))
            # The pass goes on through what the callback saw, so that it can keep its gradient.
            return units.flatten(-2) if units.requires_grad else None

        return change

    with ExitStack() as hooks:
        for site in sites:
            if site.weights is not None:
                raise ValueError(f"weights have no values to see: {site.group.key}")
            hooks.callback(site.hook(tap(site)).remove)
        yield
        if silent := [key for key, once in fired.items() if not once]:
            raise RuntimeError(f"taps never fired in: {', '.join(silent)}")
