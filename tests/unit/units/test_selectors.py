"""The selectors, against sets worked out by hand."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.selectors import (
    SELECTORS,
    keep_all,
    least_percent,
    mass,
    normalise_k,
    parse_selector,
)
from workflow_scripts.units.space import ffn_space, model_space


def kept(scores, k, dtype=np.int64):
    """The kept unit indices of one group with these scores."""
    values = np.array(scores, dtype=dtype)
    return np.flatnonzero(mass(values, ffn_space(1, 0, len(scores)), k)).tolist()


@pytest.mark.parametrize(
    ("scores", "k", "expected"),
    [
        # total 20: sums 8, 14, 18, 20
        ([2, 8, 4, 6], "40", [1]),  # 8 of 20 is 40 %: reached, not passed
        ([2, 8, 4, 6], "40.0001", [1, 3]),  # the crossing unit is kept
        ([2, 8, 4, 6], "70", [1, 3]),
        ([2, 8, 4, 6], "71", [1, 2, 3]),
        ([2, 8, 4, 6], "90", [1, 2, 3]),
        ([2, 8, 4, 6], "91", [0, 1, 2, 3]),
        ([2, 8, 4, 6], "0.001", [1]),
        # total 1000: sums 974, 975, 976, ...
        ([974] + [1] * 26, "97.5", [0, 1]),
        ([974] + [1] * 26, "97.4", [0]),
        ([974] + [1] * 26, "97.41", [0, 1]),
        # ties: the lower index first
        ([5, 5, 5, 5], "50", [0, 1]),
        ([5, 5, 5, 5], "50.01", [0, 1, 2]),
        ([1, 5, 1, 5, 1], "80", [1, 3, 0]),
        # k = 100: every unit with a score, and no other; above 100: all
        ([0, 3, 0, 1], "100", [1, 3]),
        ([0, 3, 0, 1], "100.0", [1, 3]),
        ([0, 3, 0, 1], "100.1", [0, 1, 2, 3]),
        # nothing fired: exactly one unit, the first
        ([0, 0, 0], "95", [0]),
        ([0, 0, 0], "100", [0]),
    ],
)
def test_mass_on_one_group(scores, k, expected):
    assert kept(scores, k) == sorted(expected)
    assert kept(scores, k, np.float64) == sorted(expected)


def test_mass_in_each_of_two_groups():
    # NeuroX, mass 0.5 of [[5,1,1],[1,10,1]] keeps {0} and {1}
    scores = np.array([5, 1, 1, 1, 10, 1], dtype=np.int64)
    assert mass(scores, ffn_space(2, 0, 3), "50").tolist() == [True, False, False, False, True, False]
    # mass 1.1 keeps all
    scores = np.array([10, 9, 8, 10, 2, 1], dtype=np.int64)
    assert mass(scores, ffn_space(1, 1, 3), "110").all()


def test_mass_is_exact_where_floats_are_not():
    big = 2**60
    # The second unit is one count short of, or exactly at, the threshold: float64 sees no difference.
    assert kept([big, 1, big + 1], "50") == [2]
    assert kept([big, 2, big + 1], "50") == [0, 2]
    # sums beyond int64
    assert kept([2**62, 2**62, 1, 2**62], "66.6") == [0, 1]
    assert kept([2**62, 2**62, 1, 2**62], "66.7") == [0, 1, 3]
    # float32 cumulative sums (the published code) stop before the last counts at k = 100.
    assert kept([2**24, 1, 1, 1], "100") == [0, 1, 2, 3]
    # ten times 0.1 is a little more than the float 1.0 holds; both sums are taken as the floats' exact values
    assert kept([0.1] * 10, "100", np.float64) == list(range(10))
    assert kept([0.5, 0.25, 0.125, 0.125], "75", np.float64) == [0, 1]
    assert kept([1e300, 1e-300, 0.0], "100", np.float64) == [0, 1]


def test_mass_is_nested_in_k():
    scores = np.random.default_rng(3).integers(0, 50, 40)
    masks = [mass(scores, ffn_space(2, 2, 10), str(k)) for k in (1, 30, 70, 95, 97, 100, 101)]
    for smaller, larger in pairwise(masks):
        assert (larger >= smaller).all()
    assert masks[-1].all() and not masks[0].all()


def test_mass_refuses_what_is_no_score():
    space = ffn_space(1, 0, 2)
    with pytest.raises(UserError, match=r"unit 1 is negative, .*; mass:95:abs takes their magnitude"):
        mass(np.array([1, -1]), space, "95")
    for bad in ([1.0, np.nan], [1.0, np.inf]):
        with pytest.raises(UserError, match="select mass:95: the score of unit 1 is undefined"):
            mass(np.array(bad), space, "95")
    with pytest.raises(ValueError, match="do not fit"):
        mass(np.array([1, 2, 3]), space, "95")


@pytest.mark.parametrize(
    ("k", "text"),
    [("97.50", "97.5"), ("95", "95"), ("95.0", "95"), ("100", "100"), ("1E+2", "100"), (70, "70"),
     (Decimal("0.50"), "0.5")],
)  # fmt: skip
def test_one_spelling_of_k(k, text):
    assert normalise_k(k) == text


@pytest.mark.parametrize("k", ["0", "-5", "ninety", "nan", "inf", ""])
def test_k_must_be_positive(k):
    with pytest.raises(UserError, match="k is"):
        normalise_k(k)


def test_keep_all():
    assert keep_all(ffn_space(1, 1, 2)).tolist() == [True] * 4


# Two layers of heads: the encoder's 4, then the decoder's self 4 and cross 4.
HEADS = model_space({"encoder_layers": 1, "decoder_layers": 1, "heads": 4}, ["head"])
SCORES = np.array([4, 1, 3, 2, -9, 0, 0, 5, 7, 7, 7, 6], dtype=np.int64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top:50%", [0, 2, 5, 7, 8, 9]),
        ("top:49%", [0, 7, 8]),  # a share is rounded down: 1.96 of 4
        ("top:3", [0, 2, 3, 5, 6, 7, 8, 9, 10]),
        ("top:9", range(12)),  # more than a layer has: all of them
        ("top:25%@model", [8, 9, 10]),
        ("top:5@model", [7, 8, 9, 10, 11]),
        ("top:1:abs", [0, 4, 8]),
        ("top:2@model:abs", [4, 8]),
        ("bottom:1", [1, 4, 11]),
        ("bottom:50%", [1, 3, 4, 5, 8, 11]),
        ("bottom:25%@model", [4, 5, 6]),
        ("bottom:1:abs", [1, 5, 11]),
        # of 10, 14 and 27: 4 and 3 hold 7; 9 holds 7; two sevens hold 13.5
        ("mass:50:abs", [0, 2, 4, 8, 9]),
        # of 51: 9, 7, 7 and 7 hold 30
        ("mass:50@model:abs", [4, 8, 9, 10]),
        ("all", range(12)),
    ],
)
def test_selection(text, expected):
    selector = parse_selector(text)
    assert np.flatnonzero(selector.select(SCORES, HEADS)).tolist() == list(expected)
    assert np.flatnonzero(selector.select(SCORES.astype(np.float64), HEADS)).tolist() == list(expected)
    assert selector.text == text


# Two layers, three types of 2 heads: encoder.self 0 1 2 3, decoder.self 4 5 8 9, decoder.cross 6 7 10 11.
DEEP = model_space({"encoder_layers": 2, "decoder_layers": 2, "heads": 2}, ["head"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("top:50%@type", [0, 2, 7, 8, 9, 10]),
        ("top:1@type", [0, 8, 10]),
        ("bottom:1@type:abs", [1, 5, 11]),
        ("mass:60@type:abs", [0, 2, 4, 8, 7, 10]),  # 6 of 10, 14.4 of 23, 13.2 of 21
        ("random:4@type", range(12)),
    ],
)
def test_a_type_is_all_its_layers_together(text, expected):
    assert list(DEEP.types()) == ["encoder.self", "decoder.self", "decoder.cross"]
    scores = np.array([4, 1, 3, 2, -9, 0, 2, 7, 7, 7, 12, 0], dtype=np.int64)
    selector = parse_selector(text)
    assert np.flatnonzero(selector.select(scores, DEEP, seed=1)).tolist() == sorted(expected)
    assert selector.text == text and parse_selector(text) == selector


def test_types_of_neurons_and_of_weights():
    sizes = {"encoder_layers": 2, "decoder_layers": 1, "heads": 1, "ffn_dim": 3, "model_dim": 2}
    types = model_space(sizes, ["ffn", "resid", "weight"]).types()
    assert list(types)[:4] == ["encoder.ffn", "decoder.ffn", "encoder.resid", "decoder.resid"]
    assert types["encoder.ffn"].tolist() == [0, 1, 2, 3, 4, 5] and types["encoder.self.q"].size == 8
    assert "decoder.cross.out" in types


def test_a11_counts_of_heads():
    """int(144 * p / 100) is 28, 43, 57, and of 288 it is 57, 86, 115; of a type's 96, int(96 * p / 100)."""
    for heads, expected in ((4, [28, 43, 57]), (8, [57, 86, 115])):
        space = model_space({"encoder_layers": 12, "decoder_layers": 12, "heads": heads}, ["head"])
        counts = [
            int(parse_selector(f"top:{p}%@model").select(np.ones(space.size), space).sum())
            for p in (20, 30, 40)
        ]
        assert counts == expected
    assert np.diff([0, 28, 43, 57]).tolist() == [28, 15, 14]
    space = model_space({"encoder_layers": 6, "decoder_layers": 6, "heads": 16}, ["head"])
    kept = parse_selector("top:30%@type").select(np.arange(288.0), space)
    assert [int(kept[ids].sum()) for ids in space.types().values()] == [28, 28, 28]


def test_random_draws_as_many_in_each_layer():
    draw = parse_selector("random:50%")
    one = draw.select(SCORES, HEADS, seed=1)
    assert [int(one[span].sum()) for span in HEADS.slices().values()] == [2, 2, 2]
    assert (one == draw.select(SCORES, HEADS, seed=1)).all()
    assert (one != draw.select(SCORES, HEADS, seed=2)).any()
    assert parse_selector("random:7@model").select(SCORES, HEADS, seed=1).sum() == 7
    with pytest.raises(ValueError, match="needs a seed"):
        draw.select(SCORES, HEADS)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mass:97.50", "mass:97.5"),
        (" top:30.0% ", "top:30%"),
        ("top:1E+1", "top:10"),
        ("bottom:012@model", "bottom:12@model"),
        ("top:5%@model:abs", "top:5%@model:abs"),
        ("all", "all"),
    ],
)
def test_one_text(text, canonical):
    assert parse_selector(text).text == canonical
    assert parse_selector(canonical) == parse_selector(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("topp:3", "no such selector (did you mean 'top'?)"),
        ("mass", "'mass' needs an amount, such as 'mass:95'"),
        ("mass:95%", "write 'mass:95'"),
        ("top:1.5", "for a share write 'top:1.5%'"),
        ("top:0.3", "for a share write 'top:30%'"),
        ("bottom:0.05", "for a share write 'bottom:5%'"),
        ("top:0", "0 is no amount of units above 0, such as 'top:30%'"),
        ("bottom:-5%", "-5 is no amount of units above 0, such as 'bottom:30%'"),
        ("top:nan", "nan is no amount of units"),
        ("top:1e-99999999%", "1e-99999999 is no amount of units"),
        ("top:x", "x is no amount of units"),
        ("top:101%", "at most 100%; 'all' keeps every unit"),
        ("all:3", "write 'all'"),
        ("random:3:abs", "leave out ':abs'"),
        ("top:3:abs@model", "not a selector such as mass:95, top:30%"),
        (95, "not a selector such as mass:95"),
    ],
)
def test_what_is_no_selector(text, message):
    with pytest.raises(UserError, match=re.escape(message)):
        parse_selector(text)


@pytest.mark.parametrize("name", ["top", "bottom", "random"])
def test_a_share_of_less_than_one_unit_is_refused(name):
    """It would remove whole layers."""
    # Of four heads 24.9 % is 0.996 of one; of all twelve it is 2.988.
    message = (
        f"select {name}:24.9%: that is less than one of the 4 units of {HEADS.keys[0]}; take at least 25%"
    )
    with pytest.raises(UserError, match=re.escape(message)):
        parse_selector(f"{name}:24.9%").select(SCORES, HEADS, seed=1)
    assert parse_selector(f"{name}:24.9%@model").select(SCORES, HEADS, seed=1).sum() == 2
    with pytest.raises(UserError, match="less than one of the 12 units of the model"):
        parse_selector(f"{name}:8.3%@model").select(SCORES, HEADS, seed=1)
    with pytest.raises(
        UserError, match=re.escape("less than one of the 4 units of encoder.self; take at least 25%")
    ):
        parse_selector(f"{name}:24.9%@type").select(np.ones(12), DEEP, seed=1)
    assert parse_selector("mass:0.001").select(np.abs(SCORES), HEADS).sum() == 3


@pytest.mark.parametrize(("units", "least"), [(1, "100"), (8, "12.5"), (12, "8.34"), (49_152, "0.00204")])
def test_the_least_share_that_is_one_unit(units, least):
    """Rounded up: 8.33 % of 12 is 0.9996 of one."""
    assert least_percent(units) == least
    assert parse_selector(f"top:{least}%").amount.of(units) == 1
    # Of types of several sizes the smallest one says what is enough.
    space = model_space({"encoder_layers": 2, "decoder_layers": 1, "heads": 4}, ["head"])
    assert str(parse_selector("top:1%@type").keeps_none(space)).endswith("decoder.self; take at least 25%")


def test_five_percent_of_two_layers_of_four_heads_is_no_head():
    """0.4 of eight heads, 0.2 of the four of a layer: an experiment without any pruned head would follow."""
    space = model_space({"encoder_layers": 2, "decoder_layers": 0, "heads": 4}, ["head"])
    for text, where in (("top:5%", "4 units of encoder.0.self"), ("top:5%@model", "8 units of the model")):
        with pytest.raises(
            UserError, match=re.escape(f"select {text}: that is less than one of the {where}")
        ):
            parse_selector(text).select(np.arange(8), space)
    assert parse_selector("top:12.5%@model").select(np.arange(8), space).sum() == 1


@pytest.mark.parametrize("scope", ["", "@type", "@model"])
@pytest.mark.parametrize("name", ["mass", "top", "bottom"])
def test_a08_larger_amounts_keep_what_smaller_ones_keep_and_100_keeps_all(name, scope):
    scores = np.random.default_rng(0).integers(0, 6, DEEP.size) + 1  # with ties
    percent = "" if name == "mass" else "%"
    kept = [parse_selector(f"{name}:{p}{percent}{scope}").select(scores, DEEP) for p in (50, 60, 75, 90, 100)]
    assert all((one <= more).all() for one, more in pairwise(kept))
    assert kept[-1].all() and not kept[0].all()


def test_every_selector_orders_ties_by_index():
    for name in set(SELECTORS) - {"random", "all"}:
        kept_units = parse_selector(f"{name}:50").select(np.full(100, 3), ffn_space(1, 0, 100))
        assert kept_units.nonzero()[0].tolist() == list(range(50))
