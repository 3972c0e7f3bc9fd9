"""The part of the data card on the lines that a subword model's normalisation changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from workflow_scripts.data.readers import read_text_lines
from workflow_scripts.data.text import WORD_START
from workflow_scripts.errors import UserError

BLOCK_LINES = 10_000
_BLANKS = re.compile(" +")


def normaliser_of(model: Path) -> Any:
    """Return SentencePiece's normaliser as a model has it. Raises UserError: the file is no model."""
    from sentencepiece import SentencePieceNormalizer

    try:
        return SentencePieceNormalizer(model_file=str(model))
    except (RuntimeError, OSError):
        raise UserError(f"{model}: not a SentencePiece model") from None


def changed_lines(path: Path, normaliser: Any) -> int:
    """Return how many lines of a text a model's normalisation changes."""
    lines, changed = read_text_lines(path), 0
    while block := list(islice(lines, BLOCK_LINES)):
        for line, seen in zip(block, normaliser.normalize(block), strict=True):
            # It marks blanks, and puts one before the line.
            changed += seen.replace(WORD_START, " ").strip(" ") != _BLANKS.sub(" ", line).strip(" ")
    return changed


def counter_of(model: Path) -> Callable[[Path, str], int]:
    """Return what counts the changed lines of a text, given with its SHA-256: equal text is read once."""
    normaliser = normaliser_of(model)
    known: dict[str, int] = {}

    def count(path: Path, sha256: str) -> int:
        if sha256 not in known:
            known[sha256] = changed_lines(path, normaliser)
        return known[sha256]

    return count
