"""What must hold of systems: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.mask_checks import unknown_set
from workflow_scripts.config.masks import FAMILY, SWEEP
from workflow_scripts.config.systems import System
from workflow_scripts.units.selectors import RANKED, parse_selector

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def system_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `systems`."""
    if BASELINE in experiment.systems:
        yield f"systems: {BASELINE!r} is always there; it is not made from itself"
    yield from _same_names(experiment)
    for name, system in experiment.systems.items():
        yield from _mask_problems(experiment, name, system)
        yield from _direction_problems(experiment, f"systems.{name}.directions", system)
        yield from _adapter_problems(experiment, f"systems.{name}.adapters", system)
        if system.renew is not None:
            yield from _renewal_problems(experiment, f"systems.{name}.renew", system)


def _same_names(experiment: Experiment) -> Iterable[str]:
    for key, system in experiment.systems.items():
        if system.masks == SWEEP:
            what, spread = "a sweep makes", [f"{key}-k{k}" for k in experiment.masks.k]
        else:
            what = f"the draws of systems.{key} make"
            spread = [f"{key}-{number}" for number in experiment.masks.draws(system.masks)]
        for name in sorted(set(spread) & set(experiment.systems)):
            yield f"systems.{name}: {what} a system of the same name"


def _mask_problems(experiment: Experiment, name: str, system: System) -> Iterable[str]:
    masks, key = experiment.masks, f"systems.{name}.masks"
    yield from unknown_set(experiment, key, system.masks, [SWEEP, *masks.sets])
    chain = masks.chain(next(iter(masks.draws(system.masks).values()), system.masks))
    keys = [masks.named[one].key for one in chain]
    # Tables take the threshold of a sweep's system from its name.
    _, found, k = name.rpartition("-k")
    if found and k.replace(".", "").isdigit() and f"k{k}" not in keys:
        yield f"systems.{name}: its name says k{k}, its masks are {system.masks!r}"
    sets = [masks.sets[one] for one in keys if one in masks.sets]
    if others := [kind for one in sets for kind in one.units if kind != "ffn"]:
        for what in system.of_ffns:
            value = getattr(system, what)
            yield f"systems.{name}.{what}: {value} needs masks of ffn alone; {system.masks!r} has {others[0]}"


def _direction_problems(experiment: Experiment, key: str, system: System) -> Iterable[str]:
    trained = experiment.train_directions
    for direction in system.directions or []:
        if direction not in trained:
            yield f"{key}: {direction!r} is not trained{nearest(direction, trained)}"


def _adapter_problems(experiment: Experiment, key: str, system: System) -> Iterable[str]:
    if system.adapters is None or system.adapters.by != FAMILY:
        return
    if FAMILY not in experiment.groupings:
        yield f"{key}.by: groups has no {FAMILY!r}{nearest(FAMILY, experiment.groupings)}"
        return
    for family, members in experiment.groupings[FAMILY].items():
        if not members:
            yield f"{key}.by: the family {family!r} has no member; give it languages, or leave it out"


def _renewal_problems(experiment: Experiment, key: str, system: System) -> Iterable[str]:
    named = experiment.masks.named.get(system.masks)
    if system.masks == SWEEP or named is None:
        return
    one = named.one
    by_score = isinstance(one.select, str) and parse_selector(one.select).name in RANKED
    if not by_score or one.of != "activations":
        yield (
            f"{key}: {system.masks!r} cannot be estimated again; take a set that one selector makes of"
            " activations, such as select: mass:95"
        )
    elif one.text != VALID:
        yield f"{key}: {system.masks!r} is of the text {one.text!r}, and masks are estimated again of {VALID}"
