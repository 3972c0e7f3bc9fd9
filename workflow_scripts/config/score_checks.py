"""What must hold of scores that compare languages, and which units the model has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workflow_scripts.common.directions import split_direction
from workflow_scripts.config.mask_scores import COMPARING
from workflow_scripts.units.space import UnitSpace, model_space

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment


def one_language(experiment: Experiment, key: str, score: str) -> Iterable[str]:
    """Yield a line for each side that has one language, where a score compares languages."""
    if score not in COMPARING or not experiment.train_directions:
        return
    if experiment.texts_alone is not None:
        if len(experiment.languages) == 1:
            yield f"{key}: {score} compares languages, and there is one; take another score"
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
