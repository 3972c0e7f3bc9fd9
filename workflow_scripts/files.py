"""Writing and hashing files so that a reader never sees half of one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: This machine, as the names of temporary files have it.
HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname().partition(".")[0]) or "localhost"


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is synced and renamed, on failure removed."""
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    # Host and process keep two writers apart and tell which files have none any more (operate/leftovers.py);
    # the final suffix stays, since some writers (numpy) look at it.
    temporary = final.with_name(f".{final.stem}.{HOST}-{os.getpid()}.tmp{final.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` atomically, UTF-8, newlines as given."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON (keys in the order given) atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256_of(path: str | Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
