"""Rows of tables: CSV, TSV and JSON lines (also packed), and Parquet where pyarrow is installed."""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.data.readers import Normalised, clean_line, read_raw_lines

#: Endings of files, a packing left out, to how they are read.
FORMS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
PARQUET = ".parquet"
PACKED = (".gz", ".xz", ".bz2", ".zst")
#: A row of a file: the line where it ends, from 1, and its fields.
Row = tuple[int, list[str]]


def rows_of(
    path: Path, columns: Sequence[str], *, named: bool = True, hint: str = "", parquet: bool = False
) -> Iterator[Row]:
    """Yield the fields of ``columns`` of each row of a table, by the ending of its name.

    ``named``: the first line has the names of columns; else the first columns are these. ``hint``: what to do
    where a column is missing. ``parquet``: whether such files are read. UserError, with the line: another
    ending, a column that is not there, too few fields, what cannot be read.
    """
    endings = [ending for ending in path.suffixes if ending not in PACKED]
    ending = endings[-1] if endings else ""
    if parquet and ending == PARQUET:
        yield from _of_parquet(path, columns)
        return
    known = [*FORMS, *([PARQUET] if parquet else [])]
    if ending not in FORMS:
        raise UserError(f"{path}: its name ends with none of {', '.join(known)}; name it as what it is")
    if FORMS[ending] == "jsonl":
        yield from _of_json(path, columns)
    else:
        yield from _of_table(path, FORMS[ending], columns, named, hint)


def _lines(path: Path) -> Iterator[str]:
    for number, raw in enumerate(read_raw_lines(path), start=1):
        yield (
            clean_line(raw, path, number, Normalised())
            if path.suffix == ".jsonl"
            else _kept(raw, path, number)
        )


def _kept(raw: bytes, path: Path, number: int) -> str:
    """A line with its outer blanks, which a tab may be: an empty field is then seen."""
    marked = clean_line(b"|" + raw.rstrip(b"\r\n") + b"|", path, number, Normalised())[1:-1]
    return marked.removeprefix("\ufeff") if number == 1 else marked


def _of_table(path: Path, form: str, columns: Sequence[str], named: bool, hint: str) -> Iterator[Row]:
    rows = _rows_of_csv(path) if form == "csv" else _rows_of_tsv(path)
    places = None if named else list(range(len(columns)))
    for line, row in rows:
        if not row:
            continue
        if places is None:
            places = [_place(path, name, row, hint) for name in columns]
            continue
        if len(row) <= max(places):
            raise UserError(f"{path}, line {line}: {len(row)} fields, at least {max(places) + 1} are needed")
        yield line, [row[place] for place in places]


def _rows_of_csv(path: Path) -> Iterator[Row]:
    reader = csv.reader((f"{line}\n" for line in _lines(path)), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV ({error})") from None


def _rows_of_tsv(path: Path) -> Iterator[Row]:
    for number, line in enumerate(_lines(path), start=1):
        yield number, line.split("\t") if line else []


def _place(path: Path, name: str, row: Sequence[str], hint: str) -> int:
    if name not in row:
        raise UserError(
            f"{path}: no column {name!r}{nearest(name, row)}; the first line has {', '.join(row)}{hint}"
        )
    return row.index(name)


def _of_json(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    for number, text in enumerate(_lines(path), start=1):
        if not text:
            continue
        try:
            found: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise UserError(f"{path}, line {number}: not JSON") from None
        if not isinstance(found, dict):
            raise UserError(f"{path}, line {number}: no JSON object")
        for name in columns:
            if name not in found:
                raise UserError(f"{path}, line {number}: no key {name!r}{nearest(name, found)}")
        yield number, [_text_of(path, number, name, found[name]) for name in columns]


def _text_of(path: Path, line: int, name: str, value: Any) -> str:
    """Return a field as text: a label may be a number; what is not there (also written as NaN) is empty."""
    if isinstance(value, list | dict):
        raise UserError(f"{path}, line {line}: {name} is several values, and one text or number is needed")
    text = "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
    if half := next((mark for mark in text if "\ud800" <= mark <= "\udfff"), None):
        raise UserError(
            f"{path}, line {line}: {name} holds half a character, \\u{ord(half):04x}, which no file of text"
            " can hold; remove it, or write both halves"
        )
    return text


def _of_parquet(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        raise UserError(
            f"{path}: reading Parquet needs pyarrow, which this environment lacks; write the table as .jsonl"
            " in the environment evaluate, which has it"
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
        names = file.schema_arrow.names
        for name in columns:
            if name not in names:
                raise UserError(
                    f"{path}: no column {name!r}{nearest(name, names)}; there are {', '.join(names)}"
                )
        line = 0
        for batch in file.iter_batches(columns=list(columns)):
            for row in batch.to_pylist():
                line += 1
                yield line, [_text_of(path, line, name, row[name]) for name in columns]
    except pyarrow.ArrowException as error:
        raise UserError(f"{path}: not Parquet ({str(error).splitlines()[0]:.120})") from None
