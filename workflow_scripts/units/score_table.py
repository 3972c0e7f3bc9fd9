"""Scores of units: one row per task (direction, language, ...), one column per unit.

What: ``ScoreTable`` and its file. Inputs: values [rows, units], the unit space, metadata of how they were
made. Outputs: one ``.npz`` (no pickle, same content = same bytes). int64 for counts, float64 otherwise, where
undefined = NaN.
Source: Neuron Specialization, section 3 (activation counts are such scores).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.archive import not_a, read_archive, write_archive
from workflow_scripts.errors import UserError, nearest
from workflow_scripts.units.space import UnitSpace

FORMAT = "neuronspec-scores-1"


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """``values[row, flat unit id]`` with row names, the space that numbers the units, and metadata (JSON)."""

    rows: tuple[str, ...]
    values: NDArray[np.int64] | NDArray[np.float64]
    space: UnitSpace
    metadata: Mapping[str, Any]
    origin: str  # the file it was read from, for messages

    def __init__(
        self,
        rows: Iterable[str],
        values: NDArray[Any],
        space: UnitSpace,
        metadata: Mapping[str, Any],
        origin: str = "scores",
    ) -> None:
        object.__setattr__(self, "rows", tuple(rows))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "metadata", dict(metadata))
        if values.dtype not in (np.dtype(np.int64), np.dtype(np.float64)):
            raise TypeError(f"scores are int64 or float64, not {values.dtype}")
        if values.shape != (len(self.rows), space.size):
            raise ValueError(f"values {values.shape} do not fit {len(self.rows)} rows and {space.size} units")
        if len(set(self.rows)) != len(self.rows):
            raise ValueError(f"row names are not distinct: {self.rows}")

    def row(self, name: str) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return one row, [units]; UserError if there is no such row."""
        if name not in self.rows:
            raise UserError(
                f"{self.origin}: no score row {name!r}; rows: {', '.join(self.rows)}"
                + nearest(name, self.rows)
            )
        row: NDArray[np.int64] | NDArray[np.float64] = self.values[self.rows.index(name)]
        return row

    def write(self, path: str | Path) -> None:
        """Write the table to ``path`` atomically."""
        manifest = {
            "format": FORMAT,
            "rows": self.rows,
            "space": self.space.to_json(),
            "metadata": self.metadata,
        }
        write_archive(path, {"values": self.values}, manifest)

    @classmethod
    def read(cls, path: str | Path) -> ScoreTable:
        """Read a table; UserError if the file is not one."""
        arrays, manifest = read_archive(path, FORMAT)
        try:
            space = UnitSpace.from_json(manifest["space"])
            return cls(manifest["rows"], arrays["values"], space, manifest["metadata"], str(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_a(FORMAT, path, error) from None
