"""Whether binarised files are whole, which fairseq does not ask before it maps them into memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.errors import DamagedFileError

MAGIC, VERSION = b"MMIDIDX\x00\x00", 1
HEADER = struct.Struct("<9sQBQ")
TYPES: dict[int, Any] = {
    1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 8: np.uint16, 9: np.uint32,
}  # fmt: skip
AGAIN = "binarise the text again"


@dataclass(frozen=True)
class Header:
    """Of an index: the type of an id, and the number of sentences."""

    dtype: np.dtype[Any]
    sentences: int


def read_header(index: Path) -> Header:
    """Return an index's header; DamagedFileError if the file is none, or is cut off."""
    with index.open("rb") as handle:
        start = handle.read(HEADER.size)
    if len(start) < HEADER.size or not start.startswith(MAGIC):
        raise DamagedFileError(f"{index}: not an index of fairseq's mmap format; {AGAIN}")
    _, version, code, sentences = HEADER.unpack(start)
    if version != VERSION or code not in TYPES:
        raise DamagedFileError(f"{index}: version {version} of the format, type {code}, is unknown; {AGAIN}")
    expected = HEADER.size + sentences * (4 + 8)  # a size and an offset for each sentence
    if index.stat().st_size != expected:
        raise DamagedFileError(
            f"{index}: {index.stat().st_size} bytes, but {sentences} sentences need {expected}; {AGAIN}"
        )
    return Header(np.dtype(TYPES[code]), sentences)


def check_binarised(prefix: str) -> None:
    """Raise DamagedFileError unless both files are whole and fit each other."""
    index, data = Path(f"{prefix}.idx"), Path(f"{prefix}.bin")
    header = read_header(index)
    sizes: npt.NDArray[np.int32] | list[int] = []
    if header.sentences:
        sizes = np.memmap(index, np.int32, "r", HEADER.size, (header.sentences,))
    expected = int(np.sum(sizes, dtype=np.int64)) * header.dtype.itemsize
    if data.stat().st_size != expected or np.min(sizes, initial=0) < 0:
        raise DamagedFileError(f"{data}: {data.stat().st_size} bytes, but its index says {expected}; {AGAIN}")


def largest_id(prefix: str) -> int:
    """Return the largest id of a binarised text, -1 where it holds none; reads it all."""
    header, data = read_header(Path(f"{prefix}.idx")), Path(f"{prefix}.bin")
    if data.stat().st_size < header.dtype.itemsize:
        return -1
    return int(np.memmap(data, header.dtype, "r").max())
