"""HTML entities in text (``&amp;``, ``&#39;``), as in corpora from the web or escaped by Moses.

Only what ends in a semicolon is one: ``AT&T`` and ``?a=1&copy=2`` stay. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from html.entities import html5

from workflow_scripts.data.readers import SEPARATORS

#: As many digits as the largest character takes; a name is looked up.
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")
#: Text that was escaped more often than this is none.
MOST_ROUNDS = 5
_NO_TEXT = re.compile("[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\ufffd]")


def has_entity(line: str) -> bool:
    """Return whether a line holds an entity, also one that was escaped once more."""
    return any(_is_one(found) for found in ENTITY.finditer(line))


def count_entities(lines: Sequence[str]) -> int:
    """Return how many lines hold an entity."""
    return sum("&" in line and has_entity(line) for line in lines)


def undone(line: str) -> str:
    """Return a line with the characters that its entities stand for, on one line, without outer blanks.

    What stands for no character of text (``&#0;``, ``&#7;``) stays as it is.
    """
    for _ in range(MOST_ROUNDS):
        before, line = line, ENTITY.sub(_character, line)
        if line == before:
            break
    return SEPARATORS.sub(" ", line.replace("\n", " ")).strip()


def _is_one(found: re.Match[str]) -> bool:
    return found[1] is None or f"{found[1]};" in html5


def _character(found: re.Match[str]) -> str:
    if not _is_one(found):
        return found[0]
    character = unescape(found[0])
    return found[0] if not character or _NO_TEXT.search(character) else character
