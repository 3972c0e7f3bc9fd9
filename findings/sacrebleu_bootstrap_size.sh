#!/bin/sh
# Versions: sacrebleu 2.6.0, numpy 2.4.6, Python 3.11.
# Guess: of pairs of systems that do not differ, the paired bootstrap calls about 5 % different at p < 0.05, as the
#   approximate randomisation does.
# Behaviour: it calls about one in ten different, twice its level; the randomisation keeps to its own.
# Output seen (600 pairs, 60 sentences, 200 resamples, both tests on the same pairs):
#   bootstrap 0.093 randomisation 0.033
# Here: wins and losses are decided by the randomisation; both p-values stand in the tables.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q sacrebleu==2.6.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY' 2>"$folder/said" || { cat "$folder/said"; exit 1; }
import random

from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

PAIRS, SENTENCES, RESAMPLES, LEVEL = 600, 60, 200, 0.05
draw = random.Random(1)
words = [f"w{number}" for number in range(200)]


def system(references):
    """Every word right with probability 0.8, else any word: two such systems differ by chance alone."""
    sentences = (line.split() for line in references)
    return [" ".join(w if draw.random() < 0.8 else draw.choice(words) for w in line) for line in sentences]


rejected = {"bs": 0, "ar": 0}
for _ in range(PAIRS):
    references = [" ".join(draw.choices(words, k=12)) for _ in range(SENTENCES)]
    systems = [("one", system(references)), ("two", system(references))]
    for kind in rejected:
        test = PairedTest(systems, {"BLEU": BLEU()}, [references], test_type=kind, n_samples=RESAMPLES)
        rejected[kind] += test()[1]["BLEU"][1].p_value < LEVEL
bootstrap, randomisation = rejected["bs"] / PAIRS, rejected["ar"] / PAIRS
print(f"bootstrap {bootstrap:.3f} randomisation {randomisation:.3f}")
assert 0.02 < randomisation < 0.07 and bootstrap > 0.08, "the behaviour has changed"
PY
