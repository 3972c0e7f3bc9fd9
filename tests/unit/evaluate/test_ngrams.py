"""evaluate.ngrams: counts worked out by hand, and against sacrebleu's own on real text of several scripts."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from tests.bench.noisy_outputs import noisy
from workflow_scripts.evaluate.ngrams import BleuStatistics, ChrfStatistics, ReferenceNGrams, totals

HYPOTHESES = Path(__file__).parents[3] / "docs/results/hypotheses"


def test_matches_worked_by_hand():
    references = [["a", "b", "a", "b", "a"], ["a", "b"], []]
    hypotheses = [["b", "a", "b", "c", "a", "a", "a"], ["b", "a"], ["a", "b"]]
    # First: b twice as there, a four times but three there; "b a", "a b" match, "a a" does not; "b a b" does.
    # Second: both words, but "b a" is only in the first reference. Third: nothing to match.
    assert ReferenceNGrams(references, 3).matches(hypotheses).tolist() == [[5, 2, 1], [2, 0, 0], [0, 0, 0]]


def test_an_ngram_counts_as_often_as_in_the_reference():
    # "a a" three times in the reference, twice in the hypothesis, and the other way round.
    assert ReferenceNGrams(["a" * 4], 2).matches(["a" * 3]).tolist() == [[3, 2]]
    assert ReferenceNGrams(["a" * 3], 2).matches(["a" * 4]).tolist() == [[3, 2]]


def test_no_ngram_crosses_from_a_sentence_to_the_next():
    assert ReferenceNGrams(["ab", "cd"], 2).matches(["xa", "bc"]).tolist() == [[1, 0], [1, 0]]
    # "b c" would be one in the references' row of tokens.
    assert ReferenceNGrams(["ab", "cb"], 2).matches(["b", "bc"]).tolist() == [[1, 0], [2, 0]]
    assert ReferenceNGrams(["ab", "cb"], 2).matches(["abc", "cb"]).tolist() == [[2, 1], [2, 1]]


def test_nothing_at_all():
    assert ReferenceNGrams(["", ""], 2).matches(["", "a"]).tolist() == [[0, 0], [0, 0]]
    assert ReferenceNGrams(["ab", "c"], 2).matches(["", ""]).tolist() == [[0, 0], [0, 0]]


def test_totals():
    assert totals(np.array([0, 1, 5]), 3).tolist() == [[0, 0, 0], [1, 0, 0], [5, 4, 3]]


ODD = [
    "«Guten Tag», sagte er. (Ja!)",
    "",
    "a",
    "ab",
    "!",
    "!!",
    "1,000.50 Euro — 5%",
    "x\u2028y\u3000z\tw",
    "नमस्ते दुनिया, कैसे हैं?",
    "我们昨天去北京了。",
    "שלום, עולם",
    "ሰላም ለዓለም።",
    "😀😀 e\u0301 \u200bx",
    "aaaaaaaaaaaaaaaa",
    "no no no no no no no no",
    "&quot;so&quot; &lt;&lt;unk&gt;&gt; <<unk>>",
]


def samples():
    """Hypotheses and references: every odd line against every other, and real text with noise."""
    pairs = [(one, two) for one in ODD for two in ODD]
    found = [([one for one, _ in pairs], [two for _, two in pairs])]
    for name in ("multi30k/baseline/en-de", "multi30k/baseline/en-cs", "toy60/ns-k95/en-di"):
        lines = gzip.decompress((HYPOTHESES / f"{name}.txt.gz").read_bytes()).decode().splitlines()[:300]
        found.append(([noisy(line, 0.3, random.Random(line)) for line in lines], lines))
    return found


@pytest.mark.parametrize("tokenizer", ["13a", "none", "char", "zh", "intl"])
def test_bleu_counts_what_sacrebleu_counts(tokenizer):
    for hypotheses, references in samples():
        metric = BLEU(tokenize=tokenizer, force=True)
        theirs = metric._extract_corpus_statistics(hypotheses, [references])
        assert BleuStatistics(metric, references)(hypotheses).tolist() == theirs


@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_counts_what_sacrebleu_counts(word_order):
    for hypotheses, references in samples():
        metric = CHRF(word_order=word_order)
        theirs = metric._extract_corpus_statistics(hypotheses, [references])
        assert ChrfStatistics(metric, references)(hypotheses).tolist() == theirs
