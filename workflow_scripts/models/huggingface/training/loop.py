"""The port's loop, as ``models.training.loop`` asks for it. Started alone it is one process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import copy_file, sha256_of
from workflow_scripts.models.huggingface.baseline import baseline_architecture, baseline_tags
from workflow_scripts.models.huggingface.batches import text_files
from workflow_scripts.models.huggingface.families import longest_of
from workflow_scripts.models.huggingface.folder import configured
from workflow_scripts.models.huggingface.model_files import FILES
from workflow_scripts.models.huggingface.system import WEIGHTS, encoder_tag
from workflow_scripts.models.huggingface.training.network import model_folder, open_training
from workflow_scripts.models.huggingface.training.run import train
from workflow_scripts.models.training.plan import TrainingPlan, data_folders
from workflow_scripts.models.training.surroundings import Surroundings
from workflow_scripts.models.weights import save_adapters, save_tensors
from workflow_scripts.units.adapters import FILE
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import VALUED
from workflow_scripts.units.system import SystemFolder

STARTS_PROCESSES = False
MASKS_BY_SENTENCE = True

#: Settings that are for the default port alone.
LACKING = ("source_weights", "tensorboard", "valid_bleu")


def of_baseline(
    architecture: Mapping[str, Any], languages: Sequence[str], text: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the architecture, and the text with the tags of the languages."""
    return {
        "architecture": baseline_architecture(architecture),
        "text": {**text, "tags": baseline_tags(languages), "prefixes": {}},
    }


def of_parent(parent: SystemFolder) -> dict[str, Any]:
    """Return what a plan says of a parent's model: its folder, and the positions that it has."""
    positions = longest_of(configured(parent.folder)[1])
    return {"dictionary": "", "subwords": "", "model": str(parent.folder), "max_positions": positions}


def check(plan: TrainingPlan) -> TrainingPlan:
    """See ``Loop``: files of text, of the directions. What is in them is checked when they are read."""
    for key in LACKING:
        if plan.settings.get(key):
            raise UserError(f"{key} in the training settings is not supported by the port {plan.port!r}")
    if len(data_folders(plan.data_bin)) > 1:
        raise UserError(f"{plan.data_bin}: several folders are not supported by the port {plan.port!r}")
    kinds = () if plan.masks is None else MaskTable.read(plan.masks).space.kinds
    if other := [kind for kind in kinds if kind not in VALUED]:
        raise UserError(f"{plan.masks}: units of kind {other[0]} are not supported by the port {plan.port!r}")
    training_files(plan)
    return plan


def training_files(plan: TrainingPlan) -> dict[str, Path]:
    """Return the files of text, as ``train/de-en.de.txt``."""
    return {
        f"{subset}/{path.name}": path
        for subset in ("train", "valid")
        for direction in plan.directions
        for path in text_files(Path(plan.data_bin), subset, direction)
    }


def validation_files(plan: TrainingPlan) -> dict[str, tuple[Path, ...]]:
    """See ``Loop``."""
    data = Path(plan.data_bin)
    return {name: tuple(text_files(data, "valid", name)) for name in plan.directions}


def model_identity(plan: TrainingPlan) -> dict[str, Any]:
    """Return the hashes of the parent's configuration and tokenizer, or of what they are made from."""
    if plan.model is None:
        made_from = {"dictionary": sha256_of(plan.dictionary), "subwords": sha256_of(plan.subwords)}
        return {"port": plan.port, **made_from}
    folder = Path(plan.model)
    return {"port": plan.port, "model": {name: sha256_of(folder / name) for name in _files(folder)}}


def _files(folder: Path) -> list[str]:
    return [name for name in FILES if (folder / name).is_file()]


def run(plan: TrainingPlan, surroundings: Surroundings) -> None:
    """See ``Loop``."""
    train(plan, open_training(plan, model_folder(plan)), surroundings)


def write_weights(plan: TrainingPlan, best: Mapping[str, Any], masks: MaskTable | None, out: Path) -> None:
    """See ``Loop``. The weights are in float32 all through: what was not trained is as it was."""
    save_tensors(best["model"], out / WEIGHTS)
    if "adapters" in best:
        save_adapters(best["adapters"], out / FILE)


def write_rest(plan: TrainingPlan, out: Path) -> dict[str, Any]:
    """Copy the configuration, with the model's own dropout, and the tokenizer."""
    folder = model_folder(plan)
    files = _files(folder)
    for name in files:
        copy_file(folder / name, out / name)
    return {
        "port": plan.port,
        "files": {"weights": WEIGHTS, "masks": STANDARD_FILES["masks"], **{name: name for name in files}},
        "encoder_langtok": encoder_tag(folder, plan.text),
    }
