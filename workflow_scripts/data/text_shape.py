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
MOST_KEYS = 4


def shape_of(lines: Sequence[str], path: str | Path) -> str | None:
    """Return what lines are that are no plain text, and what to do about it; None for text."""
    if len(lines) < FEWEST:
        return None
    file = shlex.quote(str(path))
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
    if (tag := TAG.match(lines[0])) and all(line.startswith(tag[0]) for line in lines):
        return (
            f"{tag[1]} before every line: training adds its own; leave it out: sed 's/^[^ ]* //' {file} > NEW"
        )
    return None


def _most(lines: Sequence[str], mark: str) -> bool:
    """Whether most lines have a mark; looked for in all of them at once first, which is fast."""
    return mark in "\n".join(lines) and 2 * sum(mark in line for line in lines) > len(lines)


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
