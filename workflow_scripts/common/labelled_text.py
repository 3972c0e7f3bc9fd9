"""A text cut into subwords, with its words, where they are and what is said of them: JSON lines.

The first line names the format and says how the text was labelled; each other one is a sentence. A text that
is ``UNCUT`` has words in place of subwords. Standard library only.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from workflow_scripts.common.errors import DamagedFileError
from workflow_scripts.common.files import write_text

FORMAT = "neuronspec-labelled-text-1"
#: The fact of a text whose pieces are its words, as models with a tokenizer of their own cut them.
UNCUT = "uncut"


@dataclass(frozen=True)
class LabelledWord:
    """A word: its first piece, the piece behind its last one, and its labels by property."""

    form: str
    first: int
    stop: int
    labels: Mapping[str, str]


@dataclass(frozen=True)
class LabelledLine:
    """A line of the text, from 0, its pieces and those of its words that have pieces of their own."""

    line: int
    pieces: Sequence[str]
    words: Sequence[LabelledWord]


@dataclass(frozen=True)
class LabelledText:
    """``facts``: language, hashes of the text, of its labels and of the subwords, and what was left out."""

    facts: Mapping[str, Any]
    lines: Sequence[LabelledLine]

    @property
    def properties(self) -> list[str]:
        """The properties that any word has a label of, sorted."""
        return sorted({name for line in self.lines for word in line.words for name in word.labels})

    def write(self, path: str | Path) -> None:
        """Write the text to ``path`` atomically."""
        rows = (
            {
                "line": line.line,
                "pieces": line.pieces,
                "words": [[word.form, word.first, word.stop, word.labels] for word in line.words],
            }
            for line in self.lines
        )
        write_text(path, _json_lines([{"format": FORMAT, **self.facts}, *rows]))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read what ``write`` wrote; DamagedFileError for anything else."""
        try:
            # A form may hold a separator that splitlines knows.
            first, *rest = map(json.loads, Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n"))
            if first.pop("format") != FORMAT:
                raise ValueError
            lines = [
                LabelledLine(row["line"], row["pieces"], [LabelledWord(*word) for word in row["words"]])
                for row in rest
            ]
            if not all(0 <= w.first < w.stop <= len(line.pieces) for line in lines for w in line.words):
                raise ValueError
            return cls(first, lines)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DamagedFileError(
                f"{path}: not a labelled text ({FORMAT}); delete it and run label_words again"
            ) from None


def _json_lines(rows: Iterable[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
