"""What must hold of systems: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import nearest
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.file_source import VALID
from workflow_scripts.config.mask_checks import unknown_set
from workflow_scripts.config.masks import FAMILY, SWEEP
from workflow_scripts.config.systems import System
from workflow_scripts.units.gating import OWN_WEIGHTS
from workflow_scripts.units.selectors import RANKED, parse_selector

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def system_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `systems`."""
    if BASELINE in experiment.systems:
        yield f"systems: {BASELINE!r} is always there; it is not made from itself"
    yield from _same_names(experiment)
    yield from _family_names(experiment)
    for name, system in experiment.systems.items():
        yield from _mask_problems(experiment, name, system)
        yield from _direction_problems(experiment, f"systems.{name}.directions", system)
        yield from _adapter_problems(experiment, f"systems.{name}.adapters", system)
        if system.renew is not None:
            yield from _renewal_problems(experiment, f"systems.{name}.renew", name, system.renew)


def _same_names(experiment: Experiment) -> Iterable[str]:
    for key, system in experiment.systems.items():
        if system.masks == SWEEP:
            what, spread = "a sweep makes", [f"{key}-k{k}" for k in experiment.masks.k]
        else:
            what = f"the draws of systems.{key} make"
            spread = [f"{key}-{number}" for number in experiment.masks.draws(system.masks)]
        for name in sorted(set(spread) & set(experiment.systems)):
            yield f"systems.{name}: {what} a system of the same name"
    exported = experiment.export.systems if experiment.export else []
    for own in (experiment.joined, experiment.taken, exported):
        # Each of these has a rule of its own, in whose name both signs are one.
        seen: dict[str, str] = {}
        for name in own:
            if (other := seen.setdefault(name.replace("-", "_"), name)) != name:
                yield f"systems: {other!r} and {name!r} differ in - and _ alone; call one otherwise"


def _family_names(experiment: Experiment) -> Iterable[str]:
    """Yield a line for each family called as a language out of it, which is a family of its own."""
    for family, members in experiment.groupings.get(FAMILY, {}).items():
        if family in experiment.languages and family not in members:
            key = f"groups.{FAMILY}" if FAMILY in experiment.groups else "data.source.families"
            yield f"{key}.{family}: {family!r} is a language, and not in it; call the family otherwise"


def _mask_problems(experiment: Experiment, name: str, system: System) -> Iterable[str]:
    masks, key = experiment.masks, f"systems.{name}.masks"
    yield from unknown_set(experiment, key, system.masks, [SWEEP, *masks.sets])
    chain = masks.chain(next(iter(masks.draws(system.masks).values()), system.masks))
    keys = [masks.named[one].key for one in chain]
    # Tables take the threshold of a sweep's system from its name.
    _, found, k = name.rpartition("-k")
    if found and k.replace(".", "").isdigit() and f"k{k}" not in keys:
        yield f"systems.{name}: its name says k{k}, its masks are {system.masks!r}"
    of = masks.named[chain[-1]].one if chain else None
    # Which units a file has is known when it is read.
    if system.masks == SWEEP or (of is not None and of.file is None):
        yield from _unit_problems(f"systems.{name}", system, ["ffn"] if of is None else of.units)


def _unit_problems(key: str, system: System, kinds: Sequence[str]) -> Iterable[str]:
    """Yield a line where what is trained does not go with the kinds of units that its masks have."""
    has, wanted = f"; {system.masks!r} has {', '.join(kinds)}", system.parameters
    for what in (one for one in system.of_masks if one != "renew"):
        value = getattr(system, what)
        if not set(kinds) <= set(OWN_WEIGHTS):
            yield f"{key}.{what}: {value} needs masks of ffn or head{has}"
        elif wanted != "all" and wanted not in map(OWN_WEIGHTS.get, kinds):
            yield f"{key}.{what}: {value} has nothing to leave out with parameters: {wanted}{has}"
    of_heads = "head" in kinds and {"train", "momentum"} & {*system.of_masks}
    if system.head_weights == "qkvo" and system.train != "none" and wanted != "heads" and not of_heads:
        yield f"{key}.head_weights: qkvo needs parameters: heads, or train: gradients with masks of head{has}"


def _direction_problems(experiment: Experiment, key: str, system: System) -> Iterable[str]:
    trained = experiment.train_directions
    for direction in system.directions or []:
        if direction not in trained:
            yield f"{key}: {direction!r} is not trained{nearest(direction, trained)}"


def _adapter_problems(experiment: Experiment, key: str, system: System) -> Iterable[str]:
    if system.adapters is None:
        return
    width = experiment.known_architecture.get("model_dim")
    if system.adapters.kind == "lora" and width is not None and system.adapters.size > width:
        yield (
            f"{key}.size: {system.adapters.size} is above the model's width, {width}, which is the highest"
            " rank of its weights; take a smaller one, such as 8"
        )
    if system.adapters.by != FAMILY:
        return
    if FAMILY not in experiment.groupings:
        yield f"{key}.by: groups has no {FAMILY!r}{nearest(FAMILY, experiment.groupings)}"
        return
    for family, members in experiment.groupings[FAMILY].items():
        if not members:
            yield f"{key}.by: the family {family!r} has no member; give it languages, or leave it out"
    # Names of rows join names of families, which may have the sign between them, too.
    seen: dict[str, frozenset[str]] = {}
    for direction in experiment.train_directions:
        families = frozenset(experiment.families.get(lang, lang) for lang in split_direction(direction))
        other = seen.setdefault(row := system.adapters.row(direction, experiment.families), families)
        if other != families:
            both = " and of ".join(", ".join(sorted(one)) for one in (other, families))
            yield f"{key}.by: adapters of {both} would have one name, {row}; call a family otherwise"
            return


def _renewal_problems(experiment: Experiment, key: str, name: str, renew: int) -> Iterable[str]:
    """Yield a line where masks are not of what is counted again, or no update is left under new ones."""
    first = next((one for one in experiment.made.values() if one.key == name), None)
    if first is None or first.maskset not in experiment.masks.named:
        return
    wanted, one = first.system.masks, experiment.masks.named[first.maskset].one
    by_score = isinstance(one.select, str) and parse_selector(one.select).name in RANKED
    if not by_score or one.of != "activations" or one.file is not None:
        yield (
            f"{key}: {wanted!r} cannot be estimated again; take a set that one selector makes of"
            " activations, such as select: mass:95"
        )
    elif one.text != VALID:
        yield f"{key}: {wanted!r} is of the text {one.text!r}, and masks are estimated again of {VALID}"
    if first.name in experiment.trainings:
        updates = experiment.training_of(first.name).max_updates
        if renew >= updates:
            yield (
                f"{key}: {renew} is not below the {updates} updates of its training, so that no update has"
                f" other masks; take fewer, such as {max(updates // 4, 1)}"
            )
