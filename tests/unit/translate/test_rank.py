"""fairseq's ranking on numbers worked out by hand."""

import pytest

from workflow_scripts.translate.rank import best_hypothesis, fairseq_score


def test_language_token_and_end_count_in_sum_and_length():
    # log p(tag) = -3, one word -1, end -0.5: three tokens.
    assert fairseq_score([-3.0, -1.0, -0.5], 1.0) == pytest.approx(-1.5)
    assert fairseq_score([-3.0, -1.0, -0.5], 0.0) == pytest.approx(-4.5)
    assert fairseq_score([-3.0, -1.0, -0.5, -3.5], 0.5) == pytest.approx(-4.0)


def test_an_improbable_tag_turns_the_order():
    short, long = [-4.0, -0.3, -0.3], [-4.0, -0.4, -0.4, -0.4, -0.4]
    # Without the tag -0.3 beats -0.4; with it -4.6 / 3 = -1.533 loses to -5.6 / 5 = -1.12.
    assert fairseq_score(short[1:], 1.0) > fairseq_score(long[1:], 1.0)
    assert best_hypothesis([short, long], 1.0) == 1
    assert best_hypothesis([long, short], 1.0) == 0
    assert best_hypothesis([short, long], 0.0) == 0


def test_the_first_of_equals_wins():
    assert best_hypothesis([[-1.0, -1.0], [-1.0, -1.0]], 1.0) == 0
