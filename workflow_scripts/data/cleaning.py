"""Which sentence pairs of training text to leave out, and which of them several sources have.

Memory grows by 8 bytes a pair (24 while runs of hashes merge), and only where pairs are compared.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow_scripts.common.errors import UserError

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Limits:
    """What a pair must satisfy to stay; each None or False keeps everything.

    ``max_words``: words (between blanks) of either side. ``max_ratio``: words of the longer side for one of
    the shorter. ``dedup``: a pair that came before is left out; the first one stays.
    """

    max_words: int | None = None
    max_ratio: float | None = None
    dedup: bool = False

    def __post_init__(self) -> None:
        if self.max_words is not None and self.max_words < 1:
            raise UserError(f"--max-words {self.max_words}: must be at least 1")
        # Written so that "nan" is refused too.
        if self.max_ratio is not None and not self.max_ratio >= 1:
            raise UserError(f"--max-ratio {self.max_ratio}: must be at least 1")


NO_LIMITS = Limits()


class SeenHashes:
    """A growing set of 64-bit hashes, in a few sorted runs, each over twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def holds(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Return for each of some hashes, 1-D, whether it is there."""
        there = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            places = np.searchsorted(run, hashes)
            places[places == len(run)] = 0
            there |= run[places] == hashes
        return there

    def add(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Add hashes, 1-D; return for each whether it is there for the first time."""
        distinct, where = np.unique(hashes, return_index=True)
        new = ~self.holds(distinct)
        if new.any():
            self._runs.append(distinct[new])
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            joined = np.concatenate([self._runs.pop(), last])
            joined.sort(kind="stable")  # which merges runs in one pass
            self._runs.append(joined)
        first = np.zeros(len(hashes), dtype=bool)
        first[where[new]] = True
        return first


def pair_hashes(sources: Iterable[str], targets: Iterable[str]) -> Hashes:
    """Return 64 bits of BLAKE2b of each pair, 1-D, the same in every process. Two different pairs of five
    million share one with a probability of one in a million."""
    # A line holds no newline: no other pair has the same text.
    digests = [
        blake2b(f"{source}\n{target}".encode(), digest_size=8).digest()
        for source, target in zip(sources, targets, strict=True)
    ]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def word_counts(lines: Iterable[str]) -> list[int]:
    """Return the words, between blanks, of each line."""
    return [len(line.split()) for line in lines]


class PairFilter:
    """Applies ``Limits`` to blocks of pairs; ``dropped`` counts by reason, each pair under its first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        asked = {"too_long": limits.max_words, "ratio": limits.max_ratio, "duplicate": limits.dedup or None}
        self.dropped = {reason: 0 for reason, limit in asked.items() if limit is not None}
        self._seen = SeenHashes()

    def kept(self, texts: Sequence[Sequence[str]], words: Sequence[Sequence[int]]) -> Sequence[int]:
        """Return the places in the block of the pairs that stay, in order. ``texts``: the lines of the two
        sides. ``words``: their numbers of words."""
        places: Sequence[int] = range(len(texts[0]))
        if self.limits.max_words is not None or self.limits.max_ratio is not None:
            places = self._of_good_length(*words)
        if self.limits.dedup:
            hashes = pair_hashes(*([side[place] for place in places] for side in texts))
            first = self._seen.add(hashes)
            self.dropped["duplicate"] += len(places) - int(first.sum())
            places = list(compress(places, first.tolist()))
        return places

    def _of_good_length(self, sources: Sequence[int], targets: Sequence[int]) -> list[int]:
        most = self.limits.max_words or math.inf
        ratio = self.limits.max_ratio or math.inf
        places = []
        for place, (source, target) in enumerate(zip(sources, targets, strict=True)):
            if source > most or target > most:
                self.dropped["too_long"] += 1
            elif source > ratio * target or target > ratio * source:
                self.dropped["ratio"] += 1
            else:
                places.append(place)
        return places


EXAMPLES = 3


@dataclass
class Source:
    """One source: ``sentences`` of it stay; ``in_earlier`` of its pairs are in an earlier source too."""

    files: list[str]
    sentences: int = 0
    in_earlier: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)
    hashes: list[Hashes] = field(default_factory=list, repr=False)

    def as_dict(self, languages: Sequence[str]) -> dict[str, Any]:
        """Return what the statistics of a pair have of it."""
        files = dict(zip(languages, self.files, strict=True))
        counts = {"sentences": self.sentences, "in_earlier_sources": self.in_earlier}
        examples = [dict(zip(languages, pair, strict=True)) for pair in self.examples]
        return {"files": files, **counts, "examples": examples}


class JoinedSources:
    """The sources so far, and what they hold."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self._seen = SeenHashes()

    def begin(self, files: Sequence[Path]) -> Source:
        """Return the next source."""
        self.sources.append(Source([str(file) for file in files]))
        return self.sources[-1]

    def look(self, source: Source, texts: Sequence[Sequence[str]]) -> None:
        """Count the pairs of a block that an earlier source has; ``texts``: the lines of the two sides."""
        hashes = pair_hashes(*texts)
        source.hashes.append(hashes)
        there = np.flatnonzero(self._seen.holds(hashes))
        source.in_earlier += len(there)
        for place in there[: EXAMPLES - len(source.examples)].tolist():
            source.examples.append((texts[0][place], texts[1][place]))

    def end(self, source: Source, sentences: int) -> None:
        """Note how many sentences of a source stay; the next one is compared with it too."""
        source.sentences = sentences
        if source.hashes:
            self._seen.add(np.concatenate(source.hashes))
        source.hashes.clear()
