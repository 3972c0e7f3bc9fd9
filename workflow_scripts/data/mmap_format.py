"""fairseq's memory-mapped sentence files (0.12.2, MMapIndexedDataset), written and read with numpy alone.

``PREFIX.bin``: all ids one after another. ``PREFIX.idx``: magic, version (uint64), type code (uint8), number
of sentences n (uint64), n sizes in ids (int32), n offsets in bytes (int64); little endian. Byte for byte what
``fairseq-preprocess --dataset-impl mmap`` writes.
"""

import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import atomic_path

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
TYPE_CODES: dict[int, type[np.integer[Any]]] = {
    1: np.uint8,
    2: np.int8,
    3: np.int16,
    4: np.int32,
    5: np.int64,
    8: np.uint16,
    9: np.uint32,
    10: np.uint64,
}
INDEX_BLOCK = 1_000_000  # sentences
UINT16_VOCABULARY = 65500  # fairseq's limit for two bytes an id (data/indexed_dataset.py)


def id_type(vocabulary_size: int) -> np.dtype[Any]:
    """Return the type that fairseq chooses for ids of a vocabulary of this size."""
    return np.dtype(np.uint16 if vocabulary_size < UINT16_VOCABULARY else np.uint32)


def prefix_file(prefix: str | Path, suffix: str) -> Path:
    """Return ``PREFIX.bin`` or ``PREFIX.idx``; a prefix holds dots of its own."""
    return Path(f"{prefix}.{suffix}")


def write_dataset(
    prefix: str | Path,
    sentences: Iterable[Sequence[int] | npt.NDArray[np.integer[Any]]],
    vocabulary_size: int,
) -> tuple[int, int]:
    """Write sentences of ids, streaming; return (number of sentences, number of ids)."""
    dtype = id_type(vocabulary_size)
    sizes = array("i")
    with atomic_path(prefix_file(prefix, "bin")) as data:
        with data.open("wb") as handle:
            for sentence in sentences:
                ids = np.asarray(sentence, dtype=dtype)
                handle.write(ids.tobytes())
                sizes.append(ids.size)
        _write_index(prefix, np.frombuffer(sizes, dtype=np.int32) if sizes else np.zeros(0, np.int32), dtype)
    return len(sizes), sum(sizes)


def _write_index(prefix: str | Path, sizes: npt.NDArray[np.int32], dtype: np.dtype[Any]) -> None:
    code = next(code for code, known in TYPE_CODES.items() if np.dtype(known) == dtype)
    with atomic_path(prefix_file(prefix, "idx")) as index, index.open("wb") as handle:
        handle.write(MAGIC + struct.pack("<QBQ", VERSION, code, len(sizes)))
        handle.write(sizes.data)
        offset = 0
        for start in range(0, len(sizes), INDEX_BLOCK):
            ends = offset + np.cumsum(sizes[start : start + INDEX_BLOCK], dtype=np.int64) * dtype.itemsize
            handle.write(np.concatenate([[offset], ends[:-1]]).astype(np.int64).data)
            offset = int(ends[-1])


class MmapReader:
    """Sentences of ids by number, read where they lie on disk. ``sizes``: ids per sentence, int32. Raises
    UserError if the index is of another format."""

    def __init__(self, prefix: str | Path) -> None:
        path = prefix_file(prefix, "idx")
        index = path.read_bytes()
        head = len(MAGIC) + struct.calcsize("<QBQ")
        if index[: len(MAGIC)] != MAGIC or len(index) < head:
            raise UserError(f"{path}: not an index of fairseq's mmap format")
        version, code, count = struct.unpack("<QBQ", index[len(MAGIC) : head])
        if version != VERSION or code not in TYPE_CODES:
            raise UserError(f"{path}: version {version}, type {code} are unknown; expected version {VERSION}")
        entry = np.dtype(np.int32).itemsize + np.dtype(np.int64).itemsize
        if len(index) != head + count * entry:
            raise UserError(
                f"{path}: {len(index)} bytes, but {count} sentences need {head + count * entry};"
                " binarise the text again"
            )
        self.dtype = np.dtype(TYPE_CODES[code])
        self.sizes = np.frombuffer(index, dtype=np.int32, count=count, offset=head)
        self._pointers = np.frombuffer(index, dtype=np.int64, count=count, offset=head + self.sizes.nbytes)
        data = prefix_file(prefix, "bin")
        lengths = self.sizes.astype(np.int64) * self.dtype.itemsize
        if (lengths < 0).any() or (self._pointers != np.cumsum(lengths) - lengths).any():
            raise UserError(f"{path}: its sentences do not follow one another; binarise the text again")
        expected = int(lengths.sum())
        if data.stat().st_size != expected:
            raise UserError(
                f"{data}: {data.stat().st_size} bytes, but its index says {expected}; binarise the text again"
            )
        # An empty file cannot be mapped.
        self._data = np.memmap(data, mode="r") if expected else np.zeros(0, np.uint8)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, number: int) -> npt.NDArray[np.integer[Any]]:
        """Return the ids of a sentence, 1-D."""
        start = self._pointers[number]
        return self._data[start : start + int(self.sizes[number]) * self.dtype.itemsize].view(self.dtype)

    def __iter__(self) -> Iterator[npt.NDArray[np.integer[Any]]]:
        return (self[number] for number in range(len(self)))
