"""Values of units [tokens, units], in memory or on disk, in one array or several, read in blocks of rows."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Bytes of float32 values that are read at a time.
BLOCK_BYTES = 64 * 2**20
#: Bytes of values that are held in memory at most, of one matrix.
HELD_BYTES = 1 << 30


@dataclass(frozen=True)
class SideBySide:
    """Arrays of the same tokens, such as one for each layer, as one matrix: its units in their order."""

    parts: tuple[NDArray[Any], ...]

    def __post_init__(self) -> None:
        if not self.parts or len({len(part) for part in self.parts}) > 1:
            raise ValueError(f"parts of one matrix have {[len(part) for part in self.parts]} rows")

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens and units."""
        return len(self.parts[0]), sum(part.shape[1] for part in self.parts)


@dataclass(frozen=True)
class Columns:
    """Some columns of a matrix, ascending, which are read when they are asked for."""

    whole: NDArray[Any] | SideBySide
    columns: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens and units."""
        return int(self.whole.shape[0]), len(self.columns)


Matrix = NDArray[Any] | SideBySide | Columns


def read(matrix: Matrix, rows: NDArray[np.int64], columns: NDArray[np.int64] | None = None) -> Tensor:
    """Return a copy of some rows, and of them some columns (ascending), float32 [rows, columns]."""
    if isinstance(matrix, Columns):
        chosen = matrix.columns if columns is None else matrix.columns[columns]
        return read(matrix.whole, rows, chosen)
    parts = _parts(matrix)
    width = sum(part.shape[1] for part in parts) if columns is None else len(columns)
    found = torch.empty(len(rows), width)
    at = first = 0
    for part in parts:
        last = first + part.shape[1]
        if columns is None:
            wanted = np.arange(part.shape[1])
        else:
            begin, end = np.searchsorted(columns, (first, last))
            wanted = columns[begin:end] - first
        if len(wanted):
            # Of columns that follow each other, nothing else is read from the disk.
            values = _rows(part[:, wanted[0] : wanted[-1] + 1], rows)
            if values.shape[1] > len(wanted):
                values = values[:, wanted - wanted[0]]
            found[:, at : at + len(wanted)] = torch.from_numpy(values)
            _forget(part)
        at, first = at + len(wanted), last
    return found


def blocks(
    matrix: Matrix, rows: NDArray[np.int64], columns: NDArray[np.int64] | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """Yield (which of the rows, float32 [rows, columns]) until all rows were read."""
    read_whole = matrix.whole if isinstance(matrix, Columns) else matrix
    height = max(1, BLOCK_BYTES // (4 * read_whole.shape[1]))
    for first in range(0, len(rows), height):
        span = slice(first, min(first + height, len(rows)))
        yield span, read(matrix, rows[span], columns)


def columns_of(matrix: Matrix, columns: NDArray[np.int64]) -> NDArray[Any]:
    """Return some columns (ascending) of all rows, [rows, columns], in float16 where the values are, else in
    float32. Of the other columns never more than a block is in memory."""
    kind = np.float16 if all(part.dtype == np.float16 for part in _parts(matrix)) else np.float32
    found = np.empty((matrix.shape[0], len(columns)), dtype=kind)
    for span, block in blocks(matrix, np.arange(len(found)), columns):
        found[span] = block.numpy()
    return found


def part_of(matrix: Matrix, columns: NDArray[np.int64]) -> Matrix:
    """Return some columns (ascending) as a matrix: in memory if they fit, else read when asked for."""
    if 2 * matrix.shape[0] * len(columns) <= HELD_BYTES:
        return columns_of(matrix, columns)
    if isinstance(matrix, Columns):
        return Columns(matrix.whole, matrix.columns[columns])
    return Columns(matrix, columns)


def rows_of(
    matrix: Matrix, rows: NDArray[np.int64], folder: Path, held_bytes: int = HELD_BYTES
) -> NDArray[Any]:
    """Return some rows of float16 values: in memory if they fit ``held_bytes``, else in a file of ``folder``
    that is mapped into memory."""
    shape = (len(rows), matrix.shape[1])
    if 2 * shape[0] * shape[1] <= held_bytes:
        found = np.empty(shape, dtype=np.float16)
        for span, block in blocks(matrix, rows):
            found[span] = block.numpy()
        return found
    with (folder / "rows.npy").open("wb") as handle:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)  # type: ignore[no-untyped-call]  # numpy has no type
        for _, block in blocks(matrix, rows):
            handle.write(block.half().numpy().astype("<f2").tobytes())
    mapped: NDArray[Any] = np.load(folder / "rows.npy", mmap_mode="r", allow_pickle=False)
    return mapped


def _parts(matrix: Matrix) -> tuple[NDArray[Any], ...]:
    whole = matrix.whole if isinstance(matrix, Columns) else matrix
    return whole.parts if isinstance(whole, SideBySide) else (whole,)


def _rows(part: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """A slice is read faster than a list of rows; both are copied, since torch wants memory to write to."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return np.array(part[rows[0] : rows[-1] + 1])
    return np.ascontiguousarray(part[rows])


def _forget(part: NDArray[Any]) -> None:
    """Give the pages of a file back: else a matrix larger than memory would count as ours, page by page."""
    base: Any = part
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)
