"""Items of a corpus whose texts have a topic each: a title and a description, from CSV, TSV or JSON lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.readers import is_empty
from workflow_scripts.data.tables import rows_of

#: What an item has, in the order of a file without names.
FIELDS = ("topic", "title", "description")
HINT = " (--columns names others, --no-header: there are no names)"


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
    named = columns is not None
    rows = rows_of(path, FIELDS if columns is None else columns, named=named, hint=HINT)
    items = [_item(path, line, fields) for line, fields in rows]
    if not items:
        raise UserError(f"{path}: no items")
    return items


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
