"""What a page is made of, before it is HTML or Markdown: inline text, and blocks one after another.

Text that is not ours (names, words of a corpus) is never markup: a plain ``str`` is shown as it is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Joiners, which decide the form of letters in many scripts; other characters that do not print are spelt.
_JOINERS = "‌‍"
_QUOTED = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Code:
    """A name, a key or a path, set apart from words."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Words that must be seen."""

    text: str


@dataclass(frozen=True)
class Word:
    """A word of a corpus: of any language, written in its own direction."""

    text: str


@dataclass(frozen=True)
class Link:
    """A file beside the page; ``href`` is a path relative to the page, not yet quoted."""

    text: str
    href: str


Inline = str | Code | Strong | Word | Link
Text = Inline | tuple[Inline, ...]


@dataclass(frozen=True)
class Shaded:
    """A cell with a background: ``share`` from 0 (none) to 1 (darkest)."""

    text: str
    share: float


Cell = Text | Shaded


@dataclass(frozen=True)
class Heading:
    """``level`` 1 is the page's title."""

    level: int
    text: Text


@dataclass(frozen=True)
class Para:
    """A paragraph."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    """A list without numbers."""

    items: list[Text]


@dataclass(frozen=True)
class Notice:
    """A box with a title: ``kind`` is "short" (the answer in short), "warning" or "partial"."""

    kind: str
    title: str
    items: list[Text]


@dataclass(frozen=True)
class Grid:
    """A table. The columns ``texts`` are text, the others numbers."""

    caption: Text
    header: list[str]
    rows: list[list[Cell]]
    texts: tuple[int, ...] = (0,)
    notes: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; ``data`` are the bytes of a PNG, ``href`` is the file."""

    name: str
    caption: str
    data: bytes
    href: str


Block = Heading | Para | Bullets | Notice | Grid | Figure


def inlines(text: Text) -> tuple[Inline, ...]:
    """Return the parts of a text."""
    return text if isinstance(text, tuple) else (text,)


def marked(text: str) -> tuple[Inline, ...]:
    """Return one of our own sentences, in which names stand between backticks, as parts."""
    parts = _QUOTED.split(text)
    return tuple(Code(part) if number % 2 else part for number, part in enumerate(parts) if part)


def listed(parts: Sequence[Inline], between: str = ", ") -> tuple[Inline, ...]:
    """Return parts as one text."""
    return tuple(one for part in parts for one in (between, part))[1:]


def shown(text: str) -> str:
    """Return text without characters that do not print or that turn the line round: they are spelt."""
    return "".join(
        one if one.isprintable() or one in _JOINERS else repr(one)[1:-1].replace("\\n", " ") for one in text
    )


def cut(rows: list[list[Cell]], most: int, of: str, place: str) -> tuple[list[list[Cell]], list[Text]]:
    """Return the first rows of a table, and a note where there are more. ``of``: what a row is, in the
    plural; ``place``: the file with all of them."""
    if len(rows) <= most:
        return rows, []
    return rows[:most], [(f"… {len(rows) - most:,} more {of} in ", Code(place), ".")]


def texts_of(blocks: Sequence[Block]) -> Iterator[str]:
    """Yield the words of a page, without markup: what tests look for, and what a search would find."""
    for block in blocks:
        if isinstance(block, Heading | Para):
            yield plain(block.text)
        elif isinstance(block, Bullets):
            yield from map(plain, block.items)
        elif isinstance(block, Notice):
            yield from (block.title, *map(plain, block.items))
        elif isinstance(block, Grid):
            yield from (plain(block.caption), *block.header)
            yield from (plain(cell) for row in block.rows for cell in row)
            yield from map(plain, block.notes)
        else:
            yield block.caption


def plain(cell: Cell) -> str:
    """Return the words of a text or cell."""
    if isinstance(cell, Shaded):
        return cell.text
    return "".join(one if isinstance(one, str) else one.text for one in inlines(cell))
