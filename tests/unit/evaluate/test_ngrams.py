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


@pytest.mark.parametrize(
    ("references", "orders", "hypotheses", "matches"),
    [
        # First: b twice as there, a four times but three there; "b a", "a b", "b a b" match, "a a" does not.
        # Second: both words, but "b a" is only in the first reference. Third: nothing to match.
        (["ababa", "ab", ""], 3, ["babcaaa", "ba", "ab"], [[5, 2, 1], [2, 0, 0], [0, 0, 0]]),
        # As often as in the reference: "a a" three times there, twice in the hypothesis; the other way round.
        (["aaaa"], 2, ["aaa"], [[3, 2]]),
        (["aaa"], 2, ["aaaa"], [[3, 2]]),
        # None crosses from a sentence to the next: "b c" would be one in the references' row of tokens.
        (["ab", "cd"], 2, ["xa", "bc"], [[1, 0], [1, 0]]),
        (["ab", "cb"], 2, ["b", "bc"], [[1, 0], [2, 0]]),
        (["ab", "cb"], 2, ["abc", "cb"], [[2, 1], [2, 1]]),
        (["", ""], 2, ["", "a"], [[0, 0], [0, 0]]),
        (["ab", "c"], 2, ["", ""], [[0, 0], [0, 0]]),
    ],
    ids=["all", "twice", "often", "crosses", "crosses-back", "crosses-over", "no-reference", "no-hypothesis"],
)
def test_matches_worked_by_hand(references, orders, hypotheses, matches):
    assert ReferenceNGrams(references, orders).matches(hypotheses).tolist() == matches
    words = [[list(text) for text in texts] for texts in (references, hypotheses)]
    assert ReferenceNGrams(words[0], orders).matches(words[1]).tolist() == matches


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
