"""Text that is no plain text: tables, JSON, subword pieces, language tags, as the lines themselves show it.

In:  the first lines of a file, as they were read. Out: None, or what they are with the command that makes
     text of them. ``containers`` does the same for what the first bytes show. Such files pass every other
     check, and a model trained on them learns tabs, braces and marks: only its translations would show it.

Asked of the first lines alone; fewer than ``FEWEST`` say nothing. No corpus of sentences comes near: none
has a tab in each line. Standard library only.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

FEWEST = 10  # lines; of fewer any may have a tab by accident
WORD_START = "\u2581"  # SentencePiece's mark for a blank
CUT = "@@ "  # of subword-nmt, behind a part of a word
TAG = re.compile(r"(__[A-Za-z_]+__|<2[A-Za-z_-]+>|>>[A-Za-z_-]+<<) ")
BAR = " ||| "
ESCAPED = "\x1b$"  # begins Japanese in ISO-2022-JP, which is all ASCII
# Bytes of UTF-8 that were read as Latin-1 or Windows-1252: ä, é, a typographic apostrophe.
TWICE = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")
MOST_KEYS = 4


def shape_of(lines: Sequence[str], path: str | Path, packing: str | None = None) -> str | None:
    """Return what lines are that are no plain text, and what to do about it; None for text.

    ``packing``: what the file is compressed with (gzip, xz, bzip2), for the command.
    """
    if len(lines) < FEWEST:
        return None
    file = shlex.quote(str(path))
    if packing:
        file = f"<({packing} -dc {file})"
    if all("\t" in line for line in lines):
        return f"a tab in every line: a table; write its column of text to a file: cut -f1 {file} > NEW"
    if all(line.startswith("{") and line.endswith("}") for line in lines) and (texts := _texts(lines[0])):
        known = f" (KEY: {' or '.join(texts[:MOST_KEYS])})"
        return f"JSON in every line; write its sentences to a file, one a line: jq -r KEY {file} > NEW{known}"
    if all(BAR in line for line in lines):
        column = f"awk -F' [|][|][|] ' '{{print $1}}' {file} > NEW"
        return f"'|||' in every line: a table; write its column of text to a file: {column}"
    if _most(lines, WORD_START):
        return f"SentencePiece's pieces, not text; join them: sed 's/ //g; s/{WORD_START}/ /g' {file} > NEW"
    if _most(lines, CUT):
        return f"parts of words as subword-nmt cuts them, not text; join them: sed 's/@@ //g' {file} > NEW"
    if _most(lines, ESCAPED):
        return f"ISO-2022-JP; convert it: iconv -f ISO-2022-JP -t UTF-8 {file} > NEW"
    if 2 * len(found := [one[0] for line in lines if (one := TWICE.search(line))]) > len(lines):
        # Windows-1252 has letters where Latin-1 has control characters.
        code = "ISO-8859-1" if any("\x80" <= c <= "\x9f" for line in lines for c in line) else "CP1252"
        undo = f"iconv -f UTF-8 -t {code} {file} > NEW"
        return f"made UTF-8 twice (such as {found[0]!r}); undo it once: {undo}"
    if all(line[:1] == '"' and line[-1:] == '"' for line in lines) and all(map(_is_string, lines)):
        return f"quoted strings of JSON; write them as text: jq -r . {file} > NEW"
    if (tag := TAG.match(lines[0])) and all(line.startswith(tag[0]) for line in lines):
        return (
            f"{tag[1]} before every line: training adds its own; leave it out: sed 's/^[^ ]* //' {file} > NEW"
        )
    return None


def _most(lines: Sequence[str], mark: str) -> bool:
    """Whether most lines have a mark; looked for in all of them at once first, which is fast."""
    return mark in "\n".join(lines) and 2 * sum(mark in line for line in lines) > len(lines)


def _is_string(line: str) -> bool:
    try:
        return isinstance(json.loads(line), str)
    except ValueError:
        return False


def _texts(line: str) -> list[str]:
    """Return where a line of JSON has its texts, as jq names the places; none where it is no JSON."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return []
    inner = {f".{key}": one for key, one in value.items()} if isinstance(value, dict) else {}
    deeper = {
        f"{key}.{name}": one
        for key, part in inner.items()
        if isinstance(part, dict)
        for name, one in part.items()
    }
    return [key for key, one in (inner | deeper).items() if isinstance(one, str)]
