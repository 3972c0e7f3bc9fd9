"""Results that cannot be read: truncated by a full disk, a lost node or a stray edit.

Snakemake looks at a file's time only. These checks read no large file; ``make verify`` reads all.
"""

import json
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

# Of safetensors: the length of the header, little-endian, then the header as JSON.
HEADER_LENGTH = 8
#: Files of an exported CTranslate2 model that are lists.
VOCABULARIES = ("shared_vocabulary.json",)


def damaged_files(results: Path, outputs: Iterable[str]) -> dict[str, str]:
    """Return path → what is wrong with it; ``outputs`` are relative to ``results``."""
    found = {}
    for path in (results / name for name in outputs):
        if problem := _problem(path):
            found[str(path)] = problem
    return dict(sorted(found.items()))


def _problem(path: Path) -> str | None:
    if path.suffix not in CHECKS:
        return None
    kind, check = CHECKS[path.suffix]
    try:
        if path.is_dir():
            return f"a folder, not {kind}"
        return check(path)
    except FileNotFoundError:  # its job runs now
        return None
    except PermissionError:
        raise
    # Readers raise many kinds of errors: an unknown compression, endless nesting.
    except Exception as error:
        return f"not {kind} ({_in_words(error)})"


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _json(path: Path) -> str | None:
    value = json.loads(path.read_bytes())
    if path.name in VOCABULARIES:
        return None if isinstance(value, list) else "JSON, but no list of symbols"
    return None if isinstance(value, dict) else "JSON, but no object, which every result is"


def _archive(path: Path) -> str | None:
    # A truncated file lacks the list of members, which is at the end.
    with zipfile.ZipFile(path):
        return None


def _tensors(path: Path) -> str | None:
    size = path.stat().st_size
    with path.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(HEADER_LENGTH))
        if length > size:
            raise ValueError("its header is cut")
        header = json.loads(handle.read(length))
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    expected = HEADER_LENGTH + length + end
    return None if size == expected else f"{size} bytes, its header says {expected}"


#: Suffix → what such a file is, and the check.
CHECKS: dict[str, tuple[str, Callable[[Path], str | None]]] = {
    ".json": ("JSON", _json),
    ".npz": ("an archive", _archive),
    ".safetensors": ("a safetensors file", _tensors),
}
