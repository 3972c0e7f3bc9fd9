"""The port that a training works on: its model, with the weights that it begins with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.baseline import draw_weights, make_model_folder
from workflow_scripts.models.huggingface.folder import described, stored
from workflow_scripts.models.huggingface.port import HuggingFacePort, open_port
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.weights import read_tensors

#: Below a training's folder, of a baseline: its configuration and tokenizer.
MODEL = "model"
DROPOUTS = ("dropout", "attention_dropout", "activation_dropout")


def model_folder(plan: TrainingPlan) -> Path:
    """Return the folder with the model's configuration and tokenizer: the parent's, or one that is made."""
    if plan.model is not None:
        return Path(plan.model)
    folder = Path(plan.folder) / MODEL
    make_model_folder(folder, plan.architecture, plan.languages, plan.subwords, plan.dictionary)
    return folder


def open_training(plan: TrainingPlan, folder: Path) -> HuggingFacePort:
    """Return the port, on the CPU, with the initial weights. ``folder``: of its configuration and tokenizer.
    UserError as ``open_port``, and where the library cannot build a model like the parent's."""
    tags, prefixes = plan.text.get("tags", {}), plan.text.get("prefixes", {})
    changes = changed_dropouts(folder, plan.settings)
    if plan.initial_weights is not None:
        return open_port(folder, tags, prefixes, read_tensors(plan.initial_weights), changes)
    port = open_port(folder, tags, prefixes, changes=changes, seed=plan.seed)
    if port.family.name == "m2m_100":
        draw_weights(port.model, plan.seed)
    if plan.model is not None and (folder / "model.safetensors").is_file():
        here, there = set(stored(port.model)), set(read_tensors(folder / "model.safetensors"))
        if other := sorted(here ^ there):
            raise UserError(
                f"{folder}: the library builds this model with other tensors than it has ({other[0]}): it"
                " cannot be trained from random weights"
            )
    return port


def changed_dropouts(folder: Path, settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the settings' dropouts under the names of a model's configuration; UserError for one that it
    does not tell apart."""
    family, _, _ = described(folder)
    given = {key: settings[key] for key in DROPOUTS if settings[key] is not None}
    if family.one_dropout is None:
        return given
    for key in DROPOUTS[1:]:
        if key in given:
            raise UserError(
                f"{key} in the training settings: {family.name} has one dropout for all its places; give"
                " dropout alone"
            )
    return {family.one_dropout: given["dropout"]} if given else {}
