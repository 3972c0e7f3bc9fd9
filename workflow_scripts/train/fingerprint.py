"""The fingerprint of a training, by which its folder is recognised, and the number of its processes."""

import json
import math
from collections.abc import Mapping
from typing import Any

import torch

from workflow_scripts.common.files import sha256_of
from workflow_scripts.models.training.loop import loop_of
from workflow_scripts.models.training.plan import (
    TrainingPlan,
    accumulation,
    longest_sentence,
    most_positions,
    step_of,
)
from workflow_scripts.train.launch import place
from workflow_scripts.train.training_settings import settings_by_class
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.training_files import STEP_VERSIONS, VERSION

# Facts of a mask file.
SELECTED_BY = ("rule", "k", "select", "stacks", "counting")


def number_of_processes(settings: Mapping[str, Any], starts: bool = True) -> int:
    """Return the processes of this training: those started, or one for each GPU that gets whole batches.
    ``starts``: whether the loop starts these by itself."""
    if (started := place().processes) > 1 or not starts:
        return started
    return math.gcd(accumulation(settings, 1), max(torch.cuda.device_count(), 1))


def fingerprint_of(plan: TrainingPlan) -> dict[str, dict[str, Any]]:
    """Return the three classes (identity, extendable, execution); contents by SHA-256, no paths."""
    loop = loop_of(plan.port)
    processes = number_of_processes(plan.settings, loop.STARTS_PROCESSES)
    classes = settings_by_class(plan.settings, processes)
    files = loop.training_files(plan)
    if (longest := longest_sentence(plan)) < most_positions(plan):
        # Then the size of a batch decides which sentences are left out, so it is part of the identity.
        classes["identity"]["longest_sentence"] = longest
    if plan.sources:
        # As it comes back from a file: lists, not tuples.
        classes["identity"]["sources"] = json.loads(json.dumps(plan.sources))
    if plan.method:
        classes["identity"]["method"] = plan.method
    if plan.masks and "renew" in plan.method:
        # How the masks will be made again; their rows do not say it.
        facts = MaskTable.read(plan.masks).manifest
        classes["identity"]["renewed_by"] = {name: facts.get(name) for name in SELECTED_BY}
    classes["identity"] |= {
        VERSION: STEP_VERSIONS[step_of(plan.settings)],
        "seed": plan.seed,
        "languages": plan.languages,
        "directions": plan.directions,
        "architecture": plan.architecture,
        "data": {name: sha256_of(path) for name, path in sorted(files.items())},
        **loop.model_identity(plan),
        # By row: a row added for a direction that is only evaluated must not restart the training.
        "masks": _mask_rows(plan) if plan.masks else None,
        "initial_weights": sha256_of(plan.initial_weights) if plan.initial_weights else None,
    }
    return classes


def _mask_rows(plan: TrainingPlan) -> dict[str, str]:
    table = MaskTable.read(str(plan.masks))
    return {direction: table.row_sha256(direction) for direction in plan.directions}
