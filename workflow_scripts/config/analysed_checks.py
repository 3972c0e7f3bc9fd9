"""What must hold of mask sets that are selected by what an analysis finds: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest
from workflow_scripts.config.analyses.directions import compared_directions
from workflow_scripts.config.base import BASELINE
from workflow_scripts.config.mask_scores import Scored
from workflow_scripts.units.score_table import CORRELATION, OF_PROPERTY, PROBE

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

PROBES, COMPARISON = "analysis.probes", "analysis.correlation"


def analysed_problems(experiment: Experiment, key: str, one: Scored) -> Iterable[str]:
    """Yield a line for each reason why an analysis does not find the scores of a mask set, ``key``."""
    if one.of in OF_PROPERTY:
        yield from _of_words(experiment, key, one)
    elif one.of == CORRELATION:
        yield from _of_seeds(experiment, key, one)


def _of_words(experiment: Experiment, key: str, one: Scored) -> Iterable[str]:
    asked, wanted = experiment.analysis.probes, str(one.property)
    if asked is None:
        yield f"{key}.of: {one.of} needs {PROBES}, with {wanted} among its properties"
        return
    if wanted not in asked.properties:
        known = asked.properties
        yield f"{key}.property: no {wanted!r} in {PROBES}.properties{nearest(wanted, known)}; it has {known}"
    if one.of != PROBE and not asked.scores:
        yield f"{key}.of: {one.of} needs {PROBES}.scores: true"
    if left := [stack for stack in one.stacks if stack not in asked.stacks]:
        yield f"{key}.stacks: {PROBES}.stacks has no {left[0]}; write stacks: {asked.stacks}"
    if asked.from_conllu:
        yield f"{key}.of: sentences of conllu are no text of the experiment; give {PROBES}.text one that is"
    else:
        text = asked.text or experiment.testsets[0]
        yield from _of_another(key, one, PROBES, text, asked.units, asked.systems)


def _of_seeds(experiment: Experiment, key: str, one: Scored) -> Iterable[str]:
    asked, wanted = experiment.analysis.correlation, str(one.form)
    if asked is None:
        yield f"{key}.of: {CORRELATION} needs {COMPARISON}"
        return
    if wanted not in asked.forms:
        yield f"{key}.form: no {wanted!r} in {COMPARISON}.forms; it has {asked.forms}"
    if "seeds" not in asked.between:
        yield f"{key}.of: {CORRELATION} is that of seeds; add seeds to {COMPARISON}.between"
    there = compared_directions(experiment, asked) if {*asked.systems} <= {*experiment.all_systems} else []
    for direction in [one for one in experiment.train_directions if there and one not in there][:1]:
        yield f"{key}.of: {COMPARISON} does not read {direction}, which would have no row"
    yield from _of_another(key, one, COMPARISON, asked.subset, asked.units, asked.systems)


def _of_another(
    key: str, one: Scored, analysis: str, text: str, units: Sequence[str], systems: Sequence[str]
) -> Iterable[str]:
    """Yield a line for each difference between what is scored and what is asked for."""
    if one.text != text:
        yield f"{key}.text: {analysis} reads {text!r}, not {one.text!r}; write text: {text}"
    if {*one.units} != {*units}:
        yield f"{key}.units: {analysis}.units are {units}, not {one.units}; write the same"
    if BASELINE not in systems:
        yield f"{analysis}.systems: {key} is selected from units of the {BASELINE}; add {BASELINE}"
