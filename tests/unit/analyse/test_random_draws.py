"""Random draws: units as many of each layer, their range, and where a value lies."""

import pytest

from workflow_scripts.analyse.random_draws import Draws, draw_names, random_units
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 2, "decoder_layers": 1, "ffn_dim": 8})


def test_random_units_are_as_many_of_each_layer_and_grow():
    names = draw_names(3)
    assert names == ["random-1", "random-2", "random-3"]
    few, more = (random_units(size, SPACE, 1, "a draw") for size in ("25%", "5"))
    assert few.reshape(3, 8).sum(axis=1).tolist() == [2, 2, 2]
    assert more.reshape(3, 8).sum(axis=1).tolist() == [5, 5, 5] and (few <= more).all()
    others = [random_units("5", SPACE, 2, "a draw"), random_units("5", SPACE, 1, "another")]
    assert len({one.tobytes() for one in (more, *others)}) == 3
    with pytest.raises(UserError, match="less than one of the 8 units of encoder"):
        random_units("1%", SPACE, 1, "a draw")


def test_the_range_of_a_further_draw():
    """Of 1 … 5: mean 3, sd 1.581139, t 2.776445; times sqrt(6 / 5) is 4.808943."""
    draws = Draws.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (draws.mean, draws.sd) == (3.0, pytest.approx(1.581139))
    assert (draws.low, draws.high) == (pytest.approx(-1.808943), pytest.approx(7.808943))
    assert [draws.place(value) for value in (-1.9, 0.0, 7.8, 7.9)] == ["below", "within", "within", "above"]
    assert [draws.fewer(value) for value in (1.0, 3.5, 9.0)] == [0, 3, 5]


def test_draws_that_cannot_differ_have_a_value_that_is_the_same_within():
    """All units are removed, whoever's they are: a mean of equal numbers may round otherwise."""
    for number in range(1, 200):
        value = 1 / number + 0.3
        draws = Draws.of([value] * 5)
        assert (draws.low, draws.mean, draws.high) == (value, value, value)
        # The same effects, added up in another order.
        assert [draws.place(value * (1 + share)) for share in (-1e-15, 0, 1e-15)] == ["within"] * 3
        assert [draws.place(value + step) for step in (-1e-6, 1e-6)] == ["below", "above"]
