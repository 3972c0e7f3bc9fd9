"""What must hold of `texts`, and of the text that mask sets name: one line for each mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.common.errors import nearest
from workflow_scripts.common.languages import base_code
from workflow_scripts.config.file_source import TRAIN, VALID
from workflow_scripts.config.mask_list import no_mask_set
from workflow_scripts.config.masks import ALL_UNITS, MaskSet
from workflow_scripts.config.texts import CYRILLIC_TO_LATIN, RANDOM_TOKENS, SERBIAN, VariedText, chain

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def text_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in `texts`, and in the keys `text` of `masks.sets`."""
    for name, text in experiment.texts.items():
        yield from _name_problems(experiment, name, text)
        yield from _of_problems(experiment, name, text)
        yield from _language_problems(experiment, f"texts.{name}", text)
    for name, one in experiment.masks.sets.items():
        # Validation text is always there, with attach.data_bin in its binarised form alone.
        if one.like is None and one.file is None and one.text != VALID:
            yield from _scored_problems(experiment, f"masks.sets.{name}.text", one)


def _name_problems(experiment: Experiment, name: str, text: VariedText) -> Iterable[str]:
    if name in (*experiment.subsets, TRAIN, VALID):
        yield f"texts.{name}: there is text of this name in the source; call this one otherwise"
    for number in range(1, (text.draws or 0) + 1):
        if f"{name}-{number}" in experiment.texts:
            yield f"texts.{name}: a draw of it and texts.{name}-{number} have the same name"


def _of_problems(experiment: Experiment, name: str, text: VariedText) -> Iterable[str]:
    key, varied = f"texts.{name}.of", experiment.varied_texts
    # Attached validation text is there in its binarised form alone.
    prepared = [*experiment.subsets, *([VALID] if text.change == RANDOM_TOKENS else [])]
    if mistake := _unknown(experiment, text.of, prepared):
        yield f"{key}: {mistake}"
    elif (last := chain(varied, text.of)[-1]) not in (*prepared, VALID):
        yield f"{key}: leads back to {last}"
    elif text.of in varied and varied[text.of].change == RANDOM_TOKENS:
        yield f"{key}: {text.of} has random subwords and no text to make another of; change that one last"
    elif text.of == TRAIN and text.change == RANDOM_TOKENS:
        yield f"{key}: training text may be in shards; make a text of it with first, and change that one"


def _unknown(experiment: Experiment, wanted: str, subsets: list[str]) -> str | None:
    names = [*dict.fromkeys(subsets), *experiment.varied_texts]
    if wanted in names:
        return None
    if wanted in experiment.texts:
        return f"{wanted!r} is drawn {experiment.texts[wanted].draws} times; name one, {wanted}-1"
    return f"no text {wanted!r}{nearest(wanted, names)}; there are {names}"


def _language_problems(experiment: Experiment, key: str, text: VariedText) -> Iterable[str]:
    for lang in text.languages or []:
        if lang not in experiment.languages:
            yield f"{key}.languages: {lang!r} is not in languages{nearest(lang, experiment.languages)}"
        elif text.change == CYRILLIC_TO_LATIN and base_code(lang) != SERBIAN:
            yield f"{key}.languages: cyrillic_to_latin is of Serbian alone, not of {lang!r}; take latin"
    if text.change == CYRILLIC_TO_LATIN and not experiment.changed_languages(text):
        yield f"{key}.change: cyrillic_to_latin is of Serbian (sr), which is not in languages; take latin"


def _scored_problems(experiment: Experiment, key: str, one: MaskSet) -> Iterable[str]:
    drawn = experiment.texts[one.text].draws if one.text in experiment.texts else None
    if one.draws is not None and drawn is None:
        yield f"{key}: draws is {one.draws}, but the text {one.text!r} is not drawn"
        return
    if one.draws is not None and drawn is not None and one.draws > drawn:
        yield f"{key}: draws is {one.draws}, but the text {one.text!r} is drawn {drawn} times"
        return
    name = one.text if one.draws is None else f"{one.text}-1"
    if mistake := _unknown(experiment, name, experiment.subsets):
        yield f"{key}: {mistake}"
    elif name == TRAIN:
        yield f"{key}: training text may be large and in shards; make a text of it with first (texts)"
    else:
        had = experiment.directions_of(chain(experiment.varied_texts, name)[-1])
        for direction in experiment.train_directions:
            if direction not in had:
                yield f"{key}: the text {one.text!r} has no {direction}, which is scored on it"
                return


def compared_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake in the analyses of masks of samples and of other text."""
    stability, control = experiment.analysis.stability, experiment.analysis.text_control
    if stability is not None:
        key = "analysis.stability.masks"
        if mistake := _not_selected(experiment, stability.masks):
            yield f"{key}: {mistake}"
        elif experiment.masks.named[stability.masks].one.of != "activations":
            yield f"{key}: samples are taken of activations, and {stability.masks!r} is of another score"
        if experiment.activations.count_pads:
            yield (
                "analysis.stability: samples are counted by sentence, without padding, and with"
                " activations.count_pads masks are of other counts; leave one of the two out"
            )
    if control is not None:
        if mistake := _not_selected(experiment, control):
            yield f"analysis.text_control: {mistake}"
        elif not experiment.of_other_text(control):
            yield f"analysis.text_control: no set of masks.sets differs from {control!r} in its text alone"


def _not_selected(experiment: Experiment, wanted: str) -> str | None:
    """Return why a mask set is not one that is selected by scores; None if it is."""
    sets = experiment.masks.named
    if wanted in experiment.masks.sets and wanted not in sets:
        draws = experiment.masks.sets[wanted].number_of_draws
        return f"{wanted!r} is drawn {draws} times; name one set, such as k95"
    if wanted not in sets:
        return no_mask_set(wanted, list(sets))
    one = sets[wanted].one
    if one.select is None or one.file is not None or one.is_drawn or wanted == ALL_UNITS:
        return f"{wanted!r} is not selected by scores of units; name one with select, such as k95"
    return None
