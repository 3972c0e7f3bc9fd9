"""Decode one direction of a system with fairseq's generator: the reference engine.

Input: a system folder and a direction; sentences as pieces. Output: the best hypothesis of each, as pieces.
A masked direction runs in the live network with its mask row laid on it (spec 3.4); nothing is compacted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import torch

from workflow_scripts.directions import direction_languages
from workflow_scripts.errors import UserError
from workflow_scripts.models.fairseq.artifact import load_network
from workflow_scripts.models.fairseq.gates import GateBank
from workflow_scripts.models.fairseq.generation import BeamSearch
from workflow_scripts.translate.markers import marker_symbols, strip_markers
from workflow_scripts.translate.options import DecodingOptions
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.units.vocabulary import EOS, Vocabulary


class FairseqEngine:
    """One direction of one system, loaded and ready."""

    def __init__(self, system: SystemFolder, direction: str, options: DecodingOptions) -> None:
        """Load ``direction`` of ``system``; UserError if there is none or it does not fit together."""
        if options.compute_type != "float32":
            raise UserError(f"--compute-type {options.compute_type}: the fairseq engine computes in float32")
        keep = system.keep_row(direction)
        torch.set_num_threads(options.threads)
        self._direction = direction
        self._vocabulary = Vocabulary.read(system.dictionary, system.languages)
        source, target = direction_languages(direction, system.languages)
        self._source = self._vocabulary.language_id(source)
        self._target = self._vocabulary.language_id(target)
        self._markers = marker_symbols(system.languages)
        self._batch_tokens = options.batch_tokens
        network = load_network(system).to("cuda" if torch.cuda.is_available() else "cpu")
        self._bank = None if keep is None else GateBank(network, keep[None, :], [direction])
        self._search = BeamSearch(
            network, self._vocabulary, options.beam, options.length_penalty, options.max_length
        )

    def translate(self, sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the best hypothesis of each sentence in order, as pieces without markers.

        ``sentences``: pieces, without language token and ``</s>``; none of them empty.
        """
        sources = [[self._source, *self._vocabulary.encode(pieces), EOS] for pieces in sentences]
        if not sources:
            return
        with self._bank.use(self._direction) if self._bank else nullcontext():
            for hypothesis in self._search.search(sources, self._target, self._batch_tokens):
                yield strip_markers(
                    [self._vocabulary.symbols[number] for number in hypothesis], self._markers
                )
