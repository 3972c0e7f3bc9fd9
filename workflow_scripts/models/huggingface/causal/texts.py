"""Texts of a causal language model as ids: the library's tokenizer and what it puts around a text, by id."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.huggingface.tokenizer import load_tokenizer, pieces_of
from workflow_scripts.models.huggingface.tokens import TWO, WORDS

#: A piece of at least two letters, with the mark of a word's beginning or without: a word that is known.
WORD = re.compile(r"[▁Ġ]?([^\W\d_]{2,})")
#: What is put around a text, as ``system.json`` names it.
AROUND = ("begin", "end")


class CausalText:
    """The tokenizer of a model. ``around``: the tokens before and behind each text, such as ``<s>``."""

    def __init__(self, folder: Path, rows: int, around: Mapping[str, Sequence[str]] | None = None) -> None:
        """Load a folder's tokenizer. ``rows``: of the embedding. ``around``: ``begin`` and ``end``, if not
        what the tokenizer adds. UserError: it cannot be loaded, knows no word, has other ids than the model,
        or lacks a token."""
        self._folder, self._tokenizer = folder, load_tokenizer(folder)
        known = self._tokenizer.get_vocab()
        if (largest := max(known.values())) >= rows:
            raise UserError(
                f"{folder}: its tokenizer has ids up to {largest}, the embedding {rows} rows; {TWO}"
            )
        word = self._known_word(known)
        if around is None:
            around = dict(zip(AROUND, self._added(word), strict=True))
        for token in (token for name in AROUND for token in around[name] if token not in known):
            raise UserError(f"{folder}: token {token!r} is unknown to its tokenizer")
        self.around = {name: list(around[name]) for name in AROUND}
        self._begin, self._end = ([known[token] for token in self.around[name]] for name in AROUND)
        found = self._tokenizer.eos_token_id
        #: An id to stand behind given sentences, so that their last piece has a label.
        self.last = 0 if found is None else int(found)
        #: How many rows the embedding has, and the id of text that has none: there is such text for few.
        self.rows, unknown = rows, self._tokenizer.unk_token_id
        self.unknown = self.last if unknown is None else int(unknown)

    @property
    def marks(self) -> frozenset[int]:
        """The ids that stand for no text."""
        return frozenset((*self._begin, *self._end, self.last))

    def sentence(self, ids: Sequence[int]) -> NDArray[np.int32]:
        """Return the ids of a text with what is around it."""
        return np.array([*self._begin, *ids, *self._end], dtype=np.int32)

    def pieces(self, words: Sequence[str]) -> list[list[int]]:
        """Return the ids of each word of a text."""
        return pieces_of(self._tokenizer, words, self._folder)

    def plain(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the ids of texts without what is added."""
        return [list(one) for one in self._ids(lines)]

    def ids(self, lines: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of texts, with all that is added."""
        return [self.sentence(one) for one in self._ids(lines)]

    def _ids(self, lines: Sequence[str], added: bool = False) -> Any:
        return self._tokenizer(list(lines), add_special_tokens=added).input_ids

    def _known_word(self, known: Mapping[str, int]) -> str:
        """Return a word; UserError for a tokenizer that did not read its files, to which all are unknown."""
        pieces = sorted(known, key=known.__getitem__)
        words = [match[1] for piece in pieces if (match := WORD.fullmatch(piece))][:WORDS]
        unknown = self._tokenizer.unk_token_id
        for word, ids in zip(words, self._ids(words), strict=True) if words else ():
            if ids and unknown not in ids:
                return word
        raise UserError(
            f"{self._folder}: its tokenizer knows no word: its class does not read the files there"
        )

    def _added(self, word: str) -> tuple[list[str], list[str]]:
        """Return the tokens that the tokenizer puts before and behind a text."""
        (plain,), (whole,) = self._ids([word]), self._ids([word], added=True)
        at = next(at for at in range(len(whole)) if whole[at : at + len(plain)] == plain)
        tokens: list[str] = self._tokenizer.convert_ids_to_tokens(whole)
        return tokens[:at], tokens[at + len(plain) :]
