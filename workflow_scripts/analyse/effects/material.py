"""What analyses of effects read: sizes of sets, texts of a system, what stands in a removed unit's place."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selectors import Selector, parse_selector
from workflow_scripts.units.space import UnitGroup, UnitSpace
from workflow_scripts.units.system import SystemFolder

#: What a unit that is off has in its place: nothing, or its mean over the positions of the text.
ZERO, MEAN = REPLACEMENTS = ("zero", "mean")


def check_made_from(system: SystemFolder, table: ScoreTable | MaskTable) -> None:
    """Refuse masks or scores that were made neither from a system's weights nor from those of the system that
    it was made from: a fine-tuned system may be analysed by the units that the baseline's scores name."""
    lineage = [system.weights_sha256, *([system.parent["weights_sha256"]] if system.parent else [])]
    facts = table.metadata if isinstance(table, ScoreTable) else table.manifest
    made_from = facts.get("weights_sha256")
    table.check_model(system.space_of(table.space.kinds), made_from if made_from in lineage else lineage[-1])


def sizes_of(texts: Sequence[str], space: UnitSpace, option: str = "sizes") -> dict[str, Selector]:
    """Return size → ``top:{size}`` of each group of units, the smallest first. UserError: no such size, less
    than one unit of a group, or more than there are."""
    found: dict[str, Selector] = {}
    for text in texts:
        selector = parse_selector(f"top:{text}")
        if selector.scope != "group" or selector.magnitude:
            raise UserError(
                f"--{option} {text}: a share of each layer's units, such as 5%, or a number of them"
            )
        if mistake := selector.keeps_none(space):
            raise UserError(f"--{option} {text}: {mistake}")
        smallest = min(space.groups, key=lambda group: group.size)
        if not selector.amount.percent and selector.amount.number > smallest.size:
            raise UserError(
                f"--{option} {text}: {smallest.key} has {smallest.size} units; take fewer, or a share"
            )
        found[selector.text.removeprefix("top:")] = selector
    units = {size: number_of_units(selector, space) for size, selector in found.items()}
    return {size: found[size] for size in sorted(found, key=units.__getitem__)}


def number_of_units(selector: Selector, space: UnitSpace) -> int:
    """Return how many units a selector of an amount names."""
    return sum(selector.amount.of(group.size) for group in space.groups)


def unit_means(port: Port, batches: Batches, space: UnitSpace) -> dict[str, Tensor]:
    """Return the mean of each unit over the real positions of a text: group key → [units, width]."""
    sums: dict[str, Tensor] = {}
    positions: dict[str, int] = dict.fromkeys(space.keys, 0)

    def tap(group: UnitGroup, values: Tensor, real: Tensor) -> None:
        there = values[real].double()
        sums[group.key] = sums.get(group.key, torch.zeros((), device=values.device)) + there.sum(dim=0)
        positions[group.key] += len(there)

    with port.taps(space, tap):
        for _ in port.run(([batch] for batch in batches), lambda _: None):
            pass
    return {key: sums[key] / positions[key] for key in space.keys}


def replaced_by(port: Port, batches: Batches, space: UnitSpace, replace: str) -> Mapping[str, Tensor] | None:
    """Return the ``means`` of ``port.intervene`` for a replacement, None for ``zero``; UserError if there is
    no such one."""
    if replace not in REPLACEMENTS:
        raise UserError(f"--replace {replace}: not one of zero, mean{nearest(replace, REPLACEMENTS)}")
    return unit_means(port, batches, space) if replace == MEAN else None
