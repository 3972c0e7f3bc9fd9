"""Arrays with a JSON manifest in one ``.npz`` file: never pickled, equal content gives equal bytes."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.common.files import atomic_path

MANIFEST = "manifest"
#: Bits and counts pack to a tenth; a file that unpacks to more than this has been made to.
LARGEST_RATIO, FREE_BYTES = 100, 50_000_000
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: a clock must not change the bytes


def write_archive(path: str | Path, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]) -> None:
    """Write ``arrays`` and ``manifest`` to ``path`` atomically; equal content gives equal bytes."""
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    members = {**arrays, MANIFEST: np.frombuffer(text.encode("utf-8"), dtype=np.uint8)}
    # numpy ships no annotation for this function.
    write_array: Callable[..., None] = np.lib.format.write_array
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(f"{name}.npy", FIXED_DATE)
            with archive.open(member, "w", force_zip64=True) as handle:
                write_array(handle, np.ascontiguousarray(members[name]), allow_pickle=False)


def read_archive(path: str | Path, expected_format: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what ``write_archive`` wrote: (arrays, manifest). UserError for another file or another
    ``format``. No more than a small multiple of the file's size is ever unpacked."""
    try:
        with zipfile.ZipFile(path) as members:
            size = sum(member.file_size for member in members.infolist())
        if size > max(FREE_BYTES, LARGEST_RATIO * Path(path).stat().st_size):
            raise ValueError(f"it would unpack to {size} bytes")
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[Any]] = {name: archive[name] for name in archive.files}
        manifest: dict[str, Any] = json.loads(arrays.pop(MANIFEST).tobytes().decode("utf-8"))
        found = manifest.get("format")
    except OSError:
        raise
    # Whatever zip, numpy and JSON raise for other bytes; MemoryError: a header with a wrong size.
    except Exception as error:
        raise not_a(expected_format, path, error) from None
    if found != expected_format:
        raise UserError(f"{path}: format is {found!r}, expected {expected_format!r}; name the right file")
    return arrays, manifest


def not_a(expected_format: str, path: str | Path, error: Exception) -> UserError:
    """Return the error for a file that is not of its format; ``error``: why."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return DamagedFileError(
        f"{path}: not a {expected_format} file ({reason}); delete it and run the step that writes it again"
    )
