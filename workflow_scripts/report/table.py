"""A table: one frame of unrounded numbers (CSV, Parquet), and how people see it (Markdown, LaTeX)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A cell that is emphasised: ``bold`` for the best, ``marks`` such as "†‡" behind it."""

    text: str
    bold: bool = False
    marks: str = ""


Cells = list[str | Shown]


@dataclass(frozen=True)
class Block:
    """Rows and columns on a page. The first column is text, the others are numbers.

    ``spans`` are (heading, number of columns) above the header's columns after the first; ``section`` is
    shared by blocks that follow each other.
    """

    title: str
    header: list[str]
    rows: list[Cells]
    section: str = ""
    spans: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """``name`` is the files' name without suffix; ``missing`` of ``expected`` make it PARTIAL."""

    name: str
    title: str
    frame: pd.DataFrame
    blocks: list[Block]
    notes: list[str] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)
    missing: int = 0
    expected: int = 0
    counted: str = "scores"

    @property
    def partial(self) -> str:
        """What is missing, or ""."""
        return f"{self.missing} of {self.expected} {self.counted} missing" if self.missing else ""

    @property
    def full_title(self) -> str:
        """The title, after PARTIAL where it is."""
        return f"PARTIAL ({self.partial}): {self.title}" if self.missing else self.title

    def heading(self, text: str) -> str:
        """A heading inside the table, marked where it is partial."""
        return f"PARTIAL: {text}" if self.missing else text


def frame_of(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return a frame; numbers that do not exist are None, texts that do not are ""."""
    return pd.DataFrame(list(rows), columns=list(columns))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame; what is missing is None."""
    return [
        {str(key): None if value is None or value != value else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def chosen(rows: Sequence[Record], **wanted: Any) -> list[Record]:
    """Return the rows with these values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]
