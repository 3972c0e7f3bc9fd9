"""What must hold of mask sets: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.config.analysed_checks import analysed_problems
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.mask_list import OF_K, no_mask_set
from workflow_scripts.config.mask_scores import STACKS
from workflow_scripts.config.masks import ALL_UNITS, DRAWN, FAMILY, PAIRED, RANDOM, SWEEP, MaskSet
from workflow_scripts.config.score_checks import known_space, one_language
from workflow_scripts.config.select import BySide
from workflow_scripts.units.exchanges import Partners, drawn_exchange
from workflow_scripts.units.mask_sets import OF_OTHERS, SMALLEST_MAJORITY, SMALLEST_SHARING, Groups
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitSpace

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

#: The figure of all sets is `iou_by_layer`, beside `iou_NAME` of each set.
BY_LAYER = "by_layer"


def mask_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `masks.sets`."""
    for name, one in experiment.masks.sets.items():
        yield from _name_problems(experiment, name, one)
        yield from _like_problems(experiment, name, one)
        yield from _draws_of_all(experiment, name, one)
        yield from _direction_problems(experiment, f"masks.sets.{name}", one)
        yield from _amount_problems(experiment, f"masks.sets.{name}.select", one)
        if one.system is not None:
            yield from _weight_problems(experiment, name, one.system)
        yield from one_language(experiment, f"masks.sets.{name}.of", one.of)
        yield from analysed_problems(experiment, f"masks.sets.{name}", one)


def _name_problems(experiment: Experiment, name: str, one: MaskSet) -> Iterable[str]:
    key = f"masks.sets.{name}"
    if name in (ALL_UNITS, SWEEP, BY_LAYER):
        yield f"{key}: {name!r} has a meaning already; call this one otherwise"
    if OF_K.fullmatch(name):
        yield f"{key}: this is the name of a set of masks.k; add {name[1:]} there, or call this one otherwise"
    for drawn in experiment.masks.draws(name).values():
        if drawn in experiment.masks.sets:
            yield f"{key}: a draw of it and masks.sets.{drawn} have the same name"


def _like_problems(experiment: Experiment, name: str, one: MaskSet) -> Iterable[str]:
    if one.like is None:
        return
    yield from unknown_set(experiment, f"masks.sets.{name}.like", one.like, [])
    if name in (chain := _chain(experiment, one.like)):
        yield f"masks.sets.{name}.like: leads back to {name} ({', '.join([name, *chain])})"


def _draws_of_all(experiment: Experiment, name: str, one: MaskSet) -> Iterable[str]:
    """Yield a line where what is drawn or exchanged is all the same."""
    if one.rows not in (*DRAWN, PAIRED) or one.like not in experiment.masks.named:
        return
    sets = [experiment.masks.named[of].one for of in experiment.masks.chain(one.like)]
    last = next(
        (of for of in sets if of.rows in (RANDOM, "exclusive", "unshared", "merged") or of.is_joined), None
    )
    if one.rows == PAIRED and last is not None and last.is_joined:
        yield (
            f"masks.sets.{name}.like: all directions have one row in {one.like!r}, so that an exchange"
            " changes nothing; take a set with a row for each"
        )
        return
    if sets[-1].select is None or any(of.rows in ("exclusive", "unshared") for of in sets):
        return
    selectors = list(_selectors(experiment, "", sets[-1]))
    if selectors and all(parse_selector(text).keeps_all(space) for _, text, space in selectors):
        yield (
            f"masks.sets.{name}.like: {one.like!r} keeps every unit, so that"
            f" {'an exchange changes nothing' if one.rows == PAIRED else 'each draw is the same'}; take a"
            " set that leaves some out"
        )


def unknown_set(experiment: Experiment, key: str, wanted: str, more: list[str]) -> Iterable[str]:
    """Yield a line if there is no such mask set; ``more``: names that are right, too."""
    names = [*dict.fromkeys([*experiment.masks.named, *more])]
    if wanted in experiment.masks.sets and wanted not in names:
        number = experiment.masks.sets[wanted].number_of_draws
        yield f"{key}: {wanted!r} is drawn {number} times; name one, {wanted}-1"
    elif wanted not in names:
        yield f"{key}: {no_mask_set(wanted, names)}"


def _chain(experiment: Experiment, name: str) -> list[str]:
    return [experiment.masks.named[one].key for one in experiment.masks.chain(name)]


def _direction_problems(experiment: Experiment, key: str, one: MaskSet) -> Iterable[str]:
    trained, pivot = experiment.train_directions, experiment.pivot
    if one.partners is not None:
        yield from _exchange_problems(experiment, f"{key}.pairs", one.partners, one.draws or 1)
    for pair in one.pairs.items() if isinstance(one.pairs, dict) else ():
        for direction in pair:
            if direction not in trained:
                yield f"{key}.pairs: {direction!r} is not trained{nearest(direction, trained)}"
        if len(set(pair)) == 1:
            yield f"{key}.pairs: {pair[0]} is swapped with itself; name another direction's row"
    for direction in one.rows_of or []:
        if direction not in trained:
            yield f"{key}.rows_of: {direction!r} is not trained{nearest(direction, trained)}"
    if isinstance(one.select, BySide):
        if pivot is None:
            yield f"{key}.select: four selectors need the key pivot"
            return
        for direction in [d for d in trained if pivot not in split_direction(d)][:1]:
            yield f"{key}.select: {direction} is neither out of the pivot nor into it; write one selector"
    if one.by == FAMILY and FAMILY not in experiment.groupings:
        yield f"{key}.by: groups has no {FAMILY!r}{nearest(FAMILY, experiment.groupings)}"
    else:
        yield from _without_row(experiment, key, one)


def _weight_problems(experiment: Experiment, name: str, wanted: str) -> Iterable[str]:
    """Yield a line where a set cannot be selected from the weights of a system."""
    key, made = f"masks.sets.{name}.system", experiment.made
    if wanted == BASELINE:
        return
    if wanted not in made:
        names = [BASELINE, *made]
        yield f"{key}: no system {wanted!r}{nearest(wanted, names)}; there are {names}"
        return
    if made[wanted].system.adapters is not None:
        yield f"{key}: {wanted!r} trains adapters, not weights; name a system that trains them"
    known = experiment.trained_by(wanted)
    for direction in [one for one in experiment.train_directions if one not in known][:1]:
        yield f"{key}: {wanted!r} is not trained in {direction}, which would have no row"
    # The systems whose weights are needed before those of this one.
    before, following = [], [wanted]
    while following:
        before.append(system := following.pop())
        chain = experiment.masks.chain(made[system].maskset) if system in made else []
        if name in (experiment.masks.named[one].key for one in chain):
            yield f"{key}: leads back to {name}, by way of {', '.join(before)}"
            return
        found = (experiment.masks.named[one].one.system for one in chain)
        following += [one for one in found if one and one not in before]


def _exchange_problems(experiment: Experiment, key: str, partners: Partners, draws: int) -> Iterable[str]:
    """Yield a line where pairs cannot be drawn as often as is asked."""
    if experiment.pivot is None:
        yield f"{key}: {partners} is among the directions of one side of the pivot; it needs the key pivot"
        return
    if FAMILY not in experiment.groupings and partners != "all":
        yield f"{key}: {partners}: groups has no {FAMILY!r}{nearest(FAMILY, experiment.groupings)}"
        return
    directions, families = experiment.train_directions, experiment.families
    for seed in experiment.train.seeds:
        try:
            drawn_exchange(partners, directions, experiment.pivot, families, seed, draws)
        except UserError as error:
            yield f"{key}: {error}"
            return


def _amount_problems(experiment: Experiment, key: str, one: MaskSet) -> Iterable[str]:
    """Yield a line for each selector that keeps no unit of a layer of this model."""
    for where, text, space in _selectors(experiment, key, one):
        if mistake := parse_selector(text).keeps_none(space):
            yield f"{where}: {mistake}"


def _selectors(experiment: Experiment, key: str, one: MaskSet) -> Iterable[tuple[str, str, UnitSpace]]:
    """Yield each selector of a set: its key, its text, and the units that it chooses from."""
    space = known_space(experiment, one.units)
    if one.select is None or space is None:
        return
    if isinstance(one.select, BySide):
        sides = {"out": one.select.out, "into": one.select.into}
        texts = [
            (f"{key}.{side}.{stack}", getattr(of, stack), [stack])
            for side, of in sides.items()
            for stack in STACKS
        ]
    else:
        texts = [(key, one.select, one.stacks)]
    for where, text, stacks in texts:
        yield where, text, space.part(stacks=stacks)


def _without_row(experiment: Experiment, key: str, one: MaskSet) -> Iterable[str]:
    """Yield a line for the first direction whose group is too small for such rows."""
    least = {"majority": SMALLEST_MAJORITY, "unshared": SMALLEST_SHARING}.get(str(one.rows), 1)
    if one.rows not in (*OF_OTHERS, "unshared"):
        return
    groups = Groups(one.by, experiment.families)
    for direction in experiment.train_directions:
        members = int(groups.members(direction, one.rows_of or experiment.train_directions).sum())
        if members < least:
            of = "trained directions" if one.rows_of is None else "directions of rows_of"
            yield (
                f"{key}: rows: {one.rows} has no row for {direction}, whose group has {members} {of}; take"
                " another by, or other rows"
            )
            return
