"""The vocabulary of a system: which number each subword and language token has.

What: ``<s> <pad> </s> <unk>``, the lines of dict.txt, then ``__xx__`` for each language in system order.
Inputs: dict.txt (fairseq's text form, ``piece count`` per line). Outputs: none. No torch here.
Source: Neuron Specialization, section 4 (language tokens at the start of source and target).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError, nearest

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
BOS, PAD, EOS, UNK = range(4)


class Vocabulary:
    """Symbols in model order; ``symbols[i]`` has the number i."""

    def __init__(self, pieces: Iterable[str], languages: Sequence[str]) -> None:
        tags = [f"__{language}__" for language in languages]
        self.symbols: tuple[str, ...] = (*SPECIALS, *pieces, *tags)
        self.languages = tuple(languages)
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
        if len(self._numbers) != len(self.symbols):
            repeated = next(s for number, s in enumerate(self.symbols) if self._numbers[s] != number)
            raise UserError(f"{repeated!r} occurs more than once in the vocabulary")

    @classmethod
    def read(cls, dictionary: str | Path, languages: Sequence[str]) -> Vocabulary:
        """Read dict.txt; UserError for a malformed line or a repeated symbol."""
        pieces = []
        with Path(dictionary).open(encoding="utf-8", newline="\n") as handle:
            for number, line in enumerate(handle, start=1):
                piece, blank, count = line.rstrip("\r\n").rpartition(" ")
                if not (piece and blank and count.isdigit()):
                    raise UserError(f"{dictionary}, line {number}: expected 'piece count'")
                pieces.append(piece)
        try:
            return cls(pieces, languages)
        except UserError as error:
            raise UserError(f"{dictionary}: {error}") from None

    def __len__(self) -> int:
        return len(self.symbols)

    def language_token(self, language: str) -> int:
        """Return the number of ``__xx__``; UserError for a language the system does not have."""
        if language not in self.languages:
            known = ", ".join(self.languages)
            raise UserError(f"language {language!r} is not one of {known}{nearest(language, self.languages)}")
        return self._numbers[f"__{language}__"]

    def encode(self, pieces: Iterable[str]) -> list[int]:
        """Return the numbers of the pieces, ``<unk>`` where one is unknown; nothing is appended."""
        return [self._numbers.get(piece, UNK) for piece in pieces]

    def direction_languages(self, direction: str) -> tuple[str, str]:
        """Split ``de-en`` into (source, target), both among the languages; UserError otherwise."""
        # A code may hold a hyphen itself (zh-Hant): the right cut gives two known languages.
        parts = direction.split("-")
        for cut in range(1, len(parts)):
            source, target = "-".join(parts[:cut]), "-".join(parts[cut:])
            if source in self.languages and target in self.languages:
                return source, target
        raise UserError(
            f"direction {direction!r} is not source-target of the languages {', '.join(self.languages)}"
        )

    def fairseq_dictionary(self) -> Any:
        """Return the same vocabulary as fairseq's ``Dictionary``."""
        import workflow_scripts.models.compat  # noqa: F401  isort:skip  (before fairseq)
        from fairseq.data import Dictionary

        dictionary = Dictionary()
        for symbol in self.symbols[len(SPECIALS) :]:
            dictionary.add_symbol(symbol)
        return dictionary
