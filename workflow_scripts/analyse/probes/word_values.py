"""Values of units word by word: a file of values [words, units], and a file that says whose they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import DamagedFileError, UserError
from workflow_scripts.common.files import write_text
from workflow_scripts.units.space import UnitSpace

FORMAT = "neuronspec-word-values-1"


@dataclass(frozen=True)
class Words:
    """The n words of the rows of a file of values.

    ``forms``: [n]. ``lines``: [n], the line of the text, from 0; the same line of another direction has the
    same number. ``places``: [n], the place among the labelled words of its line, from 0. ``directions``: [n].
    ``labels``: property → [n], None where a word has no label. ``space``: the units of the columns.
    ``facts``: the system, its weights, stack, aggregation and hashes.
    """

    forms: Sequence[str]
    lines: Sequence[int]
    places: Sequence[int]
    directions: Sequence[str]
    labels: Mapping[str, Sequence[str | None]]
    space: UnitSpace
    facts: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.forms)

    def write(self, path: str | Path) -> None:
        """Write the words to ``path`` atomically, as one line of JSON."""
        value = {"format": FORMAT, **asdict(self), "space": self.space.to_json()}
        write_text(path, json.dumps(value, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read what ``write`` wrote; DamagedFileError for anything else."""
        try:
            value = json.loads(Path(path).read_text(encoding="utf-8"))
            if value.pop("format") != FORMAT:
                raise ValueError
            return cls(**{**value, "space": UnitSpace.from_json(value["space"])})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedFileError(
                f"{path}: not words of units' values ({FORMAT}); delete it and run collect_units again"
            ) from None


def read_values(path: str | Path, words: Words) -> NDArray[np.float16]:
    """Return values float16 [words, units], mapped into memory; UserError if they are of other words."""
    try:
        values: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError):
        raise DamagedFileError(f"{path}: not an array; delete it and run collect_units again") from None
    wanted = (len(words), words.space.size)
    if values.shape != wanted or values.dtype != np.float16:
        raise UserError(
            f"{path}: {values.dtype} {list(values.shape)}, but its words are {wanted[0]} and its units"
            f" {wanted[1]}; run collect_units again"
        )
    return values
