"""Raw text to subword pieces and back, alike in training, decoding and translation.

A line passes Moses punctuation normalisation (optional), Moses tokenisation (optional; aggressive hyphens, no
escaping) and SentencePiece. Byte pieces (``<0xC3>``) become the characters that they spell on the way back.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.languages import moses_code, without_moses_rules
from workflow_scripts.common.subword_model import load_subwords

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

WORD_START = "\u2581"  # SentencePiece's mark for a blank
BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")  # what SentencePiece calls the piece of one byte
NO_CHARACTER = "\ufffd"  # for a byte that is part of no character, as SentencePiece has it


@cache
def _say_without_rules(language: str) -> None:
    said = f"note: Moses has no rules for {language!r}: generic ones and English abbreviations are used"
    print(said, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class TextOptions:
    """What is done to a line before SentencePiece sees it."""

    normalize_punctuation: bool = False
    moses: bool = False

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> TextOptions:
        """Build from the ``text`` section of a config or ``system.json``; UserError for an unknown key."""
        known = list(cls.__dataclass_fields__)
        for key, value in values.items():
            if key not in known:
                raise UserError(f"text.{key} is unknown; known are {', '.join(known)}{nearest(key, known)}")
            if not isinstance(value, bool):
                raise UserError(f"text.{key} must be true or false, not {value!r}")
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> TextOptions:
        """Build from JSON text, as on a command line."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise UserError(f"--text {text!r} is not JSON: {error}") from None
        if not isinstance(values, dict):
            raise UserError(f'--text {text!r} must be a JSON object such as {{"moses": false}}')
        return cls.from_mapping(values)


def spelled(pieces: Iterable[str]) -> str:
    """Return the text that byte pieces spell; a byte that is part of no character becomes U+FFFD."""
    rest = bytes(int(piece[3:5], 16) for piece in pieces)
    text = ""
    while rest:
        try:
            return text + rest.decode()
        except UnicodeDecodeError as error:
            text += rest[: error.start].decode() + NO_CHARACTER
            rest = rest[error.start + 1 :]
    return text


class TextProcessor:
    """Text of one language: ``process`` and ``detokenise`` lines, ``encode`` to pieces and ``decode`` them.

    ``language``: its code in the experiment (``de``, ``zh_CN``); Moses' rules ignore region and script.
    ``subwords``: a SentencePiece model, its path, or None where no pieces are needed.
    """

    def __init__(
        self, language: str, options: TextOptions, subwords: SentencePieceProcessor | str | Path | None = None
    ) -> None:
        self.language = language
        self.options = options
        self.subwords = load_subwords(subwords) if isinstance(subwords, str | Path) else subwords

    def process(self, line: str) -> str:
        """Return a raw line normalised and tokenised as the options say."""
        if self.options.normalize_punctuation:
            line = self._normalizer.normalize(line)
        if self.options.moses:
            line = self._tokenizer.tokenize(line, aggressive_dash_splits=True, return_str=True, escape=False)
        return line

    def detokenise(self, line: str, unescape: bool = False) -> str:
        """Return tokenised text as plain text (the way back from ``process``; normalisation stays)."""
        if self.options.moses:
            # Nothing was escaped, so an "&amp;" in the text is the text's own.
            plain: str = self._detokenizer.detokenize(line.split(), return_str=True, unescape=unescape)
            return plain
        return line

    def encode(self, line: str) -> list[str]:
        """Return the pieces of one raw line; characters the model does not know stay as they are."""
        pieces: list[str] = self._model.encode(self.process(line), out_type=str)
        return pieces

    def encode_ids(self, lines: Iterable[str]) -> list[list[int]]:
        """Return the SentencePiece ids (not the vocabulary's) of raw lines."""
        ids: list[list[int]] = self._model.encode([self.process(line) for line in lines], out_type=int)
        return ids

    def decode(self, pieces: Sequence[str], unescape: bool = False) -> str:
        """Return the plain text of pieces, without markers."""
        if not any(self._is_byte(piece) for piece in pieces):
            return self.detokenise("".join(pieces).replace(WORD_START, " ").strip(), unescape)
        text = ""
        for of_bytes, group in groupby(pieces, self._is_byte):
            run = list(group)
            text += spelled(run) if of_bytes else "".join(run).replace(WORD_START, " ")
        return self.detokenise(text.strip(), unescape)

    def _is_byte(self, piece: str) -> bool:
        """Whether a piece is one byte; without a model every piece that looks so is."""
        if not BYTE_PIECE.fullmatch(piece):
            return False
        model = self.subwords
        return model is None or bool(model.is_byte(model.piece_to_id(piece)))

    @property
    def _model(self) -> SentencePieceProcessor:
        if self.subwords is None:
            raise UserError(f"text of {self.language!r} has no SentencePiece model")
        return self.subwords

    @property
    def moses_language(self) -> str:
        """The code whose Moses rules this language is processed with."""
        return moses_code(self.language)

    @cached_property
    def _normalizer(self) -> Any:
        from sacremoses import MosesPunctNormalizer

        return MosesPunctNormalizer(lang=self.moses_language)

    @cached_property
    def _tokenizer(self) -> Any:
        from sacremoses import MosesTokenizer

        for language in without_moses_rules([self.language]):
            _say_without_rules(language)
        return MosesTokenizer(lang=self.moses_language)

    @cached_property
    def _detokenizer(self) -> Any:
        from sacremoses import MosesDetokenizer

        return MosesDetokenizer(lang=self.moses_language)
