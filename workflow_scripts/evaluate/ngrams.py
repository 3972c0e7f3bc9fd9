"""n-grams that hypotheses share with their references, counted for all sentences at once.

The integers are those of sacrebleu (a test compares them), in a third of the time. An n-gram of a reference
is a pair: the number of the (n-1)-gram that it begins with, and its last token; a hypothesis's n-gram is
looked up only if the one that it begins with was found.
"""

from collections.abc import Hashable, Sequence
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU, CHRF

Sentences = Sequence[Sequence[Hashable]]
Integers = NDArray[np.int64]
UNKNOWN = -1


class ReferenceNGrams:
    """The n-grams of n references up to an order, each reference's own."""

    def __init__(self, references: Sentences, order: int) -> None:
        """Count those of ``references`` [n sentences of tokens]; ``order`` is the largest n."""
        self.order = order
        self.lengths = np.array([len(tokens) for tokens in references], dtype=np.int64)
        self._numbers: dict[Hashable, int] = {}
        for token in chain.from_iterable(references):
            self._numbers.setdefault(token, len(self._numbers))
        tokens, ends, place = self._laid_out(references, self.lengths)
        #: For each order: the n-grams as sorted keys, how often each occurs, and in which reference.
        self._levels: list[tuple[Integers, Integers, Integers]] = []
        # Where n-grams begin, and the numbers of those shorter by a token (at first the sentence's).
        starts, ranks = np.arange(len(ends)), place
        for n in range(1, order + 1):
            there = starts + n <= ends[starts]
            starts, ranks = starts[there], ranks[there]
            keys = self._keys(ranks, tokens[starts + n - 1])
            unique, ranks, counts = np.unique(keys, return_inverse=True, return_counts=True)
            sentences = np.empty(len(unique), dtype=np.int64)
            sentences[ranks] = place[starts]
            self._levels.append((unique, counts, sentences))

    def matches(self, hypotheses: Sentences) -> Integers:
        """Return how many n-grams each of n hypotheses has in common with its reference, [n, order]. One that
        occurs more often than in the reference counts as often as there."""
        lengths = np.array([len(tokens) for tokens in hypotheses], dtype=np.int64)
        found = np.zeros((len(lengths), self.order), dtype=np.int64)
        tokens, ends, ranks = self._laid_out(hypotheses, lengths)
        starts = np.arange(len(ends))
        for n, (unique, counts, sentences) in enumerate(self._levels, start=1):
            if not len(unique):
                break
            there = (starts + n <= ends[starts]) & (tokens[starts + n - 1] != UNKNOWN)
            starts, ranks = starts[there], ranks[there]
            keys = self._keys(ranks, tokens[starts + n - 1])
            ranks = np.minimum(np.searchsorted(unique, keys), len(unique) - 1)
            known = unique[ranks] == keys
            starts, ranks = starts[known], ranks[known]
            shared = np.minimum(np.bincount(ranks, minlength=len(unique)), counts)
            found[:, n - 1] = np.bincount(sentences, weights=shared, minlength=len(lengths))
        return found

    def _keys(self, ranks: Integers, tokens: Integers) -> Integers:
        return ranks * (len(self._numbers) + 1) + tokens

    def _laid_out(self, sentences: Sentences, lengths: Integers) -> tuple[Integers, Integers, Integers]:
        """Return all tokens in a row, and for each the end of its sentence and the sentence."""
        total = int(lengths.sum())
        numbers = map(self._numbers.get, chain.from_iterable(sentences), repeat(UNKNOWN))
        # Behind the last sentence is nothing that could match.
        flat = np.full(total + self.order, UNKNOWN, dtype=np.int64)
        flat[:total] = np.fromiter(numbers, dtype=np.int64, count=total)
        ends = np.repeat(lengths.cumsum(), lengths)
        return flat, ends, np.repeat(np.arange(len(lengths)), lengths)


def totals(lengths: Integers, order: int) -> Integers:
    """Return how many n-grams sentences of these lengths [n] have, [n, order]."""
    return np.maximum(lengths[:, None] - np.arange(order), 0)


class BleuStatistics:
    """BLEU's statistics: hypothesis's and reference's length, matches, totals; [n, 2 + 2 * order]."""

    def __init__(self, metric: BLEU, references: Sequence[str]) -> None:
        """Prepare n references as ``metric`` does."""
        self._metric = metric
        self._ngrams = ReferenceNGrams(self._words(references), metric.max_ngram_order)

    def __call__(self, hypotheses: Sequence[str]) -> Integers:
        """Return the statistics of n hypotheses."""
        words = self._words(hypotheses)
        lengths = np.array([len(line) for line in words], dtype=np.int64)
        both = np.stack([lengths, self._ngrams.lengths], axis=1)
        return np.hstack([both, self._ngrams.matches(words), totals(lengths, self._ngrams.order)])

    def _words(self, lines: Sequence[str]) -> list[list[str]]:
        return [self._metric._preprocess_segment(line).split() for line in lines]


class ChrfStatistics:
    """chrF's statistics: of each order hypothesis's, reference's and shared n-grams; [n, 3 * orders]."""

    def __init__(self, metric: CHRF, references: Sequence[str]) -> None:
        """Prepare n references as ``metric`` does."""
        self._metric = metric
        orders = (metric.char_order, metric.word_order)
        prepared = zip(self._split(references), orders, strict=True)
        self._ngrams = [ReferenceNGrams(sentences, order) for sentences, order in prepared if order]

    def __call__(self, hypotheses: Sequence[str]) -> Integers:
        """Return the statistics of n hypotheses."""
        parts = []
        # Without an order of words there are n-grams of characters alone.
        for ngrams, sentences in zip(self._ngrams, self._split(hypotheses), strict=False):
            lengths = np.array([len(one) for one in sentences], dtype=np.int64)
            theirs = totals(ngrams.lengths, ngrams.order)
            # What the reference has none of is not counted in the hypothesis either.
            ours = np.where(theirs > 0, totals(lengths, ngrams.order), 0)
            # [n, order, 3], and these side by side.
            counts = np.stack([ours, theirs, ngrams.matches(sentences)], axis=2)
            parts.append(counts.reshape(len(lengths), -1))
        return np.hstack(parts)

    def _split(self, lines: Sequence[str]) -> tuple[Sentences, Sentences]:
        """Return the characters without blanks, and the words with punctuation apart."""
        prepared = [self._metric._preprocess_segment(line) for line in lines]
        words = [self._metric._remove_punctuation(line) for line in prepared]
        return ["".join(line.split()) for line in prepared], words
