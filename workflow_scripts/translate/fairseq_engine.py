"""Decode one direction of a system with fairseq's generator: the reference engine."""

from collections.abc import Iterator, Sequence

import torch

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.port import Port, generating, load
from workflow_scripts.translate.decoding_options import DecodingOptions
from workflow_scripts.translate.markers import marker_symbols, strip_markers
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, Vocabulary


class FairseqEngine:
    """One direction of one system, loaded and ready."""

    def __init__(
        self, system: SystemFolder, direction: str, options: DecodingOptions, port: Port | None = None
    ) -> None:
        """Load ``direction`` of ``system``; UserError if there is none or it does not fit together. ``port``:
        the system's, where it is loaded already."""
        if options.compute_type != "float32":
            raise UserError(f"--compute-type {options.compute_type}: the fairseq engine computes in float32")
        torch.set_num_threads(options.threads)
        self._vocabulary = Vocabulary.read(system.dictionary, system.languages)
        source, target = direction_languages(direction, system.languages)
        self._source = self._vocabulary.language_id(source)
        self._target = self._vocabulary.language_id(target)
        self._markers = marker_symbols(system.languages)
        self._options = options
        self._port = generating(port or load(system), "--engine fairseq")
        self._laid = self._port.direction(direction)

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the best hypothesis of each sentence in order; all are pieces without markers, none empty."""
        sources = [[self._source, *self._vocabulary.encode(pieces), EOS] for pieces in sentences]
        if not sources:
            return
        options = self._options
        with self._laid:
            for hypothesis in self._port.generate(
                sources,
                self._target,
                beam=options.beam,
                length_penalty=options.length_penalty,
                max_length=options.max_length,
                batch_tokens=options.batch_tokens,
            ):
                yield strip_markers([self._vocabulary.symbols[one] for one in hypothesis], self._markers)
