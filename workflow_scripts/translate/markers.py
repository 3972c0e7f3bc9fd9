"""What is not text in a sequence: the special symbols and the language tokens.

The source sequence begins with ``__src__``; the target with ``__tgt__``, which is forced.
"""

from collections.abc import Sequence

from workflow_scripts.units.vocabulary import EOS, PAD, SPECIALS, UNKNOWN, language_token

PADDING, END = SPECIALS[PAD], SPECIALS[EOS]


def strip_markers(pieces: Sequence[str], markers: frozenset[str]) -> list[str]:
    """Return the pieces without language tokens and the special symbols other than ``<unk>``."""
    return [piece for piece in pieces if piece not in markers]


def marker_symbols(languages: Sequence[str]) -> frozenset[str]:
    """Return every symbol that is never text: the specials but ``<unk>``, and the language tokens."""
    return frozenset(symbol for symbol in SPECIALS if symbol != SPECIALS[UNKNOWN]) | {
        language_token(language) for language in languages
    }
