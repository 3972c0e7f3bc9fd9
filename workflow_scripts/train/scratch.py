"""A copy of the training data on the node's own disk, in the folder that NEURONSPEC_SCRATCH names.

fairseq reads the files in random order all through a training, which is slow over a network. Trainings of the
same data share the copy; the last removes it. If copying fails, a training warns and reads the original.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from workflow_scripts.common.errors import explain_os_error
from workflow_scripts.models.training.plan import data_folders

logger = logging.getLogger(__name__)

SCRATCH_VARIABLE = "NEURONSPEC_SCRATCH"
#: Times that a copy is looked at which another process may be making, a second after each other.
LOOKS = 5


class NoScratchError(Exception):
    """Why there is no copy on the node; the training goes on without."""


@contextmanager
def near_data(data_bin: str, files: Mapping[str, Path], hashes: Mapping[str, str]) -> Iterator[str]:
    """Yield the ``--data-bin`` of a copy on the node's disk, or the one given. Of what a training reads, by
    name, `files` and `hashes` (SHA-256)."""
    named = os.environ.get(SCRATCH_VARIABLE)
    if not named:
        yield data_bin
        return
    copy: Path | None = None
    descriptor = None
    try:
        identity = hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()[:16]
        copy = _own_folder(named) / identity
        _remove_others(copy)
        descriptor = _shared_copy(files, copy)
    except (OSError, NoScratchError) as error:
        why = explain_os_error(error) if isinstance(error, OSError) else str(error)
        logger.warning(f"{SCRATCH_VARIABLE}={named}: {why}; training data is read from {data_bin}")
    if copy is None or descriptor is None:
        yield data_bin
        return
    logger.info(f"training data is read from a copy in {copy}")
    try:
        shards = len(data_folders(data_bin))
        yield str(copy) if shards == 1 else os.pathsep.join(str(copy / f"shard{n}") for n in range(shards))
    finally:
        with suppress(OSError):
            _remove_if_unused(copy, descriptor)
        os.close(descriptor)


def _own_folder(named: str) -> Path:
    place = Path(os.path.expandvars(named))
    if "$" in str(place):
        raise NoScratchError("a variable in it is not set on this node")
    if not place.is_dir():
        raise NoScratchError(f"{place} is not a folder of this node")
    folder = place / f"neuronspec-data-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if folder.is_symlink() or not folder.is_dir() or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise NoScratchError(f"{folder} is not a folder of yours that others cannot write")
    return folder


def _lock_file(copy: Path) -> Path:
    return copy.with_name(f"{copy.name}.lock")


def _open(copy: Path) -> int:
    return os.open(_lock_file(copy), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, copy: Path, how: int) -> bool:
    """Lock a copy; False if another process has it, or if its lock file was removed before it was locked."""
    try:
        fcntl.flock(descriptor, how)
        return os.path.samestat(os.fstat(descriptor), _lock_file(copy).stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _shared_copy(files: Mapping[str, Path], copy: Path) -> int:
    """Lock a complete copy, made if need be, and return the descriptor; NoScratchError if that fails."""
    for look in range(LOOKS):
        descriptor = _open(copy)
        try:
            # Waits while another training is making it.
            if _lock(descriptor, copy, fcntl.LOCK_SH) and _is_complete(files, copy):
                kept, descriptor = descriptor, -1
                return kept
            if _lock(descriptor, copy, fcntl.LOCK_EX | fcntl.LOCK_NB):
                if not _is_complete(files, copy):
                    _make(files, copy)
                continue  # a lock cannot be lowered without letting go of it: look again
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        if look + 1 < LOOKS:
            time.sleep(1)
    raise NoScratchError(f"{copy} is in use and not complete")


def _is_complete(files: Mapping[str, Path], copy: Path) -> bool:
    """Tell whether every file is there in its size (who tidies a scratch disk removes single files)."""
    try:
        return all((copy / name).stat().st_size == file.stat().st_size for name, file in files.items())
    except FileNotFoundError:
        return False


def _make(files: Mapping[str, Path], copy: Path) -> None:
    """Copy the files under another name first: a folder of the right name is a whole copy."""
    shutil.rmtree(copy, ignore_errors=True)
    half = copy.with_name(f"{copy.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    needed = sum(file.stat().st_size for file in files.values())
    free = shutil.disk_usage(copy.parent).free
    if needed > free:
        raise NoScratchError(f"{needed / 1e6:.0f} MB of training data do not fit into {free / 1e6:.0f} MB")
    try:
        for name, file in files.items():
            (half / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, half / name)
        half.rename(copy)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _remove_others(wanted: Path) -> None:
    for lock in wanted.parent.glob("*.lock"):
        copy = lock.with_suffix("")
        if copy == wanted:
            continue
        with suppress(OSError):
            descriptor = _open(copy)
            try:
                _remove_if_unused(copy, descriptor)
            finally:
                os.close(descriptor)


def _remove_if_unused(copy: Path, descriptor: int) -> None:
    if _lock(descriptor, copy, fcntl.LOCK_EX | fcntl.LOCK_NB):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.rmtree(copy.with_name(f"{copy.name}.half"), ignore_errors=True)
        _lock_file(copy).unlink(missing_ok=True)
