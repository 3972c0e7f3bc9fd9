"""The csv files of a training's validations, always written whole."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import atomic_path

#: Columns by file.
VALIDATION, BLEU = "validation.csv", "validation_bleu.csv"
COLUMNS = {
    VALIDATION: ("update", "direction", "loss", "nll_loss", "tokens"),
    BLEU: ("update", "direction", "bleu"),
}


def _read(path: Path) -> list[list[str]]:
    """Return the rows that are whole; of an empty file, or one with another header, none."""
    columns = COLUMNS[path.name]
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as handle:
            header, *rows = list(csv.reader(handle)) or [[]]
    except (FileNotFoundError, csv.Error):
        return []
    if header != list(columns):
        return []
    return [row for row in rows if len(row) == len(columns) and row[0].isdecimal()]


def _write(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([COLUMNS[path.name], *rows])


def append_rows(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows to a file of COLUMNS, which is made if it is absent."""
    _write(path, [*_read(path), *rows])


def forget_rows_after(path: Path, update: int) -> None:
    """Drop rows of updates after `update`: a training that resumes there will write them again."""
    if path.exists():
        _write(path, [row for row in _read(path) if int(row[0]) <= update])
