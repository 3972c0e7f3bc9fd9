"""Random draws: their range, and where a value stands."""

import pytest

from workflow_scripts.analyse.random_draws import Draws


def test_the_range_of_a_further_draw():
    """Of 1 … 5: mean 3, sd 1.581139, t 2.776445; times sqrt(6 / 5) is 4.808943."""
    draws = Draws.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (draws.mean, draws.sd) == (3.0, pytest.approx(1.581139))
    assert (draws.low, draws.high) == (pytest.approx(-1.808943), pytest.approx(7.808943))
    assert [draws.place(value) for value in (-1.9, 0.0, 7.8, 7.9)] == ["below", "within", "within", "above"]
    assert [draws.fewer(value) for value in (1.0, 3.5, 9.0)] == [0, 3, 5]
