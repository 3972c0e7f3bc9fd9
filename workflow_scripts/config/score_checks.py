"""What must hold of scores that compare languages, and of criteria side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import split_direction
from workflow_scripts.config.criteria import Criteria
from workflow_scripts.config.masks import COMPARING
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitSpace, model_space

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def one_language(experiment: Experiment, key: str, score: str) -> Iterable[str]:
    """Yield a line for each side that has one language, where a score compares languages."""
    if score not in COMPARING or not experiment.train_directions:
        return
    sides = zip(*map(split_direction, experiment.train_directions), strict=True)
    for side, languages in zip(("from", "into"), map(set, sides), strict=True):
        if len(languages) == 1:
            yield (
                f"{key}: {score} compares languages, and all trained directions are {side}"
                f" {languages.pop()!r}; take another score, such as activations"
            )


def known_space(experiment: Experiment, kinds: Sequence[str] = ("ffn",)) -> UnitSpace | None:
    """Return the units of the model, None where only its checkpoint says how many there are."""
    known = experiment.known_architecture
    if not {"encoder_layers", "decoder_layers", "ffn_dim", "heads", "model_dim"} <= known.keys():
        return None
    return model_space(known, kinds)


def criteria_problems(experiment: Experiment, criteria: Criteria) -> Iterable[str]:
    """Yield every mistake in `analysis.criteria`."""
    key = "analysis.criteria"
    if criteria.k is not None and criteria.k not in experiment.masks.k:
        yield f"{key}.k: {criteria.k} is not in masks.k ({', '.join(experiment.masks.k)})"
    if len(experiment.control_text[1]) < 2:
        yield f"{key}: compares a direction with others, and no test set has two trained directions"
    for name in criteria.names:
        yield from one_language(experiment, f"{key}.names", name)
    space, size = known_space(experiment), parse_selector(f"top:{criteria.size}")
    if space and (mistake := size.keeps_none(space)):
        yield f"{key}.size: {mistake}"
    if space and size.keeps_all(space):
        yield f"{key}.size: {criteria.size} is every unit of each layer; take fewer, such as 5%"
