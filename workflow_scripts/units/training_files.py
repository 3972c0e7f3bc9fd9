"""The files of a training folder: who writes there, and what is kept once its system is exported.

A workflow deletes an exported file before it exports again, so ``reduce_to_weights`` keeps the weights under
a second name when it removes the checkpoints. docs/how-to/disk.md says when to use it.
"""

import os
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path, copy_file, read_json, sha256_of, write_json
from workflow_scripts.common.processes import lives, place
from workflow_scripts.units.adapters import FILE as ADAPTERS
from workflow_scripts.units.description import STANDARD_FILES
from workflow_scripts.units.mask_table import RENEWED, MaskTable
from workflow_scripts.units.system import SystemFolder

KEPT, KEPT_WEIGHTS, KEPT_MASKS = "kept.json", "kept.safetensors", "kept.npz"
KEPT_ADAPTERS = "kept.adapters.safetensors"
#: What is kept of a system's files: name -> its name in the training's folder, and the key of its hash.
_KEPT_FILES = {
    STANDARD_FILES["weights"]: (KEPT_WEIGHTS, "weights_sha256"),
    ADAPTERS: (KEPT_ADAPTERS, "adapters_sha256"),
}
FINGERPRINT, OWNER = "fingerprint.json", "owner.json"
FINISHED, HISTORY, RETRAIN = "finished.json", "history.json", "retrain.json"
LAST = "checkpoint_last.pt"
#: How an update is computed, the setting `step`, and the version of what is trained so: in a fingerprint, to
#: be raised by hand when a change of the code makes trainings of the same settings incomparable.
STEP_VERSIONS = {"reference": 1, "fast": 2}
STEP, DEFAULT_STEP, VERSION = "step", "fast", "training_version"
#: A heartbeat (one comes every ten seconds) older than this is of a writer elsewhere that is gone.
STALE_SECONDS = 120.0


def checkpoints_of(training: Path) -> list[Path]:
    """Return the trainer's checkpoints in a folder, sorted, half-written and damaged ones included."""
    return sorted([*training.glob("checkpoint*.pt*"), *training.glob(".checkpoint*.tmp*")])


def replaced_trainings(training: Path) -> list[Path]:
    """Return the folders that hold what was trained here under other settings, sorted."""
    return sorted(training.parent.glob(f"{training.name}.replaced-*"))


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 if there is nothing."""
    if path.is_dir():
        return sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())
    return path.lstat().st_size if path.exists() else 0


def process_of(holder: Mapping[str, Any]) -> str:
    """Return the identity of an owner's process, of an old file by its host, number and start."""
    if "process" in holder:
        return str(holder["process"])
    where = place() if holder.get("host") == socket.gethostname() else f"{holder.get('host')} -"
    return f"{where} {holder.get('pid')} {holder.get('started')}"


def running_owner(training: Path) -> dict[str, Any] | None:
    """Return what the owner of a training folder wrote in ``owner.json``, or None if it no longer runs. Of a
    process elsewhere only the heartbeat is seen, the file's time of change."""
    try:
        holder = read_json(training / OWNER)
        age = time.time() - (training / OWNER).stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(holder, dict):
        return None
    alive = lives(process_of(holder))
    return holder if (age < STALE_SECONDS if alive is None else alive) else None


def check_exported(training: Path, system: Path) -> SystemFolder:
    """Return the system exported from a finished training, with every file checked. UserError: not finished,
    or the system is missing, changed, or of another training."""
    if not (training / FINISHED).is_file():
        raise UserError(f"{training}: not finished ({FINISHED} is missing)")
    exported = SystemFolder.read(system)
    exported.verify()
    finished = read_json(training / FINISHED)
    try:
        identity = finished["identity"]
        described = {
            "updates": (finished["updates"], (exported.training or {}).get("updates")),
            "seed": (identity["seed"], exported.seed),
            "languages": (identity["languages"], list(exported.languages)),
            "directions": (identity["directions"], list(exported.directions)),
            "architecture": (_shape(identity["architecture"]), _shape(exported.architecture)),
        }
    except (KeyError, TypeError) as error:
        raise UserError(f"{training / FINISHED}: not what a training writes ({error})") from None
    for name, (trained, found) in described.items():
        if trained != found:
            raise UserError(f"{system}: exported from another training than {training} ({name} differ)")
    return exported


def _shape(architecture: Mapping[str, Any]) -> dict[str, Any]:
    # A training may set dropouts of its own, which are not the system's.
    return {key: value for key, value in architecture.items() if not key.endswith("dropout")}


def reduce_to_weights(training: Path, system: SystemFolder) -> None:
    """Remove the checkpoints of a training whose export ``check_exported`` accepted; its weights stay. May be
    interrupted and repeated: nothing is removed before the weights are kept."""
    facts = system.training or {}
    # Trained by masked gradients, a system does not name them.
    masks = system.folder / STANDARD_FILES["masks"]
    if masks.is_file() and RENEWED in MaskTable.read(masks).manifest:
        copy_file(masks, training / KEPT_MASKS)
    kept: dict[str, Any] = {}
    for name, (file, key) in _KEPT_FILES.items():
        if name in system.sha256:
            _link(system.folder / name, training / file)
            kept[key] = system.sha256[name]
    write_json(training / KEPT, kept | {name: facts[name] for name in ("best_update", "best_valid_loss")})
    for path in checkpoints_of(training):
        path.unlink()


def restore_weights(training: Path, out: Path) -> dict[str, Any]:
    """Write the kept weights, and adapters, to the folder ``out``; return best_update and best_valid_loss.
    UserError without any."""
    kept: dict[str, Any] = read_json(training / KEPT) if (training / KEPT).is_file() else {}
    for name, (file, key) in _KEPT_FILES.items():
        weights, expected = training / file, kept.pop(key, None)
        if expected is None and file != KEPT_WEIGHTS:
            continue
        if expected is None or not weights.is_file():
            raise UserError(
                f"{training}: this training is finished, but its best weights are gone (no"
                f" checkpoint_best.pt, no {file}); put one back, or move the folder away to train again"
            )
        if sha256_of(weights) != expected:
            raise UserError(
                f"{weights}: changed since {KEPT} was written; move the folder away to train again"
            )
        _link(weights, out / name)
        # A link is as old as the training, and an output older than its inputs is made again and again.
        os.utime(out / name)
    return kept


def _link(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:  # another file system, or one without hard links
            shutil.copyfile(source, temporary)
