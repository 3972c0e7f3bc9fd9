"""What masks and scores have in common: named rows over the units of one model, and facts of their making."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from workflow_scripts.common.archive import not_a, read_archive, write_archive
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.units.space import UnitSpace


class UnitTable:
    """An array [rows, units] with the names of its rows, the space that numbers its units, and facts (JSON).
    ``origin``: the file it was read from, for messages."""

    WHAT: ClassVar[str]
    FORMAT: ClassVar[str]

    def __init__(
        self,
        rows: Iterable[str],
        values: NDArray[Any],
        space: UnitSpace,
        facts: Mapping[str, Any],
        origin: str,
    ) -> None:
        self.rows = tuple(rows)
        self.space = space
        self.origin = origin
        self._values = values
        self._facts = dict(facts)
        self._check_shape(values.shape)
        if len(set(self.rows)) != len(self.rows):
            raise ValueError(f"row names are not distinct: {self.rows}")

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        rows, units = len(self.rows), self.space.size
        if shape != (rows, units):
            raise ValueError(f"values {shape} do not fit {rows} rows and {units} units")

    def row(self, name: str) -> NDArray[Any]:
        """Return one row, [units]; UserError if there is no such row."""
        if name not in self.rows:
            raise UserError(
                f"{self.origin}: no {self.WHAT} row {name!r}; rows: {', '.join(self.rows)}"
                + nearest(name, self.rows)
            )
        return self._row(self.rows.index(name))

    def _row(self, number: int) -> NDArray[Any]:
        row: NDArray[Any] = self._values[number]
        return row

    def check_model(self, space: UnitSpace, weights_sha256: str | None) -> None:
        """Refuse a model with other units than the one the table was made from, or (unless None) weights."""
        again = f"make {self.WHAT}s from this model's activations"
        try:
            space.ids_of(self.space)
        except ValueError:
            raise UserError(
                f"{self.origin}: {self.WHAT}s are for another model: {space.difference(self.space)}; {again}"
            ) from None
        made_from = self._facts.get("weights_sha256")
        if weights_sha256 is not None and made_from != weights_sha256:
            raise UserError(
                f"{self.origin}: {self.WHAT}s were made from weights {str(made_from)[:12]}, the model's are"
                f" {weights_sha256[:12]}; {again}"
            )

    def _write(self, path: str | Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        manifest = {**facts, "format": self.FORMAT, "rows": self.rows, "space": self.space.to_json()}
        write_archive(path, arrays, manifest)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a table; UserError if the file is not one."""
        arrays, manifest = read_archive(path, cls.FORMAT)
        del manifest["format"]
        try:
            space, rows = UnitSpace.from_json(manifest.pop("space")), manifest.pop("rows")
            values, facts = cls._unpack(arrays, manifest)
            return cls(rows, values, space, facts, str(path))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_a(cls.FORMAT, path, error) from None

    @classmethod
    def _unpack(
        cls, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]
    ) -> tuple[NDArray[Any], Mapping[str, Any]]:
        """Return the values, or what packs them, and the facts of a file."""
        raise NotImplementedError
