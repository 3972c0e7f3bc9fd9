"""The binarised text of one direction: its two sides, and where they lie. Read without fairseq."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.models.fairseq.data_bin import (
    AGAIN,
    HEADER,
    check_binarised,
    data_files,
    read_header,
    side_prefixes,
)
from workflow_scripts.models.training.drawing import Sources, draw, draw_weighted


class Side(Protocol):
    """Sentences as ids with ``</s>``, int64; ``sizes``: how many of each."""

    sizes: NDArray[np.int32]

    def __len__(self) -> int: ...

    def __getitem__(self, line: int) -> Tensor: ...


class Binarised:
    """The sentences of one binarised text, read where they lie on disk."""

    def __init__(self, prefix: str) -> None:
        """DamagedFileError unless both files are whole and fit each other."""
        check_binarised(prefix)
        self._prefix, index = prefix, Path(f"{prefix}.idx")
        header = read_header(index)
        lines = header.sentences
        self.sizes = _mapped(index, np.dtype(np.int32), HEADER.size, lines)
        self._starts = _mapped(index, np.dtype(np.int64), HEADER.size + self.sizes.nbytes, lines)
        ids = int(self.sizes.sum(dtype=np.int64))
        self._ids = _mapped(Path(f"{prefix}.bin"), header.dtype, 0, ids)

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, line: int) -> Tensor:
        start, size = int(self._starts[line]) // self._ids.itemsize, int(self.sizes[line])
        ids = self._ids[start : start + size]
        if len(ids) != size:
            raise DamagedFileError(f"{self._prefix}.idx: sentence {line} ends after its file; {AGAIN}")
        return torch.from_numpy(ids.astype(np.int64))

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process opens the files again: an array goes there whole.
        return Binarised, (self._prefix,)


def _mapped(path: Path, dtype: np.dtype[Any], offset: int, count: int) -> NDArray[Any]:
    if count == 0:  # an empty file cannot be mapped
        return np.zeros(0, dtype)
    return np.memmap(path, dtype, "r", offset, (count,)).view(np.ndarray)


@dataclass(frozen=True)
class DirectionData:
    """The two sides of one direction. Sizes count the language token and `</s>`."""

    name: str
    source: Side
    target: Side
    source_tag: int
    target_tag: int
    #: Lines and weight of each source of training text, in order; empty where all weigh the same.
    sources: Sequence[tuple[int, float]] = ()
    #: .bin and .idx of the source, then of the target.
    files: Sequence[Path] = ()

    @property
    def weight(self) -> float:
        """Sentences, each as often as its source's weight says."""
        return sum(lines * weight for lines, weight in self.sources) if self.sources else len(self)

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw `count` line numbers, int64: of each source by its lines and weight."""
        return draw_weighted(self.sources, count, rng) if self.sources else draw(len(self), count, rng)

    @property
    def source_sizes(self) -> NDArray[np.int32]:
        """Tokens of each source, int32."""
        return np.asarray(self.source.sizes, dtype=np.int32) + 1

    @property
    def target_sizes(self) -> NDArray[np.int32]:
        """Tokens of each target, int32."""
        return np.asarray(self.target.sizes, dtype=np.int32) + 1

    def __len__(self) -> int:
        return len(self.source)


def weighted(directions: Sequence[DirectionData], sources: Sources) -> list[DirectionData]:
    """Return directions with their sources, where there are any."""
    return [replace(data, sources=sources.get(data.name, ())) for data in directions]


def load_directions(
    data_bin: str | Path, subset: str, directions: Sequence[str], language_tokens: dict[str, int]
) -> list[DirectionData]:
    """Open the binary files of `directions`; both directions of a pair share the memory map. UserError for
    files that are missing, damaged or not aligned, and unknown languages."""
    opened: dict[str, Binarised] = {}
    loaded = []
    for direction in directions:
        languages = direction_languages(direction, language_tokens)
        files = data_files(data_bin, subset, direction)
        sides = []
        for prefix in side_prefixes(data_bin, subset, direction):
            if prefix not in opened:
                opened[prefix] = Binarised(prefix)
            sides.append(opened[prefix])
        if len(sides[0]) != len(sides[1]):
            raise UserError(
                f"{data_bin}: {subset} of {direction} has {len(sides[0])} source"
                f" but {len(sides[1])} target lines"
            )
        tags = [language_tokens[language] for language in languages]
        loaded.append(DirectionData(direction, sides[0], sides[1], tags[0], tags[1], files=files))
    return loaded
