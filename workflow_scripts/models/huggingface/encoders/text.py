"""Texts as ids, single ones and pairs: the library's tokenizer, checked against the model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.encoders.families import EncoderFamily
from workflow_scripts.models.huggingface.tokenizer import load_tokenizer, pieces_of

Ids = NDArray[np.int32]
TWO = "are the two of one model?"
#: Of so many whole words of a tokenizer one has to be read as itself.
WORDS = 5


class Text:
    """The tokenizer of an encoder. ``longest``: positions of an example, markers included."""

    def __init__(self, folder: Path, family: EncoderFamily, config: Any, longest: int | None = None) -> None:
        """Load a folder's tokenizer; UserError: it cannot be loaded, has other ids than the model, or knows
        no word, or ``longest`` is more than the model has."""
        self._folder, self._tokenizer = folder, load_tokenizer(folder)
        self.padding: int = config.pad_token_id
        if self._tokenizer.pad_token_id != self.padding:
            raise UserError(
                f"{folder}: pad_token_id is {self.padding} in config.json, {self._tokenizer.pad_token_id} in"
                f" its tokenizer; {TWO}"
            )
        known = self._tokenizer.get_vocab()
        if (largest := max(known.values())) >= config.vocab_size:
            raise UserError(
                f"{folder}: its tokenizer has ids up to {largest}, the embedding {config.vocab_size} rows;"
                f" {TWO}"
            )
        most = config.max_position_embeddings - (self.padding + 1 if family.offset else 0)
        self.longest = most if longest is None else longest
        if not 0 < self.longest <= most:
            raise UserError(f"{folder}: texts of {longest} positions, but the model has {most}")
        empty: list[int] = self._tokenizer("")["input_ids"]
        self._around = empty[:1], empty[1:]
        self.unknown = int(self._tokenizer.unk_token_id)
        self._two = config.type_vocab_size > 1
        self._check_words(known)

    @property
    def marks(self) -> frozenset[int]:
        """The ids that stand for no text."""
        return frozenset(self._tokenizer.all_special_ids) - {self.unknown}

    def encode(self, texts: Sequence[tuple[str, ...]]) -> tuple[list[Ids], list[Ids] | None, int]:
        """Return the ids of examples, which text each position is of (None: the model does not read that),
        and how many were cut, the longer text first. UserError: single texts and pairs in one task."""
        if len(sizes := {len(one) for one in texts}) > 1:
            raise UserError(f"examples of {' and of '.join(map(str, sorted(sizes)))} texts in one task")
        given = [[side[number] for side in texts] for number in range(*sizes)]
        found = self._tokenizer(*given, truncation=True, max_length=self.longest)
        whole = self._tokenizer(*given, truncation=False)["input_ids"]
        cut = sum(len(one) > self.longest for one in whole)
        types = found.get("token_type_ids") if self._two else None
        return _arrays(found["input_ids"]), None if types is None else _arrays(types), cut

    def pieces(self, words: Sequence[str]) -> list[list[int]]:
        """Return the ids of each word of a text, as they are in the text. UserError: a word has none."""
        return pieces_of(self._tokenizer, words, self._folder)

    def plain(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of lines without markers."""
        found: list[list[int]] = self._tokenizer(list(lines), add_special_tokens=False)["input_ids"]
        return found

    def surrounded(self, ids: Sequence[int]) -> Ids:
        """Return a text's ids with the markers of a single text."""
        begin, end = self._around
        return np.array([*begin, *ids, *end], dtype=np.int32)

    def _check_words(self, known: dict[str, int]) -> None:
        """Refuse a tokenizer that did not read its files: every word is unknown to it."""
        marks = "▁Ġ"
        words = [one.strip(marks) for one in sorted(known, key=known.__getitem__)]
        words = [one for one in words if len(one) > 1 and one.isalpha()][:WORDS]
        if not words or all(
            self.unknown in ids for ids in self._tokenizer(words, add_special_tokens=False)["input_ids"]
        ):
            raise UserError(
                f"{self._folder}: its tokenizer knows no word: its class does not read the files there"
            )


def _arrays(values: Sequence[Sequence[int]]) -> list[Ids]:
    return [np.array(one, dtype=np.int32) for one in values]
