"""Writing and hashing files so that a reader never sees half of one."""

import csv
import errno
import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import DamagedFileError
from workflow_scripts.common.processes import namespace

#: What writing to an open file may fail with: the system then names no file.
_WRITING_FAILED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
#: Errors of file systems that cannot sync a folder.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
_MACHINE = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname().partition(".")[0]) or "localhost"
#: Where process numbers are unique, as the names of temporary files have it: machine and process namespace.
HOST = f"{_MACHINE}-{re.sub(r'[^0-9]', '', namespace())}".rstrip("-")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is synced and renamed, on failure removed. An
    OSError of writing names ``path``, also where the system names the temporary file or none."""
    final = Path(path)
    # Host and process keep writers apart and show which files are leftovers; numpy looks at the suffix.
    temporary = final.with_name(f".{final.stem}.{HOST}-{os.getpid()}.tmp{final.suffix}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, final)
        _sync_folder(final.parent)
    except OSError as error:
        nameless = error.filename is None and error.errno in _WRITING_FAILED
        if nameless or str(temporary) in (str(error.filename), str(error.filename2)):
            error.filename, error.filename2 = str(final), None
        raise
    finally:
        # A folder that cannot be written (or reached) holds no file of ours; report the first error.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename outlast a loss of power, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # a folder may be writable and not readable
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            error.filename = str(folder)
            raise
    finally:
        os.close(descriptor)


def copy_file(source: str | Path, destination: str | Path) -> None:
    """Copy a file's content atomically."""
    with atomic_path(destination) as temporary:
        shutil.copyfile(source, temporary)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically, UTF-8, newlines as given."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as CSV atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([columns, *rows])


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON (keys in the order given) atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file; DamagedFileError (a UserError and a ValueError) if it holds none."""
    try:
        return json.loads(Path(path).read_bytes())
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except UnicodeDecodeError:
        where = "not UTF-8"
    except RecursionError:
        where = "nested too deeply"
    except ValueError as error:  # a number too long to read
        where = str(error).partition(";")[0]
    raise DamagedFileError(
        f"{path}: damaged, not JSON ({where}); delete it and run the step that writes it again"
    )


def sha256_of(path: str | Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def data_sha256(files: Sequence[Path]) -> str:
    """Return one hash of a direction's binary files, source then target."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()
