"""Items of a corpus whose texts have a topic each: a title and a description, from CSV, TSV or JSON lines."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.data.readers import Normalised, clean_line, is_empty, read_raw_lines

#: What an item has, in the order of a file without names.
FIELDS = ("topic", "title", "description")
#: Endings of files, a packing left out, to how they are read.
FORMS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
PACKED = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True)
class Item:
    """One text; ``line``: of its file, counted from 1, where it ends."""

    topic: str
    title: str
    description: str
    line: int


def read_items(path: Path, columns: Sequence[str] | None = FIELDS) -> list[Item]:
    """Return the items of a file whose name ends with .csv, .tsv or .jsonl (also packed).

    ``columns``: the names of topic, title and description in the first line (of JSON lines: the keys); None:
    there is no first line of names, and the first three columns are these. Raises UserError, with the line:
    another ending, a column that is not there, too few fields, an empty one, or one with a tab.
    """
    endings = [ending for ending in path.suffixes if ending not in PACKED]
    form = FORMS.get(endings[-1] if endings else "")
    if form is None:
        raise UserError(f"{path}: its name ends with none of {', '.join(FORMS)}; name it as what it is")
    if form == "jsonl":
        items = list(_of_json(path, FIELDS if columns is None else columns))
    else:
        items = list(_of_table(path, form, columns))
    if not items:
        raise UserError(f"{path}: no items")
    return items


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


def _of_table(path: Path, form: str, columns: Sequence[str] | None) -> Iterator[Item]:
    rows = _rows_of_csv(path) if form == "csv" else _rows_of_tsv(path)
    places: list[int] | None = None if columns else [0, 1, 2]
    for line, row in rows:
        if not row:
            continue
        if places is None:
            places = [_place(path, name, row) for name in columns or ()]
            continue
        if len(row) <= max(places):
            raise UserError(f"{path}, line {line}: {len(row)} fields, at least {max(places) + 1} are needed")
        yield _item(path, line, [row[place] for place in places])


def _rows_of_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for line in _lines(path)), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not CSV ({error})") from None


def _rows_of_tsv(path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(_lines(path), start=1):
        yield number, line.split("\t") if line else []


def _place(path: Path, name: str, row: Sequence[str]) -> int:
    if name not in row:
        raise UserError(
            f"{path}: no column {name!r}{nearest(name, row)}; the first line has {', '.join(row)}"
            " (--columns names others, --no-header: there are no names)"
        )
    return row.index(name)


def _of_json(path: Path, columns: Sequence[str]) -> Iterator[Item]:
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
        # A topic may be a number.
        yield _item(path, number, [str(found[name]) for name in columns])


def _item(path: Path, line: int, fields: Sequence[str]) -> Item:
    for name, text in zip(FIELDS, fields, strict=True):
        if is_empty(text.strip()):
            raise UserError(f"{path}, line {line}: the {name} is empty; leave the item out, or mend it")
        if mark := next((mark for mark in "\t\n\r" if mark in text), None):
            raise UserError(
                f"{path}, line {line}: the {name} holds {mark!r}, which parts fields or lines of the pairs;"
                " write a blank instead"
            )
    topic, title, description = (text.strip() for text in fields)
    return Item(topic, title, description, line)
