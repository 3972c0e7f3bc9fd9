"""The symbols of a system in model order, and the language tokens at both ends of a sentence (spec 1.1).

Order: ``<s> <pad> </s> <unk>``, the lines of ``dict.txt``, then ``__xx__`` for each language in system order.
The source sequence begins with ``__src__``; the target with ``__tgt__``, which is forced and is no text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.errors import UserError

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
PADDING = "<pad>"
END = "</s>"
UNKNOWN = "<unk>"


def language_token(language: str) -> str:
    """Return the token of a language: ``de`` -> ``__de__``."""
    return f"__{language}__"


def read_vocabulary(dictionary: Path, languages: Sequence[str]) -> list[str]:
    """Return all V symbols in model order.

    ``dictionary``: fairseq's text form, ``symbol count`` per line.
    Raises UserError for a malformed line or a symbol that occurs twice (fairseq would number it differently).
    """
    symbols = list(SPECIALS)
    with dictionary.open(encoding="utf-8", newline="\n") as handle:
        for number, line in enumerate(handle, start=1):
            symbol, blank, count = line.rstrip("\r\n").rpartition(" ")
            if not (symbol and blank and count.isdigit()):
                raise UserError(f"{dictionary}, line {number}: expected 'symbol count'")
            symbols.append(symbol)
    symbols.extend(language_token(language) for language in languages)
    if len(set(symbols)) != len(symbols):
        repeated = next(symbol for symbol in symbols if symbols.count(symbol) > 1)
        raise UserError(f"{dictionary}: {repeated!r} occurs more than once in the vocabulary")
    return symbols


def direction_languages(direction: str, languages: Sequence[str]) -> tuple[str, str]:
    """Split ``de-en`` into (source, target), both among the system's languages; UserError otherwise."""
    # A code may itself hold a hyphen (zh-Hant), so the split is the one that gives two known languages.
    parts = direction.split("-")
    for cut in range(1, len(parts)):
        source, target = "-".join(parts[:cut]), "-".join(parts[cut:])
        if source in languages and target in languages:
            return source, target
    raise UserError(f"direction {direction!r} is not source-target of the languages {', '.join(languages)}")


def strip_markers(pieces: Sequence[str], markers: frozenset[str]) -> list[str]:
    """Return the pieces without language tokens and the special symbols other than ``<unk>``."""
    return [piece for piece in pieces if piece not in markers]


def marker_symbols(languages: Sequence[str]) -> frozenset[str]:
    """Return every symbol that is never text: the specials but ``<unk>``, and the language tokens."""
    return frozenset(symbol for symbol in SPECIALS if symbol != UNKNOWN) | {
        language_token(language) for language in languages
    }
