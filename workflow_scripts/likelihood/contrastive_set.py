"""Reading a contrastive test set: right translations beside wrong ones (docs/how-to/likelihood.md).

A TSV file has one wrong reading a line; lines of one direction and id are one item. Standard library only:
the workflow reads it before the first job.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.language_codes import one_of
from workflow_scripts.common.parallel_text import read_lines

COLUMNS = ("direction", "id", "source", "correct", "wrong", "phenomenon")
SHARED = ("source", "correct", "phenomenon")


@dataclass(frozen=True)
class Item:
    """One source with its right translation and the wrong ones; ``line`` is its first."""

    direction: str
    id: str
    source: str
    correct: str
    wrong: tuple[str, ...]
    phenomenon: str
    line: int


def read_contrastive(path: str | Path, directions: Collection[str] | None = None) -> list[Item]:
    """Return the items of a set, in the order of the file; ``directions``: those that may occur (None: any).
    UserError at the first line that does not fit, with file, line and column."""
    lines = read_lines(path, wanted="")
    if not lines:
        raise UserError(f"{path}: empty; the first line names the columns: {', '.join(COLUMNS)}")
    header = lines[0].split("\t")
    for name in header:
        if name not in COLUMNS:
            raise UserError(
                f"{path}, line 1: no column {name!r} is known{nearest(name, COLUMNS)};"
                f" the columns, between tabs, are {', '.join(COLUMNS)}"
            )
    for name in COLUMNS:
        if header.count(name) != 1:
            found = "missing" if name not in header else "there twice"
            raise UserError(f"{path}, line 1: column {name!r} is {found}; it needs {', '.join(COLUMNS)}")
    items: dict[tuple[str, str], Item] = {}
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) != len(header):
            raise UserError(
                f"{path}, line {number}: {len(fields)} columns between tabs, line 1 names {len(header)}"
            )
        row = dict(zip(header, fields, strict=True))
        if directions is not None:
            row["direction"] = one_of(row["direction"], directions)
        _check_row(path, number, row, directions)
        key = (row["direction"], row["id"])
        items[key] = _joined(path, number, row, items.get(key))
    if not items:
        raise UserError(f"{path}: only a first line, no items")
    return list(items.values())


def _check_row(
    path: str | Path, number: int, row: dict[str, str], directions: Collection[str] | None
) -> None:
    for name, value in row.items():
        if not value.strip():
            raise UserError(f"{path}, line {number}, column {name!r}: empty")
    if directions is not None and row["direction"] not in directions:
        raise UserError(
            f"{path}, line {number}, column 'direction': {row['direction']!r} is not one of"
            f" {', '.join(directions)}{nearest(row['direction'], directions)}"
        )
    if row["wrong"] == row["correct"]:
        raise UserError(f"{path}, line {number}, column 'wrong': the same as 'correct'")


def _joined(path: str | Path, number: int, row: dict[str, str], item: Item | None) -> Item:
    earlier: tuple[str, ...] = ()
    if item is not None:
        for name in SHARED:
            if row[name] != getattr(item, name):
                raise UserError(
                    f"{path}, line {number}, column {name!r}: another than in line {item.line}, which has the"
                    f" same direction and id {row['id']!r}; lines of one id differ in 'wrong' alone"
                )
        if row["wrong"] in item.wrong:
            raise UserError(
                f"{path}, line {number}, column 'wrong': a reading of id {row['id']!r} that is there already"
            )
        earlier = item.wrong
    return Item(
        direction=row["direction"],
        id=row["id"],
        source=row["source"],
        correct=row["correct"],
        wrong=(*earlier, row["wrong"]),
        phenomenon=row["phenomenon"],
        line=number if item is None else item.line,
    )
