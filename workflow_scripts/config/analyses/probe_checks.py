"""What must hold of `analysis.probes`, and whose words its probes are about."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import nearest
from workflow_scripts.common.word_properties import CONLLU, DERIVED, DIRECTION, LANGUAGE, OF_TOY
from workflow_scripts.config.analyses.directions import unknown_systems
from workflow_scripts.config.file_source import TRAIN
from workflow_scripts.config.score_checks import known_space
from workflow_scripts.config.toy import ToySource
from workflow_scripts.units.selectors import least_percent
from workflow_scripts.units.space import STACKS

if TYPE_CHECKING:
    from workflow_scripts.config.analyses.probes import Probes
    from workflow_scripts.config.experiment import Experiment

KEY = "analysis.probes"


def probed_text(experiment: Experiment, probes: Probes) -> str:
    """Return the name of the text whose words are labelled."""
    return probes.text or experiment.testsets[0]


def readable_directions(experiment: Experiment, probes: Probes, system: str) -> list[str]:
    """Return the directions that a system is trained in and the text has."""
    known = experiment.trained_by(system)
    if probes.from_conllu:
        return [one for one in known if split_direction(one)[0] in probes.conllu]
    there = experiment.directions_of(probed_text(experiment, probes))
    return [one for one in known if one in there]


def probed_directions(experiment: Experiment, probes: Probes, system: str, stack: str) -> list[str]:
    """Return the directions of which a stack's units are read; languages where nothing is translated."""
    if experiment.texts_alone is not None:
        return experiment.texts_alone
    known = readable_directions(experiment, probes, system)
    if isinstance(probes.directions, list):
        return [one for one in probes.directions if one in known]
    if probes.directions == "all":
        return known
    first: dict[str, str] = {}
    for direction in known:
        first.setdefault(split_direction(direction)[STACKS.index(stack)], direction)
    return list(first.values())


def probes_problems(experiment: Experiment, probes: Probes) -> Iterable[str]:
    """Yield every mistake in `analysis.probes`."""
    if probes.from_conllu and probes.stacks != [STACKS[0]]:
        yield f"{KEY}: stacks: a text without translations has no decoder; take [{STACKS[0]}]"
        return
    names = [*_unknown_names(experiment, probes)]
    yield from names
    if not names:
        yield from _unread(experiment, probes)
    yield from _unlabelled(experiment, probes)
    yield from _too_few_units(experiment, probes)


def _unknown_names(experiment: Experiment, probes: Probes) -> Iterable[str]:
    yield from unknown_systems(experiment, f"{KEY}.systems", probes.systems)
    texts = [name for name in experiment.subsets if name != TRAIN]
    if probes.text is not None and not probes.from_conllu and probes.text not in texts:
        known = [*texts, CONLLU]
        yield f"{KEY}.text: no {probes.text!r}{nearest(probes.text, known)}; there are {', '.join(known)}"
    for language in probes.conllu:
        if language not in experiment.languages:
            hint = nearest(language, experiment.languages)
            yield f"{KEY}.conllu.{language}: not in languages{hint}"
    if isinstance(probes.directions, list):
        for direction in probes.directions:
            if direction not in (known := experiment.train_directions):
                yield f"{KEY}.directions: {direction!r} is not trained{nearest(direction, known)}"
            elif probes.from_conllu and (source := split_direction(direction)[0]) not in probes.conllu:
                yield f"{KEY}.directions: {direction}: conllu has no file of {source}"


def _unread(experiment: Experiment, probes: Probes) -> Iterable[str]:
    """Directions that the text lacks, systems of which no word is read, properties of one label."""
    text = probed_text(experiment, probes)
    named = probes.directions if isinstance(probes.directions, list) else []
    there = experiment.train_directions if probes.from_conllu else experiment.directions_of(text)
    if without := [direction for direction in named if direction not in there]:
        for direction in without:
            hint = nearest(direction, there)
            yield f"{KEY}.directions: {text} has no {direction}{hint}; it has {', '.join(there)}"
        return
    alone: dict[str, None] = {}
    for system in probes.systems:
        known = readable_directions(experiment, probes, system)
        if not known:
            yield f"{KEY}.systems: {text} has no direction that {system!r} is trained in"
        elif named and not {*named} & {*known}:
            yield (
                f"{KEY}.systems: {system!r} is trained in none of {', '.join(named)}; {text} has"
                f" {', '.join(known)} of it"
            )
        else:
            alone |= dict.fromkeys(_one_label(experiment, probes, system))
    yield from alone


def _one_label(experiment: Experiment, probes: Probes, system: str) -> Iterable[str]:
    for stack in probes.stacks:
        read = probed_directions(experiment, probes, system, stack)
        labels = {LANGUAGE: {split_direction(one)[STACKS.index(stack)] for one in read}, DIRECTION: {*read}}
        for name, found in labels.items():
            if name in probes.properties and len(found) == 1:
                yield (
                    f"{KEY}.properties: {name} has one label in the {stack}, {min(found)}, and a probe tells"
                    " two apart; take more directions, the other stack alone, or another property"
                )


def _unlabelled(experiment: Experiment, probes: Probes) -> Iterable[str]:
    toy = isinstance(experiment.data.source, ToySource)
    for name in () if probes.conllu else probes.gold:
        known = [*DERIVED, *OF_TOY] if toy else DERIVED
        if toy and name in OF_TOY:
            continue
        more = "" if toy else "; gold labels need the key conllu, a file for each language"
        yield (
            f"{KEY}.properties: no labels of {name!r}{nearest(name, known)}; there are"
            f" {', '.join(known)}{more}"
        )


def _too_few_units(experiment: Experiment, probes: Probes) -> Iterable[str]:
    space = known_space(experiment, probes.units)
    if space is None:
        return
    sizes = {stack: space.part(stacks=[stack]).size for stack in probes.stacks}
    stack, units = min(sizes.items(), key=lambda entry: entry[1])
    for percent in probes.percents:
        if Decimal(str(percent)) * units < 100:
            yield (
                f"{KEY}.percents: {percent:g} % of the {units} units of the {stack} is less than one; take at"
                f" least {least_percent(units)} %"
            )
