"""Log-likelihoods of given translations by a system, under teacher forcing.

Text is processed as in decoding: a source that is too long is cut; a translation that is too long has no
likelihood. The target's language tag counts only on request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_scripts.common.directions import direction_languages
from workflow_scripts.likelihood.text_ids import text_ids
from workflow_scripts.models.port import load
from workflow_scripts.units.system import SystemFolder

#: Positions of a batch, padding included. Larger batches are not faster on a CPU.
BATCH_TOKENS = 4096
#: A language token and </s> share the positions with the subwords.
MARKERS = 2


@dataclass(frozen=True)
class Likelihoods:
    """Of n pairs, in their order. ``log_likelihood``: float64 [n], in nats, NaN for a target longer than the
    model's positions. ``tokens``: int32 [n], the target's subwords and ``</s>``. ``cut_sources``: how many
    sources were cut."""

    log_likelihood: NDArray[np.float64]
    tokens: NDArray[np.int32]
    cut_sources: int


class LikelihoodScorer:
    """A system, loaded, with what it has for the directions that are to be scored."""

    def __init__(
        self, system: SystemFolder, directions: Sequence[str], masks: Mapping[str, Path] | None = None
    ) -> None:
        """Load the system, for these directions; ``masks``: mask file of a direction that a masked system was
        not trained in. UserError for an unknown direction, a missing mask row, or a system that does not fit.
        """
        for name in directions:
            system.mask_row(name)  # an unknown one is refused before anything is loaded
        self._languages = {name: direction_languages(name, system.languages) for name in directions}
        self._port = load(system)
        self._text = text_ids(system, self._port)
        more = masks or {}
        self._laid = {name: self._port.direction(name, more.get(name)) for name in directions}
        self.longest = self._text.longest - MARKERS

    def score(
        self,
        direction: str,
        pairs: Sequence[tuple[str, str]],
        batch_tokens: int = BATCH_TOKENS,
        count_language_tag: bool = False,
    ) -> Likelihoods:
        """Score n >= 1 pairs of (source, target), lines of raw text. Equal pairs get equal figures.
        ``batch_tokens``: most positions of a batch, padding included; it changes figures by rounding alone.
        ``count_language_tag``: as the training loss does; ``tokens`` is then one more for each pair."""
        sources, targets = zip(*pairs, strict=True)
        ids = self._text.source_text(direction, sources), self._text.target_text(direction, targets)
        encoded = list(zip(*(map(tuple, side) for side in ids), strict=True))
        cut_sources = sum(len(ids) > self.longest for ids, _ in encoded)
        encoded = [(ids[: self.longest], other) for ids, other in encoded]
        numbers: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
        for pair in encoded:
            if len(pair[1]) <= self.longest:
                numbers.setdefault(pair, len(numbers))
        sums = self._sums(direction, [*numbers], batch_tokens, count_language_tag)
        log_likelihood = np.array([sums[numbers[pair]] if pair in numbers else np.nan for pair in encoded])
        markers = 1 + (count_language_tag and self._text.tagged)
        tokens = np.array([len(ids) + markers for _, ids in encoded], dtype=np.int32)
        return Likelihoods(log_likelihood, tokens, cut_sources)

    def _sums(
        self,
        direction: str,
        pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
        batch_tokens: int,
        count_language_tag: bool,
    ) -> NDArray[np.float64]:
        """Return the log-likelihood of each pair of ids, without ``</s>``, none of them too long."""
        sums = np.full(len(pairs), np.nan)
        if not pairs:
            return sums
        task = self._port.pairs(direction, self._languages[direction], pairs)
        batches = self._port.batches(task, max(batch_tokens, self.longest + MARKERS))
        with self._laid[direction], torch.inference_mode():
            for batch in batches:
                nll, _ = self._port.loss(batch, count_language_tag)
                sums[batch.lines.numpy()] = -nll.double().cpu().numpy()
        return sums
