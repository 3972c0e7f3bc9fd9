"""sacrebleu's metrics: BLEU, chrF2++, chrF2 and TER, by sentences and over a corpus.

Sufficient statistics of sentences add up, so a resampled corpus needs no text. They are int32 [n, d]; d is 2
+ 2 * 4 for BLEU, 3 * (6 + 2) for chrF2++, 3 * 6 for chrF2 and 2 for TER. Every formula is sacrebleu's own.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.base import Metric

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.files import sha256_of
from workflow_scripts.common.metric_names import asked_name
from workflow_scripts.evaluate.ngrams import BleuStatistics, ChrfStatistics
from workflow_scripts.evaluate.significance.scorer import Scorer, mean_score

DEFAULT_TOKENIZER = "13a"  # sacrebleu's default, the one the paper's scores were made with
CHRF_WORD_ORDER = 2  # chrF2++ is chrF2 with word bigrams (Popović 2017)
METRICS: dict[str, Callable[[str], Metric]] = {
    "bleu": lambda tokenizer: BLEU(tokenize=tokenizer),
    "chrf": lambda _: CHRF(word_order=CHRF_WORD_ORDER),
    "chrf2": lambda _: CHRF(),
    "ter": lambda _: TER(),
}
#: Tokenizers that need a package of their own.
PACKAGES = {"ja-mecab": "MeCab", "ko-mecab": "mecab_ko"}
#: Sentences counted at a time: their n-grams take a hundred megabytes.
BLOCK = 2000


class Scoring:
    """One metric on one direction: its references are prepared once, however many systems are scored.

    Sentences are counted in blocks, which bounds the memory. sacrebleu has no public way to its statistics.
    What is taken from inside of it, here and in ``ngrams``, is listed in
    tests/unit/evaluate/test_sacrebleu_inside.py; look there before raising the pin.
    """

    def __init__(
        self,
        name: str,
        references: Sequence[str],
        tokenizer: str = DEFAULT_TOKENIZER,
        further: Sequence[Sequence[str]] = (),
    ) -> None:
        """Take ``n`` references, and ``further`` sets of as many. Raises UserError: unknown metric or
        tokenizer, or one that lacks its package or model."""
        self.name = name
        self.metric = make_metric(name, tokenizer)
        model = model_of(tokenizer) if isinstance(self.metric, BLEU) else None
        self.model_sha256 = sha256_of(model) if model else ""
        self._references = [references, *further]
        # Part of the signature, and known to sacrebleu only where it counts itself.
        self.metric.num_refs = len(self._references)

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[Any]:
        """Return the sufficient statistics, int32 [n, d], of ``n`` hypotheses in the references' order."""
        return self.statistics_of({"": hypotheses})[""]

    def statistics_of(self, hypotheses: Mapping[str, Sequence[str]]) -> dict[str, NDArray[Any]]:
        """Return the statistics of several systems. TER's second number is the mean length of several
        references: those are float64, all others whole."""
        blocks: dict[str, list[NDArray[Any]]] = {system: [] for system in hypotheses}
        for start in range(0, len(self._references[0]), BLOCK):
            rows = slice(start, start + BLOCK)
            extract = self._extractor([references[rows] for references in self._references])
            for system, lines in hypotheses.items():
                blocks[system].append(self._checked(np.asarray(extract(lines[rows]))))
        return {system: np.concatenate(parts) for system, parts in blocks.items()}

    def _extractor(self, references: Sequence[Sequence[str]]) -> Callable[[Sequence[str]], Any]:
        if len(references) == 1 and isinstance(self.metric, BLEU):
            return BleuStatistics(self.metric, references[0])
        if len(references) == 1 and isinstance(self.metric, CHRF):
            return ChrfStatistics(self.metric, references[0])
        self.metric._ref_cache = self.metric._cache_references([list(one) for one in references])
        return lambda hypotheses: self.metric._extract_corpus_statistics(list(hypotheses), None)

    def _checked(self, found: NDArray[Any]) -> NDArray[Any]:
        if isinstance(self.metric, TER) and len(self._references) > 1:
            return found.astype(np.float64)
        whole = found.astype(np.int32)
        if (whole != found).any():
            raise ValueError(f"{self.name}: counts of a sentence are no whole numbers")
        return whole

    def score(self, statistics: NDArray[Any]) -> float:
        """Return the corpus score, 0-100 (TER may exceed it), of statistics [n, d]."""
        if np.issubdtype(statistics.dtype, np.integer):
            return corpus_score(self.metric, statistics.sum(axis=0, dtype=np.int64))
        # In sacrebleu's own order, or the last digit may be another.
        return corpus_score(self.metric, np.array([sum(column.tolist()) for column in statistics.T]))

    @property
    def signature(self) -> str:
        """sacrebleu's signature, which says how the score came to be.

        sacrebleu takes any file for a tokenizer's model and calls it by the tokenizer's name. So the first
        digits of its SHA-256 are added, and scores by different models have different signatures.
        """
        signature = str(self.metric.get_signature())
        return f"{signature}|spm:{self.model_sha256[:8]}" if self.model_sha256 else signature


def corpus_score(metric: Metric, sums: NDArray[Any]) -> float:
    """Return sacrebleu's score of summed statistics [d]."""
    # Of Python's own numbers, as sacrebleu sums them: the same to the last bit.
    return float(metric._compute_score_from_stats(sums.tolist()).score)


def make_metric(name: str, tokenizer: str = DEFAULT_TOKENIZER) -> Metric:
    """Return sacrebleu's metric; only BLEU needs a tokenizer. Raises UserError: unknown metric or tokenizer,
    or one that lacks its package or model."""
    if name not in METRICS:
        known = [asked_name(metric) for metric in METRICS]
        raise UserError(f"--metrics: no {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    check_tokenizer(tokenizer)
    try:
        return METRICS[name](tokenizer)
    except (ImportError, RuntimeError) as error:  # a tokenizer whose own package is absent
        raise UserError(f"--tokenizers: {tokenizer}: {' '.join(str(error).split())}") from None


def check_tokenizer(tokenizer: str) -> None:
    """Refuse a tokenizer that sacrebleu does not know, or whose sentencepiece model is not at hand.

    sacrebleu would fetch the model, in the middle of a job and by each of them. Raises UserError: what is
    missing, and where it is to be laid.
    """
    if tokenizer not in BLEU.TOKENIZERS:
        raise UserError(
            f"--tokenizers: sacrebleu has no {tokenizer!r}{nearest(tokenizer, BLEU.TOKENIZERS)}; "
            f"it has {', '.join(BLEU.TOKENIZERS)}"
        )
    if tokenizer in PACKAGES and find_spec(PACKAGES[tokenizer]) is None:
        raise UserError(
            f"--tokenizers: {tokenizer} needs the package {PACKAGES[tokenizer]}, which this environment does "
            "not have; use char, which needs none"
        )
    model = model_of(tokenizer)
    if model and not model.is_file():
        raise UserError(
            f"--tokenizers: {tokenizer} needs the model {model}, which is not there: fetch "
            f"{_models()[tokenizer]['url']} to it where there is internet (or name its folder's parent in "
            "SACREBLEU), or use char"
        )


def _models() -> dict[str, dict[str, str]]:
    from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS

    return dict(SPM_MODELS)


def model_of(tokenizer: str) -> Path | None:
    """Return the sentencepiece model that a tokenizer reads; None of those that read none."""
    from sacrebleu.tokenizers.tokenizer_spm import SACREBLEU_DIR

    known = _models().get(tokenizer)
    return Path(SACREBLEU_DIR, "models", known["url"].rpartition("/")[2]) if known else None


def scorer_of(name: str, columns: int) -> Scorer:
    """Return what makes a corpus score of summed statistics [d]; of an unknown metric the mean. Raises
    UserError: the metric has other statistics than ``columns`` (d)."""
    if name not in METRICS:
        if columns != 1:
            raise UserError(f"{name}: {columns} numbers a sentence, expected 1 (the sentence's score)")
        return mean_score
    metric = METRICS[name]("none")  # text is tokenised already
    expected = np.asarray(metric._extract_corpus_statistics(["a"], [["a"]])).shape[1]
    if columns != expected:
        raise UserError(f"{name}: {columns} numbers a sentence, expected {expected}")
    return lambda sums, n: corpus_score(metric, sums)
