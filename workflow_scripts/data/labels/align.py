"""Which subwords hold which words, by the bytes that both spell."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from workflow_scripts.data.text import BYTE_PIECE, WORD_START, TextProcessor

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

#: First piece of a word, and the one behind its last.
Span = tuple[int, int]


def piece_bytes(piece: str, subwords: "SentencePieceProcessor") -> bytes:
    """Return the bytes that a piece spells, without the mark of a blank."""
    if (byte := BYTE_PIECE.fullmatch(piece)) and subwords.is_byte(subwords.piece_to_id(piece)):
        return bytes([int(byte[1], 16)])
    return piece.replace(WORD_START, "").encode("utf-8")


def speller(processor: TextProcessor) -> Callable[[str], bytes]:
    """Return what turns a form into the bytes that its subwords spell: normalised as the text is."""
    subwords = processor.subwords
    assert subwords is not None

    def spell(form: str) -> bytes:
        return b"".join(piece_bytes(piece, subwords) for piece in processor.encode(form))

    return spell


def whole_words(pieces: Sequence[str], spelled: Sequence[bytes]) -> list[tuple[str, Span]]:
    """Return the words of a line, each with its span: a word begins at a piece with the mark of a blank."""
    starts = [n for n, piece in enumerate(pieces) if n == 0 or piece.startswith(WORD_START)]
    spans = zip(starts, [*starts[1:], len(pieces)], strict=True)
    found = ((b"".join(spelled[a:b]).decode("utf-8", errors="replace"), (a, b)) for a, b in spans)
    return [(form, span) for form, span in found if form]


def align(forms: Sequence[bytes], pieces: Sequence[bytes]) -> list[Span | None] | None:
    """Return the span of each form; None for one that shares a piece with another one.

    ``forms``, ``pieces``: the bytes that each spells. Returns None where the two do not spell the same.
    """
    if b"".join(forms) != b"".join(pieces):
        return None
    ends = list(accumulate(map(len, pieces)))
    found: list[Span | None] = []
    stop = 0
    for form in forms:
        start, stop = stop, stop + len(form)
        first, last = bisect_right(ends, start), bisect_left(ends, stop)
        own = bool(form) and ends[first] - len(pieces[first]) == start and ends[last] == stop
        # A piece without bytes, the mark of a blank alone, belongs to the word behind it.
        while own and first and not pieces[first - 1]:
            first -= 1
        found.append((first, last + 1) if own else None)
    return found
