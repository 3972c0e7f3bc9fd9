"""Reading a comma-separated table that a stage or a person wrote; damage is named by file and line."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.errors import DamagedFileError, nearest

Row = dict[str, str]
LONGEST_FIELD = 131_072  # characters; the csv module's own limit, which a file without line ends meets


def read_table(path: str | Path, columns: Sequence[str], numbers: Sequence[str] = ()) -> list[Row]:
    """Return the rows, each with at least ``columns``; those of ``numbers`` hold a number or nothing.

    Raises DamagedFileError: not UTF-8, a column is missing, a row is cut off, or a number is none.
    """
    csv.field_size_limit(LONGEST_FIELD)
    rows: list[Row] = []
    try:
        with Path(path).open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            names = list(reader.fieldnames or [])
            if absent := [name for name in columns if name not in names]:
                raise DamagedFileError(f"{path}: no column {absent[0]!r}{nearest(absent[0], names)}")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise DamagedFileError(f"{where}: not {len(names)} fields, as the header has")
                for name in numbers:
                    _check_number(where, name, row[name])
                rows.append(row)
    except UnicodeDecodeError:
        raise DamagedFileError(f"{path}: not UTF-8; delete it and run the step again") from None
    except csv.Error as error:
        raise DamagedFileError(
            f"{path}, line {reader.line_num}: not a table ({error}); delete it and run the step again"
        ) from None
    return rows


def _check_number(where: str, name: str, value: str) -> None:
    try:
        float(value or 0)
    except ValueError:
        raise DamagedFileError(f"{where}: {name} is {value[:60]!r}, not a number") from None
