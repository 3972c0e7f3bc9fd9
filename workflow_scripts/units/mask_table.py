"""Masks of units: which units each task keeps, all tasks in one file.

What: ``MaskTable`` and its file. Inputs: keep [rows, units] (True = kept), the unit space, a manifest.
Outputs: one ``.npz`` with the bits packed (60 directions of the big model: 369 kB).
Manifest keys: ``rule`` ("mass", "all", "random", ...), ``k`` (decimal text or null), ``ties`` (how equal
scores were ordered), ``counting`` (how the scores were made), ``weights_sha256`` (of the model the scores
were taken from; null if none) and ``data_sha256`` ({row: hash of the text} or null). More may be added.
Source: Neuron Specialization, section 3; the published code stores them as weight matrices (2.8 GiB).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.archive import not_a, read_archive, write_archive
from workflow_scripts.errors import UserError, nearest
from workflow_scripts.units.space import UnitSpace

FORMAT = "neuronspec-masks-1"
REQUIRED_KEYS = ("rule", "k", "ties", "counting", "weights_sha256", "data_sha256")


@dataclass(frozen=True, eq=False)
class MaskTable:
    """``keep[row, flat unit id]``, True where the row's task keeps the unit."""

    rows: tuple[str, ...]
    keep: NDArray[np.bool_]
    space: UnitSpace
    manifest: Mapping[str, Any]
    origin: str  # the file it was read from, for messages

    def __init__(
        self,
        rows: Iterable[str],
        keep: NDArray[np.bool_],
        space: UnitSpace,
        manifest: Mapping[str, Any],
        origin: str = "masks",
    ) -> None:
        object.__setattr__(self, "rows", tuple(rows))
        object.__setattr__(self, "keep", keep)
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "manifest", {**dict.fromkeys(REQUIRED_KEYS), **manifest})
        if keep.dtype != np.bool_:
            raise TypeError(f"masks are bool, not {keep.dtype}")
        if keep.shape != (len(self.rows), space.size):
            raise ValueError(f"keep {keep.shape} does not fit {len(self.rows)} rows and {space.size} units")
        if len(set(self.rows)) != len(self.rows):
            raise ValueError(f"row names are not distinct: {self.rows}")

    def row(self, name: str) -> NDArray[np.bool_]:
        """Return one row's bits, bool [units]; UserError if there is no such row."""
        if name not in self.rows:
            raise UserError(
                f"{self.origin}: no mask row {name!r}; rows: {', '.join(self.rows)}{nearest(name, self.rows)}"
            )
        row: NDArray[np.bool_] = self.keep[self.rows.index(name)]
        return row

    def row_sha256(self, name: str) -> str:
        """Return the hash of one row's bits and the space: what that direction's decoding depends on."""
        digest = hashlib.sha256(self.space.to_json().encode("utf-8"))
        digest.update(np.packbits(self.row(name)).tobytes())
        return digest.hexdigest()

    def check_model(self, space: UnitSpace, weights_sha256: str) -> None:
        """Refuse a model other than the one the masks were made from.

        Raises UserError if the model's units differ or its weights' SHA-256 is not the manifest's.
        """
        if space != self.space:
            raise UserError(
                f"{self.origin}: masks are for another model: {space.difference(self.space)};"
                " make masks from this model's activations"
            )
        made_from = self.manifest["weights_sha256"]
        if made_from != weights_sha256:
            raise UserError(
                f"{self.origin}: masks were made from weights {str(made_from)[:12]}, the model's are"
                f" {weights_sha256[:12]}; make masks from this model's activations"
            )

    def write(self, path: str | Path) -> None:
        """Write the table to ``path`` atomically."""
        manifest = {**self.manifest, "format": FORMAT, "rows": self.rows, "space": self.space.to_json()}
        write_archive(path, {"bits": np.packbits(self.keep, axis=1)}, manifest)

    @classmethod
    def read(cls, path: str | Path) -> MaskTable:
        """Read a table; UserError if the file is not one."""
        arrays, manifest = read_archive(path, FORMAT)
        del manifest["format"]
        try:
            rows, space = manifest.pop("rows"), UnitSpace.from_json(manifest.pop("space"))
            bits = arrays["bits"]
            expected = (len(rows), -(-space.size // 8))
            # numpy would make up the bits that are missing.
            if bits.shape != expected:
                raise ValueError(f"bits {bits.shape}, but its rows and units need {expected}")
            keep = np.unpackbits(bits, axis=1, count=space.size).astype(np.bool_)
            return cls(rows, keep, space, manifest, str(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_a(FORMAT, path, error) from None
