"""The folder of one system: what can be decoded and scored.

What: ``SystemFolder`` reads, checks and writes ``system.json`` (docs/architecture.md) beside the files it
names. Inputs: a folder with ``model.safetensors``, ``dict.txt``, ``spm.model`` and, where units are masked,
``masks.npz``. Outputs: ``system.json``. Source: none; the released code keeps mask paths in the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.directions import direction_languages
from workflow_scripts.errors import DamagedFileError, UserError, nearest
from workflow_scripts.files import read_json, sha256_of, write_json
from workflow_scripts.units.description import description_problems, shown
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace, ffn_space

FORMAT = "neuronspec-system-1"
DESCRIPTION = "system.json"
STANDARD_FILES: Mapping[str, str] = {
    "weights": "model.safetensors",
    "subwords": "spm.model",
    "dictionary": "dict.txt",
    "masks": "masks.npz",
}


@dataclass(frozen=True)
class SystemFolder:
    """A system: its files, architecture and directions. ``mask_rows`` maps direction -> mask row or None.

    ``more_masks``: a mask file for directions that were not trained (zero-shot), or None.
    ``encoder_langtok``: whose language tag begins a source sequence, ``src`` (the default) or ``tgt``.
    """

    folder: Path
    system: str
    seed: int
    languages: tuple[str, ...]
    mask_rows: Mapping[str, str | None]
    architecture: Mapping[str, Any]
    text: Mapping[str, Any]
    files: Mapping[str, str | None]
    sha256: Mapping[str, str]
    parent: Mapping[str, str] | None
    training: Mapping[str, Any] | None
    encoder_langtok: str = "src"
    more_masks: Path | None = None

    @classmethod
    def write(
        cls,
        folder: str | Path,
        *,
        system: str,
        seed: int,
        languages: Sequence[str],
        mask_rows: Mapping[str, str | None],
        architecture: Mapping[str, Any],
        text: Mapping[str, Any],
        parent: Mapping[str, str] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> SystemFolder:
        """Describe the files that already lie in ``folder`` (under their standard names) in ``system.json``.

        ``masks.npz`` is named only where a direction has a mask row. FileNotFoundError if a file is missing.
        """
        folder = Path(folder)
        masked = any(row is not None for row in mask_rows.values())
        files = {role: name for role, name in STANDARD_FILES.items() if role != "masks" or masked}
        value: dict[str, Any] = {
            "format": FORMAT,
            "system": system,
            "seed": seed,
            "languages": list(languages),
            "directions": {direction: {"mask_row": row} for direction, row in mask_rows.items()},
            "architecture": dict(architecture),
            "text": dict(text),
            "files": {role: files.get(role) for role in STANDARD_FILES},
            "sha256": {name: sha256_of(folder / name) for name in files.values()},
            "parent": None if parent is None else dict(parent),
            "training": None if training is None else dict(training),
        }
        write_json(folder / DESCRIPTION, value)
        return cls._from_value(folder, value)

    @classmethod
    def read(cls, folder: str | Path) -> SystemFolder:
        """Read ``system.json``; no other file is opened. UserError if it is missing or of another format."""
        folder = Path(folder)
        path = folder / DESCRIPTION
        if not path.is_file():
            raise UserError(f"{folder}: no system here ({DESCRIPTION} is missing)")
        value = read_json(path)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            found = value.get("format") if isinstance(value, dict) else value
            raise UserError(f"{path}: format is {shown(found)}, expected {FORMAT!r}; export it again")
        for problem in description_problems(value):
            raise DamagedFileError(f"{path}: {problem}; export the system again")
        return cls._from_value(folder, value)

    @classmethod
    def _from_value(cls, folder: Path, value: Mapping[str, Any]) -> SystemFolder:
        return cls(
            folder=folder,
            system=value["system"],
            seed=value["seed"],
            languages=tuple(value["languages"]),
            mask_rows={name: entry["mask_row"] for name, entry in value["directions"].items()},
            architecture=value["architecture"],
            text=value["text"],
            files=value["files"],
            sha256=value["sha256"],
            parent=value["parent"],
            training=value["training"],
            encoder_langtok=value.get("encoder_langtok", "src"),
        )

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions the system can translate, in order."""
        return tuple(self.mask_rows)

    @property
    def weights(self) -> Path:
        """The weights file (safetensors)."""
        return self._path("weights")

    @property
    def subwords(self) -> Path:
        """The SentencePiece model."""
        return self._path("subwords")

    @property
    def dictionary(self) -> Path:
        """The dictionary, ``dict.txt``."""
        return self._path("dictionary")

    @property
    def masks(self) -> Path | None:
        """The mask table's file, or None where nothing is masked."""
        return None if self.files.get("masks") is None else self._path("masks")

    @property
    def weights_sha256(self) -> str:
        """The SHA-256 of the weights as recorded (``verify`` checks that it is so)."""
        return self.sha256[self.weights.name]

    @property
    def space(self) -> UnitSpace:
        """The FFN units of the system's architecture."""
        shape = self.architecture
        return ffn_space(shape["encoder_layers"], shape["decoder_layers"], shape["ffn_dim"])

    def _path(self, role: str) -> Path:
        name = self.files.get(role)
        if name is None:
            raise UserError(f"{self.folder / DESCRIPTION}: names no file for {role!r}")
        return self.folder / name

    def mask_row(self, direction: str) -> str | None:
        """Return the name of the direction's mask row, None if unmasked.

        A direction that was not trained but whose two languages are the system's (zero-shot) has the row of
        its own name in a masked system, which ``keep_row`` looks for in ``more_masks``: the folder stays as
        it is when a direction is added for evaluation.

        Raises UserError for a direction that is not of the system's languages.
        """
        if direction in self.mask_rows:
            return self.mask_rows[direction]
        try:
            direction_languages(direction, self.languages)
        except UserError:
            raise UserError(
                f"{self.folder / DESCRIPTION}: system {self.system!r} has no direction {direction!r};"
                f" it has {', '.join(self.directions)}{nearest(direction, self.directions)}"
            ) from None
        return None if self.masks is None else direction

    def with_masks(self, more: str | Path | None) -> SystemFolder:
        """Return the system with another mask file, for directions that it was not trained in."""
        return replace(self, more_masks=None if more is None else Path(more))

    def mask_table(self, path: Path) -> MaskTable:
        """Read a mask file, checked against the model it belongs to.

        UserError unless the masks were made from these weights or from the parent's (the start of training).
        """
        table = MaskTable.read(path)
        lineage = [self.weights_sha256, *([self.parent["weights_sha256"]] if self.parent else [])]
        made_from = table.manifest["weights_sha256"]
        table.check_model(self.space, made_from if made_from in lineage else lineage[-1])
        return table

    def mask_file(self, direction: str) -> Path | None:
        """Return the file that holds the direction's mask row, if any: the system's, or the other."""
        return self.masks if direction in self.mask_rows else self.more_masks

    def keep_row(self, direction: str) -> NDArray[np.bool_] | None:
        """Return the direction's kept units, bool [units], or None where nothing is masked.

        Raises UserError for an unknown direction, a missing row, or masks of another model.
        """
        row = self.mask_row(direction)
        if row is None:
            return None
        path = self.mask_file(direction)
        if path is None and direction in self.mask_rows:
            raise UserError(
                f"{self.folder / DESCRIPTION}: direction {direction!r} has a mask row but no masks file"
            )
        if path is None:
            raise UserError(
                f"{self.folder}: {direction} was not trained, so its mask row is not part of the system;"
                " give it with --masks FILE"
            )
        return self.mask_table(path).row(row)

    def verify(self) -> None:
        """Check every file's SHA-256 against ``system.json``; UserError names the first that differs."""
        for name, expected in self.sha256.items():
            path = self.folder / name
            if not path.is_file():
                raise UserError(f"{path}: missing, and {DESCRIPTION} names it; export the system again")
            found = sha256_of(path)
            if found != expected:
                raise UserError(
                    f"{path}: SHA-256 is {found[:12]}, {DESCRIPTION} says {expected[:12]};"
                    " the file was changed after the system was written: export it again"
                )
