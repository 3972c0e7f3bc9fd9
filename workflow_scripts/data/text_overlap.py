"""Find held-out sentences that a model has seen in training, also through another language.

Counted are exact pairs, each side after normalisation, and each side in the text of *another* pair
(multi-parallel data). Memory grows with the held-out sets only.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.errors import UserError
from workflow_scripts.data.readers import read_text_lines

Hashes = npt.NDArray[np.int64]  # 1-D, one per sentence
BLOCK_LINES = 100_000
EXAMPLES = 3
TRAIN, VALID = "train", "valid"
ASCII_PUNCTUATION = re.compile(r"[\W_]+")


class _Letters(dict[int, str | int]):
    """A translation table that blanks punctuation and drops invisible characters, filled as needed. Not
    ``\\W``: for Python a vowel sign of an Indic script is no word character."""

    def __missing__(self, code: int) -> str | int:
        category = unicodedata.category(chr(code))
        self[code] = "" if category == "Cf" else " " if category[0] in "PSZC" else code
        return self[code]


_LETTERS = _Letters()


def normalise(line: str) -> str:
    """Return a line without case, punctuation and compatibility variants; unchanged if nothing is left."""
    if line.isascii():
        return ASCII_PUNCTUATION.sub(" ", line.lower()).strip() or line
    folded = unicodedata.normalize("NFKC", line).casefold().translate(_LETTERS)
    return " ".join(folded.split()) or line


@dataclass(frozen=True)
class PairText:
    """The two prepared files of one subset and pair, by language."""

    pair: str
    files: dict[str, Path]


@dataclass
class Block:
    """Hashes of consecutive sentences: of the exact pair, and of each side normalised."""

    exact: Hashes
    sides: dict[str, Hashes]


# Python's own string hash: 64 bits, fast, and the same throughout one process, which is all that is needed.
def _hashes(values: Iterable[Any], count: int) -> Hashes:
    return np.fromiter(map(hash, values), dtype=np.int64, count=count)


def read_blocks(text: PairText) -> Iterator[Block]:
    """Yield the hashes of a pair's sentences, BLOCK_LINES at a time; UserError for unequal sides."""
    readers = [read_text_lines(path) for path in text.files.values()]
    while True:
        lines = [list(islice(reader, BLOCK_LINES)) for reader in readers]
        count = len(lines[0])
        if len({len(side) for side in lines}) > 1:
            names = " and ".join(map(str, text.files.values()))
            raise UserError(f"{names}: unequal numbers of lines; prepare the text again")
        if not count:
            return
        normalised = (_hashes(map(normalise, side), count) for side in lines)
        sides = dict(zip(text.files, normalised, strict=True))
        yield Block(_hashes(zip(*lines, strict=True), count), sides)


def read_all(text: PairText) -> Block:
    """Return the hashes of all sentences of a pair."""
    blocks = list(read_blocks(text))
    sides = {lang: np.concatenate([b.sides[lang] for b in blocks] or [_none()]) for lang in text.files}
    return Block(np.concatenate([block.exact for block in blocks] or [_none()]), sides)


def _none() -> Hashes:
    return np.zeros(0, dtype=np.int64)


@dataclass
class Seen:
    """Which held-out hashes occur in a subset: exact pairs by pair, sides by (pair, language)."""

    exact: dict[str, Hashes] = field(default_factory=dict)
    sides: dict[tuple[str, str], Hashes] = field(default_factory=dict)


def search(texts: Iterable[PairText], held_out: Sequence[Block]) -> Seen:
    """Return which of the held-out hashes occur in each of ``texts``."""
    exact = np.unique(np.concatenate([block.exact for block in held_out] or [_none()]))
    languages = {language for block in held_out for language in block.sides}
    sides = {
        language: np.unique(np.concatenate([b.sides[language] for b in held_out if language in b.sides]))
        for language in languages
    }
    seen = Seen()
    for text in texts:
        found_exact: list[Hashes] = []
        found: dict[str, list[Hashes]] = {language: [] for language in text.files if language in sides}
        for block in read_blocks(text):
            found_exact.append(np.intersect1d(exact, block.exact))
            for language, hits in found.items():
                hits.append(np.intersect1d(sides[language], block.sides[language]))
        seen.exact[text.pair] = np.unique(np.concatenate(found_exact or [_none()]))
        for language, hits in found.items():
            seen.sides[text.pair, language] = np.unique(np.concatenate(hits or [_none()]))
    return seen


def compare(text: PairText, block: Block, seen: Seen) -> dict[str, Any]:
    """Return counts and examples of a held-out pair's sentences that occur in the searched subset.

    ``exact``: the same pair of sentences. ``sides``: per language, the normalised sentence in the same pair's
    text. ``other_pairs``: per language, the normalised sentence in the text of other pairs only.
    ``any``: sentences with any of these.
    """
    exact = np.isin(block.exact, seen.exact.get(text.pair, _none()))
    anything = exact.copy()
    sides: dict[str, int] = {}
    other: dict[str, int] = {}
    for language, hashes in block.sides.items():
        here = np.isin(hashes, seen.sides.get((text.pair, language), _none()))
        elsewhere = [found for (p, lang), found in seen.sides.items() if lang == language and p != text.pair]
        there = np.isin(hashes, np.concatenate([*elsewhere, _none()])) & ~here
        sides[language], other[language] = int(here.sum()), int(there.sum())
        anything |= here | there
    numbers = np.flatnonzero(anything)[:EXAMPLES]
    found = {"exact": int(exact.sum()), "sides": sides, "other_pairs": other, "any": int(anything.sum())}
    return {"sentences": len(block.exact), **found, "examples": _examples(text, numbers.tolist())}


def _examples(text: PairText, numbers: Sequence[int]) -> list[dict[str, Any]]:
    examples: list[dict[str, Any]] = [{"line": number + 1} for number in numbers]
    for language, path in text.files.items() if numbers else ():
        first = list(islice(read_text_lines(path), numbers[-1] + 1))
        for example in examples:
            example[language] = first[example["line"] - 1]
    return examples


def find_overlaps(subsets: Mapping[str, Sequence[PairText]]) -> list[dict[str, Any]]:
    """Return, for train and for valid, the overlap of every later subset and pair with it.

    Each entry: ``subset`` and ``pair`` of the held-out text, ``with`` the subset searched, and what
    ``compare`` returns.
    """
    result = []
    for searched in (TRAIN, VALID):
        later = [name for name in subsets if name not in (TRAIN, searched)]
        if searched not in subsets or not later:
            continue
        blocks = {(name, text.pair): read_all(text) for name in later for text in subsets[name]}
        seen = search(subsets[searched], list(blocks.values()))
        for name in later:
            for text in subsets[name]:
                place = {"subset": name, "pair": text.pair, "with": searched}
                result.append({**place, **compare(text, blocks[name, text.pair], seen)})
    return result
