"""evaluate.significance.resampling: tests worked out by hand, and against sacrebleu's own on real text."""

import gzip
import math
import random
from pathlib import Path

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from tests.bench.noisy_outputs import noisy
from workflow_scripts.common.metric_names import SHOWN
from workflow_scripts.evaluate.metrics import Scoring, scorer_of
from workflow_scripts.evaluate.significance import resampling
from workflow_scripts.evaluate.significance.resampling import compare, interval, p_value

TEXT = Path(__file__).parents[3] / "docs/results/hypotheses/multi30k/baseline/en-de.txt.gz"
SEED = 12345
LINES = 300


def mean_of(*sentences):
    """A metric whose corpus score is the mean of its sentences' scores."""
    return {"m": np.array(sentences)[:, None]}


def test_worked_by_hand():
    # Three sentences; the system is better by 4, 1 and 1: by 2 on average. What the seed draws:
    chosen = [[2, 0, 2], [0, 0, 2], [1, 2, 2], [1, 2, 0], [1, 1, 0], [0, 0, 2]]
    swapped = [[1, 0, 1], [1, 1, 0], [0, 1, 1], [0, 0, 0], [0, 0, 1], [1, 1, 1]]
    assert np.random.default_rng(SEED).choice(3, size=(6, 3)).tolist() == chosen
    assert np.random.default_rng(SEED).integers(2, size=(6, 3), dtype=bool).astype(int).tolist() == swapped
    found = compare(mean_of(7, 3, 5), mean_of(3, 2, 4), {"m": scorer_of("m", 1)}, 6, SEED)["m"]
    assert (found.difference, found.n) == (2, 3)
    # Means of the six resamples' differences: 2 3 1 2 2 3. Their mean is 13/6; none is 2 or more above it.
    assert found.p_bootstrap == 1 / 7
    assert (found.low, found.high) == pytest.approx((1, 3))
    assert found.sentence_sd == pytest.approx(math.sqrt((31 - 169 / 6) / 5))
    # With the signs of the swapped sentences turned: -4/3, -4/3, 2/3, 2, 4/3, -2. Two are as far from 0 as 2.
    assert found.p_randomisation == 3 / 7


def test_another_seed_worked_by_hand():
    # The same sentences as above, with what this seed draws.
    chosen = [[2, 1, 2], [2, 1, 2], [2, 0, 0], [0, 0, 2], [2, 0, 1], [2, 0, 2]]
    swapped = [[1, 1, 0], [1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 0]]
    assert np.random.default_rng(7).choice(3, size=(6, 3)).tolist() == chosen
    assert np.random.default_rng(7).integers(2, size=(6, 3), dtype=bool).astype(int).tolist() == swapped
    found = compare(mean_of(7, 3, 5), mean_of(3, 2, 4), {"m": scorer_of("m", 1)}, 6, 7)["m"]
    # Resamples: 1 1 3 3 2 2; their squares add up to 28, and their mean is 2.
    assert found.sentence_sd == pytest.approx(math.sqrt((28 - 6 * 4) / 5))
    # Signs turned: -4/3, -2/3, 4/3, -4/3, 4/3, 4/3. None is as far from 0 as 2.
    assert found.p_randomisation == 1 / 7


def test_p_counts_what_is_as_extreme():
    assert p_value(np.array([0.5, 2.0, 2.0 - 1e-12, 3.0]), 2.0) == 4 / 5


def test_interval_leaves_a_fortieth_on_either_side():
    # Of 0 … 79 two are left out on either side.
    assert interval(np.arange(80.0)[::-1]) == (2.0, 77.0)


@pytest.fixture(scope="module")
def outputs():
    """Real text with noise: two alike in quality, one better, one the first with a tenth of that."""
    text = gzip.decompress(TEXT.read_bytes()).decode().splitlines()[:LINES]
    made = {
        name: [noisy(line, rate, random.Random(f"{number} {name}")) for number, line in enumerate(text)]
        for name, rate in (("one", 0.3), ("alike", 0.3), ("better", 0.24))
    }
    # A tenth of the better one's sentences is the first's.
    made["little"] = [x if i % 10 else made["better"][i] for i, x in enumerate(made["one"])]
    return text, made


def statistics(outputs, system, metrics=("bleu", "chrf", "chrf2", "ter")):
    text, made = outputs
    return {name: Scoring(name, text).statistics(made[system]) for name in metrics}


def compared(outputs, system, other, resamples=400, metrics=("bleu", "chrf", "chrf2", "ter")):
    ours, theirs = (statistics(outputs, name, metrics) for name in (system, other))
    scorers = {name: scorer_of(name, array.shape[1]) for name, array in ours.items()}
    return compare(ours, theirs, scorers, resamples, SEED)


@pytest.mark.parametrize("system", ["alike", "better", "little"])
def test_p_values_are_sacrebleus_own(outputs, system, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", str(SEED))
    text, made = outputs
    found = compared(outputs, system, "one")
    # What is exactly as extreme as the observed left out, as sacrebleu does.
    monkeypatch.setattr(resampling, "TOLERANCE", -1e-9)
    strict = compared(outputs, system, "one")
    metrics = {"bleu": BLEU(), "chrf": CHRF(word_order=2), "chrf2": CHRF(), "ter": TER()}
    for kind, field in (("bs", "p_bootstrap"), ("ar", "p_randomisation")):
        named = [("one", made["one"]), (system, made[system])]
        _, theirs = PairedTest(named, metrics, [text], kind, 400)()
        for name, their_name in SHOWN.items():
            result = theirs[their_name][1]
            assert getattr(strict[name], field) == result.p_value
            assert found[name].difference == result.score - theirs[their_name][0].score
            # BLEU and chrF hardly ever tie; edits do, since they are few whole numbers.
            p = getattr(found[name], field)
            assert p >= result.p_value if name == "ter" else p == result.p_value


def test_a_better_system_is_found_and_one_as_good_is_not(outputs):
    better, alike = compared(outputs, "better", "one"), compared(outputs, "alike", "one")
    for metric in ("bleu", "chrf", "ter"):
        assert better[metric].p_bootstrap < 0.01 and better[metric].p_randomisation < 0.01
        assert alike[metric].p_randomisation > 0.05
    assert better["bleu"].low > 0 and better["ter"].high < 0
    # An interval of 95 % is about four standard deviations.
    assert better["bleu"].sentence_sd == pytest.approx(
        (better["bleu"].high - better["bleu"].low) / 4, rel=0.15
    )


def test_a_permuted_system_is_not_significant(outputs):
    """Which system a sentence is from is tossed: what is left is chance."""
    ours, theirs = (statistics(outputs, name) for name in ("better", "one"))
    coins = np.random.default_rng(7).integers(2, size=(LINES, 1), dtype=bool)
    mixed = {name: np.where(coins, ours[name], theirs[name]) for name in ours}
    rest = {name: np.where(coins, theirs[name], ours[name]) for name in ours}
    scorers = {name: scorer_of(name, array.shape[1]) for name, array in ours.items()}
    for found in compare(mixed, rest, scorers, 400, SEED).values():
        assert found.p_bootstrap > 0.05 and found.p_randomisation > 0.05
        assert found.low < 0 < found.high


def test_identical_systems_are_ties(outputs):
    for found in compared(outputs, "one", "one").values():
        assert (found.difference, found.low, found.high, found.sentence_sd) == (0, 0, 0, 0)
        assert (found.p_bootstrap, found.p_randomisation) == (1, 1)


def test_one_sentence_is_no_evidence():
    # Whichever way it falls, the difference is as large: sacrebleu's "more extreme" would say 1 / 401.
    found = compare(mean_of(*[0.5] * 99, 0.9), mean_of(*[0.5] * 100), {"m": scorer_of("m", 1)}, 400, SEED)[
        "m"
    ]
    assert found.p_randomisation == 1


def test_a_models_scores_go_through_the_same_tests():
    draw = np.random.default_rng(1)
    base = draw.normal(0.8, 0.1, size=(500, 1))
    ours = base + draw.normal(0.01, 0.02, size=(500, 1))
    scorers = {"comet": scorer_of("comet", 1)}
    found = compare({"comet": ours}, {"comet": base}, scorers, 1000, SEED)["comet"]
    # A paired mean: its standard error is 0.02 / sqrt(500).
    assert found.sentence_sd == pytest.approx(0.02 / math.sqrt(500), rel=0.1)
    assert found.p_bootstrap < 0.01 and found.p_randomisation < 0.01


def test_the_order_of_blocks_changes_nothing(outputs, monkeypatch):
    """Random numbers drawn by rows are those drawn at once, as sacrebleu does."""
    before = compared(outputs, "alike", "one", metrics=("bleu",))
    monkeypatch.setattr(resampling, "ROWS", 32)
    assert compared(outputs, "alike", "one", metrics=("bleu",)) == before
    chosen = np.random.default_rng(SEED).choice(601, size=(96, 601))
    counts = [
        row for _, block in resampling._in_blocks(96, 601, resampling._counts(SEED, 601)) for row in block
    ]
    assert np.array_equal(counts, [np.bincount(row, minlength=601) for row in chosen])
    coins = [
        row for _, block in resampling._in_blocks(96, 601, resampling._coins(SEED, 601)) for row in block
    ]
    assert np.array_equal(coins, np.random.default_rng(SEED).integers(2, size=(96, 601), dtype=bool))


def test_another_seed_makes_other_resamples(outputs):
    ours, theirs = (statistics(outputs, name, ("bleu",)) for name in ("alike", "one"))
    scorers = {"bleu": scorer_of("bleu", 10)}
    first, again, other = (compare(ours, theirs, scorers, 200, seed)["bleu"] for seed in (1, 1, 2))
    assert first == again
    assert first.difference == other.difference
    # Both tests draw by the seed.
    assert first.sentence_sd != other.sentence_sd
    assert first.p_randomisation != other.p_randomisation


def test_statistics_of_other_numbers_of_sentences_are_refused():
    with pytest.raises(ValueError, match="not all statistics are of the same sentences"):
        compare(mean_of(1, 2), mean_of(1, 2, 3), {"m": scorer_of("m", 1)}, 6, SEED)
