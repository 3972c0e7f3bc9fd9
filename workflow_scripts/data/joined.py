"""Several sources of one pair's text: the sentences of each, and the pairs that an earlier source has too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workflow_scripts.data.cleaning import Hashes, SeenHashes, pair_hashes

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
        return {
            "files": dict(zip(languages, self.files, strict=True)),
            "sentences": self.sentences,
            "in_earlier_sources": self.in_earlier,
            "examples": [dict(zip(languages, pair, strict=True)) for pair in self.examples],
        }


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
