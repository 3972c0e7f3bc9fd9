"""Export a finished training as a system folder, `system.json` last: a folder that has one is whole."""

import logging
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import copy_file
from workflow_scripts.models.training.checkpoints import (
    BEST,
    best_checkpoint,
    disk_errors,
    read_checkpoint,
    updates_of,
)
from workflow_scripts.models.training.loop import loop_of
from workflow_scripts.models.training.masked import masks_of_state
from workflow_scripts.models.training.plan import TrainingPlan
from workflow_scripts.models.training.trained import ADAPTERS
from workflow_scripts.train.training_folder import TrainingFolder
from workflow_scripts.units.description import DESCRIPTION, STANDARD_FILES
from workflow_scripts.units.mask_table import RENEWED, MaskTable
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.training_files import KEPT, KEPT_MASKS, restore_weights

logger = logging.getLogger(__name__)


def export_system(plan: TrainingPlan, folder: TrainingFolder, out: Path) -> None:
    """Write the best weights of a finished training (its best checkpoint, or what was kept of it) as a
    system. UserError if the best checkpoint is damaged and has no copy, or a weight is not finite."""
    out.mkdir(parents=True, exist_ok=True)
    masks = MaskTable.read(plan.masks) if plan.masks else None
    adapters = plan.method.get(ADAPTERS)
    # It would not describe the new files.
    (out / DESCRIPTION).unlink(missing_ok=True)
    loop = loop_of(plan.port)
    best_file = best_checkpoint(folder.path)
    if best_file is not None:
        best = read_checkpoint(best_file)
        with disk_errors(out / STANDARD_FILES["weights"]):
            loop.write_weights(plan, best, None if "renew" in plan.method else masks, out)
        if masks is not None:
            masks = masks_of_state(masks, plan.directions, best["extra_state"].get("masks"))
        facts = {"best_update": updates_of(best), "best_valid_loss": best["extra_state"]["val_loss"]}
    elif any(folder.path.glob(f"{BEST}.damaged*")) and not (folder.path / KEPT).exists():
        raise UserError(
            f"{folder.path / BEST} is damaged, and no other checkpoint holds its update; put a copy of it"
            f" back, or move {folder.path} away to train again"
        )
    else:
        facts = restore_weights(folder.path, out)
        if masks is not None and (folder.path / KEPT_MASKS).exists():
            masks = MaskTable.read(folder.path / KEPT_MASKS)
    described = loop.write_rest(plan, out)
    # Trained by masked gradients, it translates whole: the file says with what it was trained.
    masked = masks is not None and plan.method.get("train") != "gradients"
    if masks is not None:
        if RENEWED in masks.manifest:
            masks.write(out / STANDARD_FILES["masks"])
        else:
            copy_file(str(plan.masks), out / STANDARD_FILES["masks"])
    history = folder.history.read()
    attempts = history["attempts"]
    # As it ran at the end: less than was asked for where memory ran out.
    execution = attempts[-1].get("execution", plan.settings) if attempts else plan.settings
    SystemFolder.write(
        out,
        system=plan.system,
        seed=plan.seed,
        languages=plan.languages,
        mask_rows={direction: direction if masked else None for direction in plan.directions},
        architecture=plan.architecture,
        text=plan.text,
        parent=plan.parent,
        adapters=None if adapters is None else {key: adapters[key] for key in ("kind", "size")},
        adapter_rows=None if adapters is None else adapters["rows"],
        training={
            "updates": folder.updates_done(),
            **facts,
            **{name: history[name] for name in ("seconds", "gpu_hours", "peak_memory_mb")},
            "attempts": len(attempts),
            "max_tokens": execution["max_tokens"],
            **({"start": "random"} if plan.parent and plan.initial_weights is None else {}),
            **({"method": plan.method} if plan.method else {}),
        },
        **described,
    )
    logger.info(f"exported update {facts['best_update']} (loss {facts['best_valid_loss']:.3f}) to {out}")
