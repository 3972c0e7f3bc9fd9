"""The checkpoint files of a training: written whole or not at all, and read only if intact.

torch does not look at the checksums of a checkpoint. Here they are checked before a training continues; a
damaged file is set aside as `*.damaged`, and the newest intact one takes its place.
"""

import argparse
import errno
import logging
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path, copy_file
from workflow_scripts.models.training.memory import is_out_of_memory
from workflow_scripts.units.training_files import LAST

logger = logging.getLogger(__name__)

# fairseq's checkpoints hold its options.
torch.serialization.add_safe_globals([argparse.Namespace])

BEST = "checkpoint_best.pt"

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_DISK = {*_FULL, *_FORBIDDEN, errno.EIO, errno.ESTALE}
# What reading a damaged file fails with: a bad sector, or a place in the file that it does not have.
_DAMAGE = {errno.EIO, errno.EINVAL}


def _disk_error(error: BaseException | None) -> OSError | None:
    """Return the error of the disk that torch or safetensors turned into `error`."""
    while error is not None:
        if isinstance(error, SafetensorError) and (number := re.search(r"os error (\d+)", str(error))):
            error = OSError(int(number[1]), os.strerror(int(number[1])))
        if isinstance(error, OSError) and error.errno in _DISK:
            return error
        error = error.__cause__ or error.__context__
    return None


def cannot_write(path: str | Path, error: OSError) -> UserError:
    """Return the one line for a file that the disk did not take."""
    if error.errno in _FULL:
        remedy = "free some space (make clean-training lists what can go)"
    else:
        remedy = "give write access to it" if error.errno in _FORBIDDEN else "see to the disk"
    return UserError(
        f"{path}: {os.strerror(error.errno or 0)}; {remedy}, then run again: it goes on from the last"
        " checkpoint"
    )


@contextmanager
def disk_errors(where: str | Path, *folders: str | Path) -> Iterator[None]:
    """Turn an error of the disk into a UserError that names its file, or `where` if that is not known.
    `folders`: what is written besides; an error of a file elsewhere, which was to be read, stays an OSError.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        cause = _disk_error(error)
        if cause is None:
            raise
        named = str(cause.filename2 or cause.filename or where)
        written = [Path(folder).absolute() for folder in (where, *folders) if folders]
        if written and not any(Path(named).absolute().is_relative_to(folder) for folder in written):
            raise cause from None
        # Not the name that the file has while it is written.
        name = re.sub(r"/\.([^/]+)\.[\w-]+\.tmp(\.\w+)?$", r"/\1\2", named)
        raise cannot_write(name, cause) from error


def save_checkpoint(state: Any, path: str | Path, async_write: bool = False) -> None:
    """Write a checkpoint atomically, in place of fairseq's three tries; UserError if the disk refuses."""
    # An open file, not a path: torch's own writer does not say why it failed.
    with disk_errors(path), atomic_path(path) as temporary, temporary.open("wb") as handle:
        torch.save(state, handle)


def copy_checkpoint(source: str | Path, destination: str | Path, overwrite: bool = True) -> str:
    """Copy likewise; in place of fairseq's, which leaves half a checkpoint when killed."""
    with disk_errors(destination):
        copy_file(source, destination)
    return str(destination)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint to the CPU with torch's restricted loader."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def updates_of(state: Mapping[str, Any]) -> int:
    """Return the number of updates after which a checkpoint was made."""
    return int(state["optimizer_history"][-1]["num_updates"])


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's file and its place in the training. `updates` made; `loss` of its validation, None where
    a slice ended before it; `best` loss of all validations up to it."""

    path: Path
    updates: int
    loss: float | None
    best: float | None

    @property
    def is_best(self) -> bool:
        """True if no validation before was better."""
        return self.loss is not None and self.best is not None and self.loss <= self.best


def describe(path: Path) -> Checkpoint | None:
    """Return a checkpoint's place without reading its tensors; None if that much of it is damaged. OSError
    and MemoryError mean that it cannot be looked at now."""
    try:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # damaged, or on a file system that maps no files into memory
            state = read_checkpoint(path)
        extra = state["extra_state"]
        return Checkpoint(path, updates_of(state), extra.get("val_loss"), extra.get("best"))
    except Exception as error:  # what a damaged file leads torch to raise is not documented
        if is_out_of_memory(error) or (isinstance(error, OSError) and error.errno not in _DAMAGE):
            raise
        return None


def is_whole(path: Path) -> bool:
    """True if every part of the file has its checksum; OSError if it cannot be read now."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except OSError as error:
        if error.errno not in _DAMAGE:
            raise
        return False
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, struct.error):
        return False


def reached(folder: Path) -> int:
    """Return the most updates that a readable checkpoint of the folder has seen, 0 without one."""
    found = map(describe, folder.glob("checkpoint*.pt"))
    return max((one.updates for one in found if one), default=0)


def _set_aside(path: Path) -> None:
    number, aside = 1, path.with_name(f"{path.name}.damaged")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{number}")
    path.rename(aside)
    logger.warning(f"{path} is damaged; kept as {aside.name} and not used")


def _intact(folder: Path) -> list[Checkpoint]:
    """Return intact checkpoints, newest first (`checkpoint_last.pt`, validated ones); set others aside."""
    found = []
    for path in sorted(folder.glob("checkpoint*.pt")):
        checkpoint = describe(path) if is_whole(path) else None
        if checkpoint is None:
            _set_aside(path)
        else:
            found.append(checkpoint)
    return sorted(found, key=lambda one: (-one.updates, one.loss is None, one.path.name != LAST))


def _restore_best(folder: Path, intact: list[Checkpoint]) -> None:
    """Copy the best checkpoint to its name where the file is missing, or older than it should be."""
    named = next((one for one in intact if one.path.name == BEST), None)
    # The newest checkpoint knows the best loss so far; among equals the later is the best, as fairseq has it.
    copy = next((one for one in intact if one.is_best and one.best == intact[0].best), None)
    if copy is not None and (named is None or named.updates < copy.updates):
        copy_checkpoint(copy.path, folder / BEST)
        logger.info(f"{folder / BEST}: taken from {copy.path.name}, update {copy.updates}")


def _check_best(folder: Path, intact: list[Checkpoint]) -> None:
    """Stop where no file holds the best update so far: there may be none better to export at the end."""
    best = intact[0].best
    if best is None or any(one.is_best and one.best == best for one in intact):
        return
    state = "damaged" if any(folder.glob(f"{BEST}.damaged*")) else "missing"
    raise UserError(
        f"{folder / BEST} is {state}, and no other checkpoint holds the best update so far (loss {best:.3f});"
        f" put a copy of it back, or move {folder} away to train again"
    )


def recover(folder: Path) -> None:
    """Before training: make `checkpoint_last.pt` the newest intact checkpoint, and remove what a killed
    writer left. UserError if the best update so far is in no intact checkpoint."""
    for leftover in (*folder.glob(".*.tmp*"), *folder.glob("checkpoint*.tmp")):
        leftover.unlink()
    there = any(folder.glob("checkpoint*.pt"))
    intact = _intact(folder)
    if not intact:
        if there:
            logger.warning(f"{folder}: no checkpoint is intact; starting clean")
        return
    newest = intact[0]
    _restore_best(folder, intact)
    _check_best(folder, intact)
    if newest.path.name != LAST:
        logger.warning(f"{folder}: going on from {newest.path.name}, update {newest.updates}")
        copy_checkpoint(newest.path, folder / LAST)


def best_checkpoint(folder: Path) -> Path | None:
    """Return a finished training's best checkpoint, restored from a copy if damaged; None without one."""
    path = folder / BEST
    if path.exists() and not (is_whole(path) and describe(path)) and (intact := _intact(folder)):
        _restore_best(folder, intact)
    return path if path.exists() else None
