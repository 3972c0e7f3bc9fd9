"""LAPE in both public forms, on a table of three languages worked out by hand."""

import math

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.lape import LAMBDA, bar, entropy, lape_sets, order, rates, scores

LANGUAGES = ["de", "fr", "nl"]
# Ten positions of each language. Units: of de alone; of all alike; of de and fr; never; mostly of nl.
COUNTS = np.array([[5, 0, 0], [3, 3, 3], [6, 6, 0], [0, 0, 0], [1, 1, 8]])
P = COUNTS / 10
LN3 = math.log(3)
# Of the last unit q is .1, .1, .8: -(2 * .1 ln .1 + .8 ln .8) = .46052 + .17851.
MOSTLY_NL = 0.639032


def table(units):
    """Many units of the same five kinds, so that one percent of them is some."""
    return np.tile(P, (units // 5, 1))


def test_rates():
    counts = {"de": (np.array([5, 0]), 10), "fr": (np.array([1, 2]), 4)}
    assert rates(counts, "source").tolist() == [[0.5, 0.25], [0.0, 0.5]]


def test_one_language_is_refused():
    with pytest.raises(
        UserError, match="one source language here: en; take another score"
    ):
        rates({"en": (np.array([1]), 10)}, "source")


def test_a_language_without_text_is_refused():
    with pytest.raises(UserError, match="no position of the target language 'fr'"):
        rates({"en": (np.array([1]), 10), "fr": (np.array([0]), 0)}, "target")


def test_entropies():
    # One language: 0. All alike, and never: ln 3. Two alike: ln 2.
    assert entropy(P) == pytest.approx([0, LN3, math.log(2), LN3, MOSTLY_NL], abs=1e-6)


def test_the_bar_is_a_value_of_the_table():
    # Fifteen values, round(14.25) = 14: the fourteenth of 0 × 6, .1, .1, .3 × 3, .5, .6, .6, .8.
    assert bar(P) == 0.6
    # Ten values, 9.5 is rounded to even: the tenth. Thirty: 28.5 to 28.
    assert bar(np.arange(10).reshape(5, 2) / 10) == 0.9
    assert bar(np.arange(30).reshape(10, 3) / 100) == pytest.approx(0.27)


def test_the_order_of_both_forms():
    relative = [0, 1, math.log(2) / LN3, 1, MOSTLY_NL / LN3]
    assert order(P, "lape") == pytest.approx(relative, abs=1e-6)
    # H_3 / 3 = (1 + 1/2 + 1/3) / 3 = 11/18; largest P .5, .3, .6, 0, .8.
    shift = [LAMBDA * largest * 18 / 11 for largest in (0.5, 0.3, 0.6, 0.0, 0.8)]
    assert order(P, "lape_lambda") == pytest.approx(np.subtract(relative, shift), abs=1e-6)
    # λ = 2: the relative entropies minus 1.636364, .981818, 1.963636, 0 and 2.618182.
    expected = [-1.636364, 0.018182, -1.332706, 1.0, -2.036510]
    assert order(P, "lape_lambda", weight=2) == pytest.approx(expected, abs=1e-6)


def test_the_published_sets():
    """Of 200 units two are taken. Only P of .8 is above the bar (of 600 values the 570th is .8 itself)."""
    p = table(200)
    p[7] = [0.9, 0.0, 0.9]  # ln 2
    p[12] = [0.0, 0.95, 0.0]  # 0: the most specific
    p[13] = [0.9, 0.9, 0.9]  # ln 3: belongs to all, and is not taken
    # The units of de alone have entropy 0 too, and belong to none: they are out.
    found = lape_sets(p, LANGUAGES)
    assert {name: units.tolist() for name, units in found.items()} == {"de": [7], "fr": [12], "nl": [7]}


def test_the_published_sets_of_the_variant():
    """The variant takes units that belong to no language: those of entropy 0, of them the most active."""
    p = table(200)
    p[10], p[50], p[60] = [0.95, 0, 0], [0.7, 0, 0], [0.9, 0.9, 0.9]
    found = lape_sets(p, LANGUAGES, "lape_lambda")
    assert {name: units.tolist() for name, units in found.items()} == {"de": [10], "fr": [], "nl": []}
    # With a large λ those that are active come first, whatever their entropy.
    found = lape_sets(p, LANGUAGES, "lape_lambda", weight=20)
    assert {name: units.tolist() for name, units in found.items()} == {"de": [10, 60], "fr": [60], "nl": [60]}


@pytest.mark.parametrize(("units", "taken"), [(100, 1), (150, 2), (250, 2), (350, 4)])
def test_one_percent_is_rounded_to_even(units, taken):
    p = np.zeros((units, 2))
    p[:6, 0] = 0.5  # at most 3 % of the values: the bar is 0
    assert len(lape_sets(p, ["de", "fr"])["de"]) == taken


def test_scores_take_a_languages_own_units_first():
    p = np.array([[0.2, 0.0], [0.9, 0.8], [0.9, 0.0], [0.0, 0.0], [0.3, 0.1]] + [[0.0, 0.0]] * 5)
    # Of twenty values the nineteenth is .9 (two are): nothing is above it, so lower one.
    p[1, 0] = 0.85
    found, member = scores(p, "lape")
    assert member[:, 0].tolist() == [False, False, True] + [False] * 7 and not member[:, 1].any()
    # fr has no units: 0 and 2 (entropy 0), 4 (of .75 and .25), 1 (nearly alike), and those never active.
    assert np.argsort(-found[:, 1], kind="stable").tolist() == [0, 2, 4, 1, 3, 5, 6, 7, 8, 9]
    # de takes its own unit first, though unit 0 has the same entropy and a lower index.
    assert np.argsort(-found[:, 0], kind="stable").tolist() == [2, 0, 4, 1, 3, 5, 6, 7, 8, 9]
    assert np.isfinite(found).all()


def test_a_unit_of_a_language_precedes_all_others_whatever_its_entropy():
    p = np.zeros((20, 2))
    p[0], p[1], p[2] = [0.5, 0.0], [0.9, 0.9], [0.4, 0.0]
    # Forty values: the 38th is .5; above it is unit 1 alone, whose entropy is the largest there is.
    for form in ("lape", "lape_lambda"):
        found, member = scores(p, form)
        assert member.sum() == 2 and found[:, 0].argmax() == 1
