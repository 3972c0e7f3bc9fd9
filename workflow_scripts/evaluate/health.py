"""Figures that show a broken decode at a glance, without any model."""

from collections import Counter
from collections.abc import Sequence

#: A hypothesis repeats itself if one 4-gram occurs at least six times (as in the published results).
REPEATED_ORDER, REPEATED_TIMES = 4, 6
#: More characters a word than any language with blanks between words has on average.
LONGEST_MEAN_WORD = 15


def health(
    hypotheses: Sequence[str], references: Sequence[str], sources: Sequence[str] | None = None
) -> dict[str, float | int | None]:
    """Return the figures of n hypotheses, n references a set (one set after the other) and n sources.

    ``length_ratio``: characters without blanks, hypotheses over references; None where all references are
    empty. ``empty_hypotheses``: how many. ``repeated_4gram_rate``: the share of hypotheses in which some
    4-gram of words (of characters, in text without blanks between words) occurs six times or more.
    ``copied_source_rate``: the share that are their source but for case and outer blanks, and not empty; None
    without sources.
    """
    by_characters = without_blanks(references)
    copied = None
    if sources is not None:
        pairs = zip(hypotheses, sources, strict=True)
        texts = [(mine.strip().casefold(), theirs.strip().casefold()) for mine, theirs in pairs]
        copied = sum(bool(mine) and mine == theirs for mine, theirs in texts) / len(hypotheses)
    sets = len(references) // len(hypotheses)
    length = _characters(references)
    return {
        "length_ratio": _characters(hypotheses) * sets / length if length else None,
        "empty_hypotheses": sum(not line.strip() for line in hypotheses),
        "repeated_4gram_rate": sum(repeats(line, by_characters) for line in hypotheses) / len(hypotheses),
        "copied_source_rate": copied,
    }


def without_blanks(lines: Sequence[str]) -> bool:
    """Return whether text is written without blanks between words (Chinese, Thai …)."""
    return _characters(lines) > LONGEST_MEAN_WORD * sum(len(line.split()) for line in lines)


def repeats(line: str, by_characters: bool = False) -> bool:
    """Return whether a 4-gram of words (or of characters, blanks left out) occurs six times or more."""
    words = line.split()
    units: Sequence[str] = "".join(words) if by_characters else words
    if len(units) < REPEATED_ORDER + REPEATED_TIMES - 1:
        return False
    counts = Counter(zip(*(units[i:] for i in range(REPEATED_ORDER)), strict=False))
    return max(counts.values()) >= REPEATED_TIMES


def _characters(lines: Sequence[str]) -> int:
    return sum(len("".join(line.split())) for line in lines)
