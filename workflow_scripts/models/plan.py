"""What one training is: the plan, and the fingerprint by which a folder is recognised."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from workflow_scripts.files import sha256_of
from workflow_scripts.models.drawing import Sources
from workflow_scripts.models.launch import place
from workflow_scripts.models.settings import accumulation, settings_by_class
from workflow_scripts.models.shards import training_files
from workflow_scripts.units.mask_table import MaskTable

# Raise by hand when a change of the code makes trainings of the same settings incomparable.
TRAINING_VERSION = 1


@dataclass(frozen=True)
class TrainingPlan:
    """All that one training needs. Paths may be relative.

    `architecture` as in system.json; `settings` complete (`complete_settings`); `masks` an .npz with a row
    for each direction or None; `initial_weights` a safetensors file or None (random by the seed); `data_bin`
    a folder, or several joined with ":", of which each epoch reads one; `sources` of each folder, where the
    settings weight them (`weighted_sources`), else None.
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


def number_of_processes(settings: Mapping[str, Any]) -> int:
    """Return the processes of this training: those that were started (models.launch), or one for each GPU
    that an update can be shared out to in whole batches."""
    if (started := place().processes) > 1:
        return started
    return math.gcd(accumulation(settings, 1), max(torch.cuda.device_count(), 1))


def longest_sentence(plan: TrainingPlan) -> int:
    """Return the tokens of the longest side that is trained on: what the model and one batch can hold."""
    return min(int(plan.architecture["max_positions"]), int(plan.settings["max_tokens"]))


def fingerprint_of(plan: TrainingPlan) -> dict[str, dict[str, Any]]:
    """Return the three classes, identity, extendable and execution; contents by SHA-256, no paths."""
    classes = settings_by_class(plan.settings, number_of_processes(plan.settings))
    files = training_files(plan.data_bin, plan.directions)
    if (longest := longest_sentence(plan)) < int(plan.architecture["max_positions"]):
        # Then it is the batch that says which sentences are left out, and no longer a matter of execution.
        classes["identity"]["longest_sentence"] = longest
    if plan.sources:
        # As it comes back from a file: lists, not tuples.
        classes["identity"]["sources"] = json.loads(json.dumps(plan.sources))
    classes["identity"] |= {
        "training_version": TRAINING_VERSION,
        "seed": plan.seed,
        "languages": plan.languages,
        "directions": plan.directions,
        "architecture": plan.architecture,
        "data": {name: sha256_of(path) for name, path in sorted(files.items())},
        "dictionary": sha256_of(plan.dictionary),
        # By row: a row added for a direction that is only evaluated must not restart the training.
        "masks": _mask_rows(plan) if plan.masks else None,
        "initial_weights": sha256_of(plan.initial_weights) if plan.initial_weights else None,
    }
    return classes


def _mask_rows(plan: TrainingPlan) -> dict[str, str]:
    table = MaskTable.read(str(plan.masks))
    return {direction: table.row_sha256(direction) for direction in plan.directions}
