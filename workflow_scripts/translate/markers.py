"""What is not text in a sequence: the special symbols and the language tokens (spec 1.1).

The source sequence begins with ``__src__``; the target with ``__tgt__``, which is forced and is no text.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflow_scripts.errors import UserError
from workflow_scripts.units.vocabulary import EOS, PAD, SPECIALS, UNKNOWN, language_token

PADDING, END = SPECIALS[PAD], SPECIALS[EOS]


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
    return frozenset(symbol for symbol in SPECIALS if symbol != SPECIALS[UNKNOWN]) | {
        language_token(language) for language in languages
    }
