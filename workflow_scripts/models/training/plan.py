"""What one training is: data, network, settings, and where it works."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.training.drawing import Sources
from workflow_scripts.units.description import DEFAULT_PORT
from workflow_scripts.units.training_files import DEFAULT_STEP, STEP


@dataclass(frozen=True)
class TrainingPlan:
    """All that one training needs. Paths may be relative.

    `architecture` as in system.json; `settings` all of `train.training_settings`; `masks` an .npz with a row
    for each direction or None; `initial_weights` a safetensors file or None (random by the seed); `data_bin`
    a folder, or several joined with ":", of which each epoch reads one; `sources` of each folder, where the
    settings weight them (`weighted_sources`), else None; `method` as `train.training_method` checks it, empty
    for the published training. `port`: whose loop trains; `model`: the folder of its parent's model, for a
    port that needs more than a dictionary; `max_positions`: where the architecture does not say it.
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
    port: str = DEFAULT_PORT
    model: str | None = None
    max_positions: int | None = None


def most_positions(plan: TrainingPlan) -> int:
    """Return the most positions that the model can have."""
    return int(plan.max_positions or plan.architecture["max_positions"])


def longest_sentence(plan: TrainingPlan) -> int:
    """Return the tokens of the longest side that is trained on: what the model and one batch can hold."""
    return min(most_positions(plan), int(plan.settings["max_tokens"]))


def data_folders(data: str | os.PathLike[str]) -> list[str]:
    """Return the folders that a ``--data-bin`` names, in order."""
    return str(data).split(os.pathsep)


def step_of(settings: Mapping[str, Any]) -> str:
    """Return how an update is computed: a key of ``STEP_VERSIONS``."""
    return str(settings.get(STEP, DEFAULT_STEP))


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


def precision_of(settings: Mapping[str, Any], gpu: bool, automatic: str) -> str:
    """Return the precision of a training, ``fp32`` without a GPU and ``automatic`` with one if it is left to
    the program. UserError for another one without a GPU: neither loop has it there."""
    precision: str = settings["precision"]
    if precision == "auto":
        return automatic if gpu else "fp32"
    if precision != "fp32" and not gpu:
        raise UserError(f"precision {precision} in the training settings needs a GPU; use auto or fp32")
    return precision


def batching_of(settings: Mapping[str, Any], processes: int) -> str:
    """Return what fixes how an epoch is cut: "TOKENS tokens x BATCHES x PROCESSES"."""
    return f"{settings['max_tokens']} tokens x {accumulation(settings, processes)} x {processes}"


def moved_position(iterations: int, old: str | None, new: str) -> int | None:
    """Return where an epoch goes on of which each process has taken `iterations` batches; None if nowhere.
    `old`, `new`: `batching` before and now. Processes take batches in turn, so their number may change."""
    (cut, _, before), (now_cut, _, after) = ((old or "").split(" x ") + ["", ""])[:3], new.split(" x ")
    if cut != now_cut or not before.isdecimal():
        return None
    position, rest = divmod(iterations * int(before), int(after))
    return None if rest else position
