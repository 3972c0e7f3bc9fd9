"""Trainings of the tiny models: their data, settings and command lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file

from tests.training_settings import training_settings
from tests.unit.models.huggingface.folders import TAGS, sentences
from workflow_scripts.models.huggingface.system import make_system
from workflow_scripts.models.huggingface.training.loop import of_parent
from workflow_scripts.models.huggingface.training.network import open_training
from workflow_scripts.models.huggingface.training.run import Training
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.surroundings import Surroundings, never
from workflow_scripts.train.finetune import main
from workflow_scripts.train.renewal import select_again
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

DIRECTIONS = ("en-de", "en-fr")
#: Six updates, each of two batches.
SETTINGS: dict[str, Any] = {
    "max_updates": 6,
    "max_tokens": 60,
    "tokens_per_update": 120,
    "lr": 0.01,
    "warmup_updates": 1,
    "sampler": "by_direction",
    "validate_interval_updates": 3,
    "threads": 1,
    "log_interval": 1,
    "dropout": 0.0,
}
#: Of families that have more than one dropout.
WITHOUT_DROPOUT: dict[str, Any] = {"attention_dropout": 0.0, "activation_dropout": 0.0}


def write_texts(root: Path, train: int = 24, valid: int = 6) -> Path:
    """Write text of both directions; a language has the same words wherever it is."""
    for subset, lines, seed in (("train", train, 1), ("valid", valid, 40)):
        (root / subset).mkdir(parents=True)
        for number, direction in enumerate(DIRECTIONS):
            for part, language in enumerate(direction.split("-")):
                text = "\n".join(sentences(lines, seed + 2 * number + part)) + "\n"
                (root / subset / f"{direction}.{language}.txt").write_text(text)
    return root


def attached(folder: Path, out: Path, case: str = "m2m") -> SystemFolder:
    """Return the system of a model's folder."""
    return make_system(
        folder, out, system=case, languages=["de", "en", "fr"], directions=DIRECTIONS, tags=TAGS[case]
    )


def arguments(
    parent: SystemFolder,
    data: Path,
    folder: Path,
    *more: str,
    masks: Path | None = None,
    method: dict[str, Any] | None = None,
    **settings: Any,
) -> list[str]:
    """Return the command line of a fine-tuning in ``folder``."""
    given = training_settings(**{**SETTINGS, **WITHOUT_DROPOUT, **settings})
    return [
        *("--settings", json.dumps(given), "--data-bin", str(data), "--directions", *DIRECTIONS),
        *("--seed", "3", "--folder", str(folder / "training"), "--out", str(folder / "system")),
        *("--system", "tuned", "--parent", str(parent.folder), *more),
        *(["--masks", str(masks)] if masks else []),
        *(["--method", json.dumps(method)] if method else []),
    ]


def trained(parent: SystemFolder, data: Path, folder: Path, *more: str, **named: Any) -> SystemFolder:
    """Fine-tune a system; return what comes out."""
    main(arguments(parent, data, folder, *more, **named))
    return SystemFolder.read(folder / "system")


def weights(system: SystemFolder) -> dict[str, Any]:
    """Return a system's weights by name."""
    found: dict[str, Any] = load_file(system.folder / "model.safetensors")
    return found


def write_masks(system: SystemFolder, path: Path, keep: Callable[[str, int], Any], *kinds: str) -> Path:
    """Write masks of both directions. ``keep``: what a direction keeps of so many units, bool."""
    space = system.space_of(kinds or ("ffn",))
    bits = np.stack([np.broadcast_to(keep(name, space.size), space.size) for name in DIRECTIONS])
    facts = {"rule": "test", "weights_sha256": system.weights_sha256}
    MaskTable(DIRECTIONS, bits, space, facts).write(path)
    return path


def plan_of(
    parent: SystemFolder,
    data: Path,
    folder: Path,
    masks: Path | None = None,
    method: dict[str, Any] | None = None,
    **settings: Any,
) -> TrainingPlan:
    """Return the plan of a fine-tuning in ``folder``, as the program makes it."""
    folder.mkdir(parents=True, exist_ok=True)
    none = {} if parent.architecture["family"] in ("t5", "mt5") else WITHOUT_DROPOUT
    return TrainingPlan(
        "tuned",
        3,
        list(parent.languages),
        list(DIRECTIONS),
        dict(parent.architecture),
        training_settings(**{**SETTINGS, **none, **settings}),
        dict(parent.text),
        str(data),
        folder=str(folder),
        masks=None if masks is None else str(masks),
        initial_weights=str(parent.weights),
        method=method or {},
        port="huggingface",
        **of_parent(parent),
    )


def training_of(plan: TrainingPlan, **surroundings: Any) -> Training:
    """Return the training of a plan, about to begin."""
    return Training(plan, open_training(plan, Path(str(plan.model))), alone(**surroundings))


def alone(end_is_near: Callable[[float], bool] = never) -> Surroundings:
    """Return the surroundings of a training of one process."""
    return Surroundings(1, 0, lambda folder: None, select_again, end_is_near)
