"""fairseq's loop, as ``models.training.loop`` asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import workflow_scripts.models.fairseq.compat  # noqa: F401  (before fairseq)

# isort: split
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import copy_file, sha256_of
from workflow_scripts.models.fairseq import shards
from workflow_scripts.models.fairseq.artifact import load_weights, save_system_weights
from workflow_scripts.models.fairseq.directions import load_directions
from workflow_scripts.models.fairseq.network import build_network
from workflow_scripts.models.fairseq.sites import adapter_places, sites
from workflow_scripts.models.fairseq.training import fairseq_run
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.surroundings import Surroundings
from workflow_scripts.models.training.trained import ADAPTERS, freeze, take_untrained
from workflow_scripts.models.weights import save_adapters
from workflow_scripts.units.adapters import FILE
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import Vocabulary

STARTS_PROCESSES = True
MASKS_BY_SENTENCE = False


def of_baseline(
    architecture: Mapping[str, Any], languages: Sequence[str], text: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the two as they are."""
    return {"architecture": architecture, "text": text}


def of_parent(parent: SystemFolder) -> dict[str, Any]:
    """Return the parent's vocabulary."""
    return {"dictionary": str(parent.dictionary), "subwords": str(parent.subwords)}


def check(plan: TrainingPlan) -> TrainingPlan:
    """See ``Loop``: binarised text of the dictionary, aligned; the lines of weighted sources."""
    shards.check_training_data(plan.data_bin, plan.directions, plan.dictionary)
    weights = plan.settings.get("source_weights")
    if weights:
        plan = replace(plan, sources=shards.weighted_sources(plan.data_bin, plan.directions, weights))
    if not Path(plan.subwords).is_file():  # needed at the very end only
        raise UserError(f"{plan.subwords}: there is no such file; it becomes part of the system")
    return plan


def training_files(plan: TrainingPlan) -> dict[str, Path]:
    """See ``shards.training_files``."""
    return shards.training_files(plan.data_bin, plan.directions)


def validation_files(plan: TrainingPlan) -> dict[str, tuple[Path, ...]]:
    """See ``Loop``; of several folders of data the first has them."""
    vocabulary = Vocabulary.read(plan.dictionary, plan.languages)
    tags = {language: vocabulary.language_id(language) for language in vocabulary.languages}
    folder = shards.shard_of_epoch(plan.data_bin, 1)
    return {one.name: tuple(one.files) for one in load_directions(folder, "valid", plan.directions, tags)}


def model_identity(plan: TrainingPlan) -> dict[str, Any]:
    """Return the dictionary's hash."""
    return {"dictionary": sha256_of(plan.dictionary)}


def run(plan: TrainingPlan, surroundings: Surroundings) -> None:
    """See ``fairseq_run.run``."""
    fairseq_run.run(plan, surroundings)


def write_weights(plan: TrainingPlan, best: Mapping[str, Any], masks: MaskTable | None, out: Path) -> None:
    """See ``Loop``; what was not trained is that of the beginning, without half precision's rounding."""
    architecture = Architecture.from_dict(plan.architecture)
    symbols = len(Vocabulary.read(plan.dictionary, plan.languages))
    network = build_network(architecture, symbols)
    freeze(network, sites(network), adapter_places(network), plan.method)
    network.load_state_dict(best["model"])
    if plan.method and plan.initial_weights is not None:
        start = build_network(architecture, symbols)
        load_weights(start, plan.initial_weights)
        take_untrained(network, sites(network), start, plan.method, masks, plan.directions)
    save_system_weights(network, out / STANDARD_FILES["weights"])
    if ADAPTERS in plan.method:
        save_adapters(network.adapters.rows(), out / FILE)


def write_rest(plan: TrainingPlan, out: Path) -> dict[str, Any]:
    """Copy the vocabulary."""
    copy_file(plan.dictionary, out / STANDARD_FILES["dictionary"])
    copy_file(plan.subwords, out / STANDARD_FILES["subwords"])
    return {}
