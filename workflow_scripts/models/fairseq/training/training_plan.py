"""What one training is: data, network, settings, and where it works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq.drawing import Sources


@dataclass(frozen=True)
class TrainingPlan:
    """All that one training needs. Paths may be relative.

    `architecture` as in system.json; `settings` all of `train.training_settings`; `masks` an .npz with a row
    for each direction or None; `initial_weights` a safetensors file or None (random by the seed); `data_bin`
    a folder, or several joined with ":", of which each epoch reads one; `sources` of each folder, where the
    settings weight them (`weighted_sources`), else None; `method` as `train.training_method` checks it, empty
    for the published training.
    """

    system: str
    seed: int
    languages: list[str]
    directions: list[str]
    architecture: dict[str, Any]
    settings: dict[str, Any]
    text: dict[str, Any]
    data_bin: str
    dictionary: str
    subwords: str
    folder: str
    masks: str | None = None
    initial_weights: str | None = None
    parent: dict[str, Any] | None = None
    sources: list[Sources] | None = None
    method: dict[str, Any] = field(default_factory=dict)


def longest_sentence(plan: TrainingPlan) -> int:
    """Return the tokens of the longest side that is trained on: what the model and one batch can hold."""
    return min(int(plan.architecture["max_positions"]), int(plan.settings["max_tokens"]))


def accumulation(settings: Mapping[str, Any], processes: int) -> int:
    """Return the batches that each process accumulates for one update; UserError if they do not fill it."""
    at_once = settings["max_tokens"] * processes
    number, rest = divmod(settings["tokens_per_update"], at_once)
    if rest or not number:
        share, uneven = divmod(settings["tokens_per_update"], processes)
        fits = (size for size in range(min(settings["max_tokens"], share), 0, -1) if share % size == 0)
        near = "" if uneven else f" (max_tokens {next(fits, 1)} would do)"
        raise UserError(
            f"an update of {settings['tokens_per_update']} tokens is not a multiple of max_tokens"
            f" {settings['max_tokens']} in each of {processes} processes; change"
            f" max_tokens{near} or update_freq"
        )
    return int(number)
