"""The folder of one system, what can be decoded and scored: ``system.json`` and the files that it names."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import sha256_of, write_json
from workflow_scripts.units.adapters import FILE as ADAPTERS
from workflow_scripts.units.adapters import AdapterRow
from workflow_scripts.units.description import (
    DEFAULT_PORT,
    DESCRIPTION,
    FORMAT,
    NOT_OF_TEXT,
    STANDARD_FILES,
    read_description,
)
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace, model_space
from workflow_scripts.units.unit_table import UnitTable


@dataclass(frozen=True)
class SystemFolder:
    """A system: its files, architecture and directions.

    ``mask_rows``: direction -> its row of the masks, or None. Of directions that have one, ``own_weights``:
    direction -> the name of its own weights file, and ``adapter_rows``: direction -> its row of adapters.
    ``encoder_langtok``: whose language tag begins a source sequence, ``src`` or ``tgt``.
    ``adapters``: of what ``kind`` and ``size`` they are, and their ``file``, or None. ``port``: the kind of
    model. ``more_masks``: a mask file for directions that were not trained (zero-shot).
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
    port: str = DEFAULT_PORT
    own_weights: Mapping[str, str] = field(default_factory=dict)
    adapter_rows: Mapping[str, str] = field(default_factory=dict)
    adapters: Mapping[str, Any] | None = None
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
        port: str = DEFAULT_PORT,
        own_weights: Mapping[str, str] | None = None,
        adapter_rows: Mapping[str, str] | None = None,
        adapters: Mapping[str, Any] | None = None,
        files: Mapping[str, str] = STANDARD_FILES,
        encoder_langtok: str = "src",
    ) -> Self:
        """Describe the files in ``folder`` in ``system.json``. ``files``: role -> name, if not the standard
        ones; ``masks`` is named only where a direction has a mask row. ``adapters``: ``kind`` and ``size``.
        FileNotFoundError if a file is missing."""
        folder = Path(folder)
        masked = any(row is not None for row in mask_rows.values())
        files = {role: name for role, name in files.items() if role != "masks" or masked}
        more = {"weights": own_weights or {}, "adapter_row": adapter_rows or {}}
        named = [*files.values(), *more["weights"].values(), *([ADAPTERS] if adapters else [])]
        value: dict[str, Any] = {
            "format": FORMAT,
            "system": system,
            "seed": seed,
            "languages": list(languages),
            "directions": {
                direction: {
                    "mask_row": row,
                    **{key: rows[direction] for key, rows in more.items() if direction in rows},
                }
                for direction, row in mask_rows.items()
            },
            "architecture": dict(architecture),
            "text": dict(text),
            "files": {**{role: files.get(role) for role in STANDARD_FILES}, **files},
            "sha256": {name: sha256_of(folder / name) for name in named},
            "parent": None if parent is None else dict(parent),
            "training": None if training is None else dict(training),
            **({} if port == DEFAULT_PORT else {"port": port}),
            **({} if encoder_langtok == "src" else {"encoder_langtok": encoder_langtok}),
            **({"adapters": {"file": ADAPTERS, **adapters}} if adapters else {}),
        }
        write_json(folder / DESCRIPTION, value)
        return cls._from_value(folder, value)

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read ``system.json``; no other file is opened. UserError if it is missing or of another format."""
        folder = Path(folder)
        return cls._from_value(folder, read_description(folder))

    @classmethod
    def _from_value(cls, folder: Path, value: Mapping[str, Any]) -> Self:
        def named(key: str) -> dict[str, str]:
            return {name: entry[key] for name, entry in value["directions"].items() if entry.get(key)}

        same = ("system", "seed", "architecture", "text", "files", "sha256", "parent", "training")
        return cls(
            folder=folder,
            **{key: value[key] for key in same},
            languages=tuple(value["languages"]),
            mask_rows={name: entry["mask_row"] for name, entry in value["directions"].items()},
            encoder_langtok=value.get("encoder_langtok", "src"),
            port=value.get("port", DEFAULT_PORT),
            own_weights=named("weights"),
            adapter_rows=named("adapter_row"),
            adapters=value.get("adapters"),
        )

    @property
    def directions(self) -> tuple[str, ...]:
        """The directions the system can translate, in order; of a language model its languages."""
        return tuple(self.mask_rows)

    @property
    def is_language_model(self) -> bool:
        """Whether it has no encoder, and so reads texts of one language and translates nothing."""
        return self.architecture.get("encoder_layers") == 0

    @property
    def weights(self) -> Path:
        """The weights of all directions (safetensors); UserError where one has others, or an adapter."""
        for direction in (*self.own_weights, *self.adapter_rows):
            what = "weights of its own" if self.own_weights else "an adapter"
            raise UserError(
                f"{self.folder / DESCRIPTION}: {direction} has {what}, which is not supported here"
            )
        return self._path("weights")

    def weights_of(self, direction: str) -> Path:
        """Return a direction's weights file; UserError for a direction that was not trained where others have
        their own."""
        name = self._own(self.own_weights, "weights", direction)
        return self._path("weights") if name is None else self.folder / name

    def adapter_of(self, direction: str) -> AdapterRow | None:
        """Return where a direction's adapter is, None if it has none; UserError as ``weights_of``."""
        row = self._own(self.adapter_rows, "an adapter", direction)
        if row is None or self.adapters is None:
            return None
        return AdapterRow(
            self.folder / self.adapters["file"], row, self.adapters["kind"], self.adapters["size"]
        )

    def _own(self, given: Mapping[str, str], what: str, direction: str) -> str | None:
        if given and direction not in self.mask_rows:
            raise UserError(
                f"{self.folder / DESCRIPTION}: {self.system!r} has {what} of its own for each direction, and"
                f" none for {direction}; it has {', '.join(given)}{nearest(direction, given)}"
            )
        return given.get(direction)

    @property
    def subwords(self) -> Path:
        """The SentencePiece model."""
        return self._path("subwords")

    @property
    def dictionary(self) -> Path:
        """The dictionary, ``dict.txt``."""
        return self._path("dictionary")

    @property
    def text_files(self) -> list[str]:
        """The names of the files that text is read and written by; other ports have a model's own."""
        return [name for role, name in self.files.items() if name and role not in NOT_OF_TEXT]

    @property
    def masks(self) -> Path | None:
        """The mask table's file, or None where nothing is masked."""
        return None if self.files.get("masks") is None else self._path("masks")

    @property
    def weights_sha256(self) -> str:
        """The SHA-256 of the shared weights as recorded (``verify`` checks that it is so)."""
        return self.sha256[self._path("weights").name]

    def weights_sha256_of(self, direction: str) -> str:
        """Return the SHA-256 of a direction's weights, with its adapter; UserError as ``weights_of``."""
        own, adapter = self.sha256[self.weights_of(direction).name], self.adapter_of(direction)
        return own if adapter is None else adapter.sha256_on(own, self.sha256[adapter.file.name])

    def space_of(self, kinds: Collection[str]) -> UnitSpace:
        """Return all units of these kinds; UserError where the architecture lacks their sizes."""
        try:
            return model_space(self.architecture, kinds)
        except KeyError as key:
            raise UserError(
                f"{self.folder / DESCRIPTION}: architecture.{key.args[0]} is missing; units of kind"
                f" {', '.join(kinds)} need it"
            ) from None

    def check_model(self, table: UnitTable) -> None:
        """Refuse masks or scores of other units, or that were not made from this system's own weights."""
        table.check_model(self.space_of(table.space.kinds), self.weights_sha256)

    def _path(self, role: str) -> Path:
        name = self.files.get(role)
        if name is None:
            raise UserError(f"{self.folder / DESCRIPTION}: names no file for {role!r}")
        return self.folder / name

    def mask_row(self, direction: str) -> str | None:
        """Return the name of the direction's mask row, None if unmasked; UserError for other languages.

        In a masked system a direction that was not trained (zero-shot) has the row of its own name, which
        ``masks_of`` looks for in ``more_masks``: the folder stays as it is when a direction is added for
        evaluation.
        """
        if direction in self.mask_rows:
            return self.mask_rows[direction]
        if self.is_language_model:
            raise UserError(
                f"{self.folder / DESCRIPTION}: {self.system!r} is a language model, without any direction"
                f" {direction!r}: it reads texts of {', '.join(self.directions)}, one at a time"
            )
        try:
            direction_languages(direction, self.languages)
        except UserError:
            raise UserError(
                f"{self.folder / DESCRIPTION}: system {self.system!r} has no direction {direction!r};"
                f" it has {', '.join(self.directions)}{nearest(direction, self.directions)}"
            ) from None
        return None if self.masks is None else direction

    def check_whole(self, direction: str) -> None:
        """Refuse a direction that the system lacks, or that it translates through a mask (of fewer than all
        units)."""
        row = self.mask_row(direction)
        if row is None or self.masks is None:
            return
        table = MaskTable.read(self.masks)
        if not (table.row(row) if row in table.rows else table.keep).all():
            of = (self.parent or {}).get("system", "the system it was made from")
            raise UserError(
                f"{self.folder / DESCRIPTION}: {self.system!r} translates {direction} through a mask, which"
                f" this stage would leave out; take {of}"
            )

    def with_masks(self, more: str | Path | None, direction: str) -> Self:
        """Return the system with another mask file, if there is one, for a direction that it was not trained
        in; one that it was trained in keeps its own row. UserError where it has no masks there."""
        # Another experiment may call a direction untrained that the system was trained in.
        if more is not None and self.mask_row(direction) is None:
            raise UserError(
                f"{more}: {self.system!r} translates {direction} without it; such masks are for directions in"
                " which a masked system was not trained (train.use_masks makes a system of other masks)"
            )
        return replace(self, more_masks=None if more is None else Path(more))

    def mask_table(self, path: Path) -> MaskTable:
        """Return a file's masks; UserError unless made from these weights or the parent's."""
        table = MaskTable.read(path)
        lineage = [self.weights_sha256, *([self.parent["weights_sha256"]] if self.parent else [])]
        made_from = table.manifest["weights_sha256"]
        kinds = table.space.kinds
        table.check_model(self.space_of(kinds), made_from if made_from in lineage else lineage[-1])
        return table

    def masks_of(self, direction: str) -> MaskTable | None:
        """Return a direction's masks, one row; None where nothing is masked, UserError without its row."""
        row = self.mask_row(direction)
        if row is None:
            return None
        trained = direction in self.mask_rows
        path, described = self.masks if trained else self.more_masks, self.folder / DESCRIPTION
        if path is None and trained:
            raise UserError(f"{described}: direction {direction!r} has a mask row but no masks file")
        if path is None:
            raise UserError(
                f"{self.folder}: {direction} was not trained, so its mask row is not part of the system;"
                " give it with --masks FILE"
            )
        table = self.mask_table(path)
        return MaskTable([direction], table.row(row)[None, :], table.space, table.manifest, table.origin)

    def verify(self, direction: str | None = None) -> None:
        """Check every file's SHA-256 against ``system.json``; UserError names the first that differs. Of a
        ``direction`` the weights of others are left out."""
        others: set[str] = set()
        if direction is not None:
            others = set(self.own_weights.values()) - {self.own_weights.get(direction)}
        for name in [name for name in self.sha256 if name not in others]:
            path, expected = self.folder / name, self.sha256[name]
            if not path.is_file():
                raise UserError(f"{path}: missing, and {DESCRIPTION} names it; export the system again")
            found = sha256_of(path)
            if found != expected:
                raise UserError(
                    f"{path}: SHA-256 is {found[:12]}, {DESCRIPTION} says {expected[:12]};"
                    " the file was changed after the system was written: export it again"
                )
