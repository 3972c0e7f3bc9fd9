"""Decode one direction of a system with the library that its model is of: the reference engine."""

from collections.abc import Iterator, Sequence

import torch

from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import GeneratingPort, Port, generating, load
from workflow_scripts.translate.codecs import Codec, codec_of
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.markers import strip_markers
from workflow_scripts.units.system import SystemFolder


def numbered(symbols: Sequence[str]) -> dict[str, int]:
    """Return the id of each symbol: the first one, where a symbol is there again."""
    return {symbol: row for row, symbol in reversed([*enumerate(symbols)])}


class PortEngine:
    """A loaded model as it is, with what lies on it, for one direction."""

    def __init__(self, port: GeneratingPort, codec: Codec, options: DecodingOptions) -> None:
        """``codec``: the direction's text."""
        self.codec = codec
        self._sequences = codec.sequences
        symbols = self._sequences.symbols
        self._ids, targets = numbered(symbols.source), numbered(symbols.target)
        self._prefix = None if self._sequences.prefix is None else targets[self._sequences.prefix]
        self._options = options
        self._port = port

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the best hypothesis of each sentence in order; all are pieces without markers, none empty."""
        ours, symbols = self._sequences, self._sequences.symbols
        unknown = self._ids[symbols.unknown]
        sources = [
            [self._ids.get(piece, unknown) for piece in (*ours.before, *pieces, symbols.end)]
            for pieces in sentences
        ]
        options = self._options
        for hypothesis in self._port.generate(
            sources,
            self._prefix,
            beam=options.beam,
            length_penalty=options.length_penalty,
            max_length=options.max_length,
            batch_tokens=options.batch_tokens,
        ):
            yield strip_markers([symbols.target[one] for one in hypothesis], ours.markers)


class LiveEngine(PortEngine):
    """One direction of one system, loaded and ready."""

    def __init__(
        self,
        system: SystemFolder,
        direction: str,
        options: DecodingOptions,
        port: Port | None = None,
        codec: Codec | None = None,
    ) -> None:
        """Load ``direction`` of ``system``; UserError if there is none or it does not fit together. ``port``,
        ``codec``: the system's and the direction's, where they are loaded already."""
        name = system.port
        if options.compute_type != "float32":
            raise UserError(f"--compute-type {options.compute_type}: the {name} engine computes in float32")
        torch.set_num_threads(options.threads)
        codec = codec or codec_of(system, direction)
        super().__init__(generating(port or load(system), f"--engine {name}"), codec, options)
        self._laid = self._port.direction(direction)

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """See ``PortEngine.translate``; the model has what the system has for the direction."""
        with self._laid:
            yield from super().translate(sentences)
