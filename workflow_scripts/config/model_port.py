"""What experiments in the port of transformers lack, and what a baseline that is trained there needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow_scripts.config.texts import RANDOM_TOKENS
from workflow_scripts.units.description import HUGGING_FACE

if TYPE_CHECKING:
    from workflow_scripts.config.experiment import Experiment

#: Of the network of a baseline in this port: M2M-100's.
FIXED = {
    "pre_norm": "its layers begin with their norm",
    "share_decoder_embeddings": "all its embeddings are one",
    "share_all_embeddings": "all its embeddings are one",
}
#: Settings of a training that the port's loop lacks.
LACKING = ("tensorboard", "valid_bleu")


def port_problems(experiment: Experiment) -> Iterable[str]:
    """Yield every mistake that goes with ``model.port``."""
    if experiment.model.port != HUGGING_FACE:
        return
    key = f"model.port: {HUGGING_FACE}"
    for name, why in FIXED.items():
        if not getattr(experiment.model, name):
            yield f"model.{name}: false, but the network of {key} is M2M-100's, {why}; write true"
    if experiment.attach is not None:
        yield "model.port: is of a baseline that is trained here; with attach leave it out"
    if experiment.uses is not None:
        yield f"uses: systems of {key} are not taken from other experiments; leave it out"
    if "text" in experiment.model_fields_set:
        yield f"text: the tokenizer of {key} reads text as it is; leave it out"
    yield from unbinarised_problems(experiment, key)


def unbinarised_problems(experiment: Experiment, key: str) -> Iterable[str]:
    """Yield a line for each section on what there is not where a tokenizer reads the text. ``key``: that says
    so."""
    if experiment.data.shards > 1:
        yield f"data.shards: text for {key} is not binarised, and has no shards; leave it out"
    for name in LACKING:
        for section in ("train", "finetune"):
            if getattr(getattr(experiment, section), name):
                yield f"{section}.{name}: the loop of {key} does not have it; leave it out"
    if "paper" in experiment.evaluation.references:
        yield (
            f"evaluation.references: paper is of binarised text, which there is none of with {key};"
            " take [raw]"
        )
    for name, text in experiment.texts.items():
        if text.change == RANDOM_TOKENS:
            yield (
                f"texts.{name}.change: {RANDOM_TOKENS} is of binarised text, which there is none of with"
                f" {key}"
            )
    for name, one in experiment.masks.sets.items():
        if "weight" in one.units:
            yield f"masks.sets.{name}: single weights are not units of {key}; take ffn or head"
