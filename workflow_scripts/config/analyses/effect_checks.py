"""What must hold of `analysis.ablation` and `analysis.effects`: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import ends_of
from workflow_scripts.config.analyses.directions import analysed_directions, without_text
from workflow_scripts.config.analyses.effects import Ablation, Effects
from workflow_scripts.config.mask_checks import unknown_set
from workflow_scripts.config.score_checks import known_space, one_language
from workflow_scripts.units.selectors import parse_selector

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def effect_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in the two sections."""
    if (ablation := experiment.analysis.ablation) is not None:
        yield from _ablation_problems(experiment, ablation)
    if (effects := experiment.analysis.effects) is not None:
        yield from _effects_problems(experiment, effects)


def _ablation_problems(experiment: Experiment, ablation: Ablation) -> Iterable[str]:
    key = "analysis.ablation"
    yield from without_text(experiment, f"{key}.systems", ablation.systems)
    for name in ablation.scores:
        yield from one_language(experiment, f"{key}.scores", name)
    yield from size_problems(experiment, f"{key}.sizes", ablation.sizes, ablation.units, ablation.stacks)


def _effects_problems(experiment: Experiment, effects: Effects) -> Iterable[str]:
    key = "analysis.effects"
    yield from without_text(experiment, f"{key}.systems", effects.systems)
    yield from size_problems(experiment, f"{key}.sizes", effects.sizes, ["ffn"], None)
    if effects.masks is not None:
        yield from unknown_set(experiment, f"{key}.masks", effects.masks, [])
    for name in effects.systems:
        directions = analysed_directions(experiment, name) if name in experiment.all_systems else None
        if directions is not None and not _two_on_a_side(directions, experiment.pivot):
            yield f"{key}: compares languages, and {name!r} has no two on one side of its directions"


def _two_on_a_side(directions: Sequence[str], pivot: str | None) -> bool:
    sides = list(map(ends_of, directions))
    out = {target for source, target in sides if pivot in (None, source)}
    into = {source for source, target in sides if pivot in (None, target)}
    return len(out) > 1 or len(into) > 1


def size_problems(
    experiment: Experiment,
    key: str,
    sizes: Sequence[str],
    kinds: Sequence[str],
    stacks: Sequence[str] | None,
) -> Iterable[str]:
    """Yield a line for each size that is less than one unit of a group, or more than it has."""
    space = known_space(experiment, kinds)
    if space is None:
        return
    space = space.part(stacks=stacks)
    smallest = min(space.groups, key=lambda group: group.size)
    for size in sizes:
        selector = parse_selector(f"top:{size}")
        if mistake := selector.keeps_none(space):
            yield f"{key}: {mistake}"
        elif not selector.amount.percent and selector.amount.number > smallest.size:
            yield f"{key}: {size}: {smallest.key} has {smallest.size} units; take fewer, or a share"
