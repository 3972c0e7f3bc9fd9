"""Text in and out of a direction: lines to pieces, pieces to lines, and what the model adds to them."""

from functools import cached_property
from importlib import import_module
from typing import Protocol, cast

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.subword_model import load_subwords
from workflow_scripts.data.text import TextOptions, TextProcessor
from workflow_scripts.translate.markers import END, PADDING, marker_symbols
from workflow_scripts.units.architecture import Architecture
from workflow_scripts.units.description import DEFAULT_PORT, DESCRIPTION
from workflow_scripts.units.sequences import Sequences, Symbols
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import SPECIALS, UNKNOWN, Vocabulary, language_token


class Codec(Protocol):
    """The text of one direction of a system."""

    @property
    def sequences(self) -> Sequences:
        """What the model's sequences are made of."""

    def encode(self, line: str) -> list[str]:
        """Return the pieces of a line of raw text, without markers."""

    def decode(self, pieces: list[str]) -> str:
        """Return the text of a translation's pieces."""


class FairseqCodec:
    """A SentencePiece model and a dictionary, with Moses' processing on request. Each is read when needed."""

    def __init__(self, system: SystemFolder, direction: str) -> None:
        """Check the description; UserError for another direction, architecture or text than there can be."""
        self._system = system
        self._source, self._target = direction_languages(direction, system.languages)
        try:
            self._positions = Architecture.from_dict(system.architecture).max_positions
            self._options = TextOptions.from_mapping(dict(system.text))
        except UserError as error:
            raise UserError(f"{system.folder / DESCRIPTION}: {error}; export the system again") from None

    @cached_property
    def sequences(self) -> Sequences:
        """See ``Codec``. UserError for a dictionary that is none."""
        symbols = Vocabulary.read(self._system.dictionary, self._system.languages).symbols
        return Sequences(
            symbols=Symbols(symbols, symbols, start=END, end=END, unknown=SPECIALS[UNKNOWN]),
            before=(language_token(self._source),),
            prefix=language_token(self._target),
            padding=PADDING,
            markers=marker_symbols(self._system.languages),
            positions=self._positions,
        )

    @cached_property
    def _encoder(self) -> TextProcessor:
        return TextProcessor(self._source, self._options, load_subwords(self._system.subwords))

    @cached_property
    def _decoder(self) -> TextProcessor:
        return TextProcessor(self._target, self._options)

    def encode(self, line: str) -> list[str]:
        """See ``Codec``."""
        return self._encoder.encode(line)

    def decode(self, pieces: list[str]) -> str:
        """See ``Codec``."""
        return self._decoder.decode(pieces)


def codec_of(system: SystemFolder, direction: str) -> Codec:
    """Return the text of a direction; UserError for one that is not there, and for files that do not fit."""
    if system.port == DEFAULT_PORT:
        return FairseqCodec(system, direction)
    # By name: decoding with CTranslate2 is not run again where code of the models changes.
    modules = import_module("workflow_scripts.models.port_modules")
    return cast(Codec, modules.port_module(system, "codec").codec_of(system, direction))
