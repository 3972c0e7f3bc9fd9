"""The csv files of a training's validations, always written whole."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import write_csv

VALIDATION, BLEU = "validation.csv", "validation_bleu.csv"
# The row of all directions together; its loss chooses the best checkpoint.
ALL = "all"
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


def append_rows(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows to a file of COLUMNS, which is made if it is absent."""
    write_csv(path, COLUMNS[path.name], [*_read(path), *rows])


def forget_rows_after(path: Path, update: int) -> None:
    """Drop rows of updates after `update`: a training that resumes there will write them again."""
    if path.exists():
        write_csv(path, COLUMNS[path.name], (row for row in _read(path) if int(row[0]) <= update))
