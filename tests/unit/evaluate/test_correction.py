"""correction: Holm and Benjamini-Hochberg on tables worked out by hand; wins, losses and ties."""

import math
import subprocess
import sys

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.significance.correction import (
    correct,
    count_outcomes,
    holm,
    outcome,
    resamples_needed,
)


@pytest.mark.parametrize(
    ("p", "p_holm", "p_bh"),
    [
        # Sorted: 0.005, 0.01, 0.03, 0.04. Holm times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04; none below the last.
        # Benjamini-Hochberg times 4/1, 4/2, 4/3, 4/4: 0.02, 0.02, 0.04, 0.04; none above the one after it.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02], [0.02, 0.04, 0.04, 0.02]),
        # Holm: 0.4 * 3 = 1.2, and from there on 1. Benjamini-Hochberg: 1.2, 0.9 and 0.8, so 0.8 for all.
        ([0.6, 0.4, 0.8], [1.0, 1.0, 1.0], [0.8, 0.8, 0.8]),
        ([0.03], [0.03], [0.03]),
        ([], [], []),
    ],
    ids=["four", "at-most-one", "one", "none"],
)
def test_corrections_worked_by_hand(p, p_holm, p_bh):
    found = correct(p)
    assert (found.p_holm, found.p_bh) == (pytest.approx(p_holm), pytest.approx(p_bh))


def test_holm_by_hand_with_one_undefined():
    found = holm([0.04, math.nan, 0.01, 0.03])
    # Of three tests: 3 · 0.01, 2 · 0.03, and 0.04 raised to that of the one before.
    assert found[0] == found[3] == 0.06 and found[2] == 0.03 and math.isnan(found[1])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == [] and math.isnan(holm([math.nan])[0])


def test_holm_is_that_of_a_library():
    # Ties among them, and some that reach 1.
    p_values = np.round(np.random.default_rng(1).random(200) ** 4, 3).tolist()
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-15)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_no_p_value(p):
    with pytest.raises(ValueError, match="is no p-value"):
        correct([0.5, p])


@pytest.mark.parametrize(
    ("difference", "p", "metric", "level", "said"),
    [
        (1.2, 0.05, "bleu", 0.05, "win"),
        (-1.2, 0.05, "bleu", 0.05, "loss"),
        (-1.2, 0.05, "ter", 0.05, "win"),
        (1.2, 0.05, "ter", 0.05, "loss"),
        (0.01, 0.001, "wmt22-comet-da", 0.05, "win"),
        (1.2, 0.0501, "bleu", 0.05, "tie"),
        (1.2, 0.04, "bleu", 0.01, "tie"),
        (0.0, 0.001, "bleu", 0.05, "tie"),
    ],
)
def test_outcomes_follow_the_metric(difference, p, metric, level, said):
    assert outcome(difference, p, metric, level=level) == said


def test_holm_decides_fewer_than_the_uncorrected():
    differences, p_values = [1.0, -2.0, 0.5, 3.0], [0.01, 0.04, 0.03, 0.005]
    corrected = correct(p_values).p_holm
    found = [outcome(d, p, "bleu") for d, p in zip(differences, corrected, strict=True)]
    assert found == ["win", "tie", "tie", "win"]
    assert count_outcomes(found) == {"win": 2, "loss": 0, "tie": 2}
    plain = [outcome(d, p, "bleu") for d, p in zip(differences, p_values, strict=True)]
    assert count_outcomes(plain) == {"win": 3, "loss": 1, "tie": 0}


def test_a_job_that_corrects_nothing_imports_no_statistics():
    code = "import sys, workflow_scripts.evaluate.significance.correction as _"
    code += "; assert 'statsmodels' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("tests", "level", "resamples"), [(60, 0.05, 12_000), (6, 0.05, 1_200), (1, 0.01, 1_000), (0, 0.05, 0)]
)
def test_the_strictest_threshold_is_ten_resamples_wide(tests, level, resamples):
    assert resamples_needed(tests, level) == resamples


def test_a_level_that_is_none():
    with pytest.raises(UserError, match=r"--level is 5\.0, a number between 0 and 1 is needed"):
        resamples_needed(60, 5.0)
