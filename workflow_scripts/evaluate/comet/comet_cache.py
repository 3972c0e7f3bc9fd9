"""Segment scores by content: what a model has scored once is never scored again.

A folder for each model, of files named by their content's hash that never change. Any number of jobs may read
and write at once, on a network file system too, and be killed at any moment.
"""

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.archive import read_archive, write_archive
from workflow_scripts.common.errors import DamagedFileError, UserError

SHARD = "comet-scores-2"
#: What a shard and its reader must agree on.
MODEL = ("sha256", "hash", "version")
TEXTS = ("src", "mt", "ref")
#: Scores are kept to so many decimals: what float32 has beyond them is noise.
DECIMALS = 6
KEY_BYTES = 16
#: What a killed job may lose.
FLUSH_SECONDS = 300.0
#: More shards than these are made into one.
MANY = 64
#: A file half-written for so long has no writer any more.
STALE_SECONDS = 86_400.0


Arrays = dict[str, NDArray[Any]]


class Kept(NamedTuple):
    """A segment's score; ``cut``: its text is as long as what the model reads at once, or longer."""

    score: float
    cut: bool


def key_of(texts: Sequence[str]) -> bytes:
    """Return the key of the texts that a model reads of one segment, in their order."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


class ScoreCache:
    """The scores of one model. ``folder`` is the model's alone; ``about`` is what every shard says of it:
    name, ``MODEL``, and what it ``reads``."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder, self.about = folder, dict(about)
        self._seen: set[str] = set()
        self._new: dict[bytes, Kept] = {}
        self._flushed = time.monotonic()

    def reads(self) -> tuple[str, ...] | None:
        """Return which of ``src``, ``mt``, ``ref`` the model reads, as a loaded one said; None: none yet."""
        for _, reads in self._shards(set()):
            return reads
        return None

    def look_up(self, wanted: Iterable[bytes]) -> dict[bytes, Kept]:
        """Return the scores of those keys that shards not yet looked at hold."""
        keys = set(wanted)
        rows = (row for content, _ in (self._shards(self._seen) if keys else ()) for row in _rows(content))
        return {key: kept for key, kept in rows if key in keys}

    def add(self, scores: Mapping[bytes, Kept]) -> None:
        """Keep new scores (``rounded``); written now and then, and by ``flush``."""
        self._new |= scores
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is new."""
        if self._new:
            self._seen.add(self._write(self._new).name)
            self._new = {}
        self._flushed = time.monotonic()

    def tidy(self) -> None:
        """Make many shards one, and remove what killed jobs left half-written; other jobs may do so too."""
        for path in self.folder.glob(".*.tmp.npz"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()
        shards = self._paths()
        if len(shards) <= MANY:
            return
        scores: dict[bytes, Kept] = {}
        read = []
        for path in shards:
            with suppress(FileNotFoundError):  # another job has just made it part of a larger one
                if (content := self._read(path)) is not None:
                    scores.update(_rows(content[0]))
                    read.append(path)
        if not read:
            return
        whole = self._write(scores)
        # Who has listed them and not read them yet looks again.
        for path in read:
            if path != whole:
                path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("[!.]*.npz"))

    def _shards(self, seen: set[str]) -> Iterator[tuple[Arrays, tuple[str, ...]]]:
        """Yield the arrays of every whole shard that is not in ``seen``, and what its model reads."""
        again = True
        while again:
            again = False
            for path in self._paths():
                if path.name in seen:
                    continue
                try:
                    content = self._read(path)
                except FileNotFoundError:  # another job has just made it part of a larger one
                    again = True
                    continue
                seen.add(path.name)
                if content is not None:
                    yield content

    def _read(self, path: Path) -> tuple[Arrays, tuple[str, ...]] | None:
        """Return arrays and what the model reads; None, with a warning, for a file that is not whole."""
        try:
            arrays, manifest = read_archive(path, SHARD)
            reads = manifest["reads"]
            known = isinstance(reads, list) and reads and all(text in TEXTS for text in reads)
            if not known or not _is_whole(arrays):
                raise DamagedFileError(f"{path}: not a {SHARD} file")
            for name in MODEL:
                if manifest[name] != self.about[name]:
                    raise DamagedFileError(f"{path}: of another model ({name} is {manifest[name]!r})")
        except FileNotFoundError:
            raise
        except (UserError, KeyError, TypeError, ValueError, OSError) as error:
            print(f"warning: left out, its segments are scored again: {error}", file=sys.stderr)
            return None
        return arrays, tuple(reads)

    def _write(self, scores: Mapping[bytes, Kept]) -> Path:
        ordered = sorted(scores.items())
        keys = b"".join(key for key, _ in ordered)
        values = np.array([kept.score for _, kept in ordered], dtype=np.float64)
        cut = np.array([kept.cut for _, kept in ordered], dtype=np.uint8)
        name = hashlib.sha256(keys + values.tobytes() + cut.tobytes()).hexdigest()[:24]
        path = self.folder / f"{name}.npz"
        digests = np.frombuffer(keys, dtype=np.uint8).reshape(-1, KEY_BYTES)
        arrays: Arrays = {"keys": digests, "scores": values, "cut": cut}
        write_archive(path, arrays, {"format": SHARD, **self.about})
        return path


def _is_whole(arrays: Arrays) -> bool:
    n = len(arrays["scores"])
    forms = {"keys": ("uint8", (n, KEY_BYTES)), "scores": ("float64", (n,)), "cut": ("uint8", (n,))}
    right = all((arrays[name].dtype.name, arrays[name].shape) == form for name, form in forms.items())
    return right and bool(np.isfinite(arrays["scores"]).all())


def _rows(arrays: Arrays) -> Iterator[tuple[bytes, Kept]]:
    data = np.ascontiguousarray(arrays["keys"]).tobytes()
    keys = (data[i : i + KEY_BYTES] for i in range(0, len(data), KEY_BYTES))
    values = zip(arrays["scores"].tolist(), arrays["cut"].tolist(), strict=True)
    return ((key, Kept(score, bool(cut))) for key, (score, cut) in zip(keys, values, strict=True))


def rounded(score: float) -> float:
    """Return a score as it is kept and reported."""
    return round(float(score), DECIMALS)
