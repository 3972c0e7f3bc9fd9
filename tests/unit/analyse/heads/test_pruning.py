"""Which heads are pruned: counts, order, guard, random draws by the same rule; tasks of directions."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workflow_scripts.analyse.heads.pruning import PruningRule, layer_normalised, names_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.task_groups import tasks_of
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import model_space

# encoder.self 0-3 and 4-7, decoder.self 8-11 and 16-19, decoder.cross 12-15 and 20-23.
SPACE = model_space({"encoder_layers": 2, "decoder_layers": 2, "heads": 4}, ["head"])
SCORES = np.array([9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 2, 8, 8, 8, 8], dtype=np.float64)


def gone(found):
    return {size: np.flatnonzero(heads).tolist() for size, heads in found.items()}


def test_a_share_of_each_type_goes_the_most_important_first():
    rule = PruningRule(["50%", "25%"])
    assert rule.counts(SPACE) == {
        "25%": {"encoder.self": 2, "decoder.self": 2, "decoder.cross": 2},
        "50%": {"encoder.self": 4, "decoder.self": 4, "decoder.cross": 4},
    }
    assert gone(rule.steps(rule.order(SCORES), SPACE)) == {
        "25%": [0, 1, 8, 19, 20, 21],  # of equal scores the lower number
        "50%": [0, 1, 2, 3, 8, 9, 10, 19, 20, 21, 22, 23],
    }


@pytest.mark.parametrize("scope", ["type", "model"])
@pytest.mark.parametrize("ascending", [False, True])
def test_without_a_guard_these_are_the_units_of_the_selector(scope, ascending):
    scores = np.random.default_rng(1).random(SPACE.size)
    rule = PruningRule(["13%", "40%", "75%"], scope, ascending=ascending)
    for size, heads in rule.steps(rule.order(scores), SPACE).items():
        name = "bottom" if ascending else "top"
        assert (heads == parse_selector(f"{name}:{size}@{scope}").select(scores, SPACE)).all()


def test_some_heads_of_each_layer_stay():
    rule = PruningRule(["50%"], keep_per_layer=1)
    # Encoder: of the first layer 0, 1, 2, then of the second 4; cross: 20, 21, 22, then 15.
    assert gone(rule.steps(rule.order(SCORES), SPACE))["50%"] == [0, 1, 2, 4, 8, 9, 10, 15, 19, 20, 21, 22]
    whole = PruningRule(["12"], "model", keep_per_layer=2)
    heads = whole.steps(whole.order(SCORES), SPACE)["12"]
    assert heads.sum() == 12 and all((~heads[span]).sum() == 2 for span in SPACE.slices().values())


def test_random_pruning_is_by_the_same_rule():
    rule = PruningRule(["25%", "75%"], keep_per_layer=1)
    drawn = rule.random_steps(6, SPACE, seed=3)
    assert list(drawn) == [f"random-{number}" for number in range(1, 7)]
    for steps in drawn.values():
        small, large = steps.values()
        assert (small <= large).all()  # cumulative
        for ids in SPACE.types().values():
            assert (small[ids].sum(), large[ids].sum()) == (2, 6)
        assert all((~large[span]).sum() >= 1 for span in SPACE.slices().values())
    five = rule.random_steps(5, SPACE, seed=3)
    assert all((five[name]["25%"] == drawn[name]["25%"]).all() for name in five)
    assert len({steps["25%"].tobytes() for steps in drawn.values()}) == 6
    unguarded = PruningRule(["50%"]).random_steps(200, SPACE, seed=3).values()
    assert any((~one["50%"][span]).sum() == 0 for one in unguarded for span in SPACE.slices().values())


def test_more_heads_go_on_top_of_those_that_are_gone():
    rule = PruningRule(["25%", "50%"])
    first = rule.steps(rule.order(SCORES), SPACE)["25%"]
    again = rule.extended(first, rule.order(SCORES[::-1]), rule.counts(SPACE)["50%"], SPACE)
    assert (first <= again).all() and again.sum() == 12
    # The second order is that of the reversed scores: the encoder's 8, 8, 8, 8 come first.
    assert np.flatnonzero(again)[:4].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (PruningRule(["12%"]), "select top:12%@type: that is less than one of the 8 units of encoder.self"),
        (PruningRule(["9"]), "select top:9@type: there are 8 units of encoder.self; take at most 8"),
        (
            PruningRule(["25"], "model"),
            "select top:25@model: there are 24 units of the model; take at most 24",
        ),
        (
            PruningRule(["100%"], keep_per_layer=1),
            "size 100%: 8 heads of encoder.self cannot go where 1 of each layer stay, but 6",
        ),
        (PruningRule(["half"]), "select 'top:half@type': half is no amount of units above 0"),
        (PruningRule(["20%:abs"]), "select 'top:20%:abs@type': not a selector"),
    ],
)
def test_sizes_that_do_not_fit(rule, message):
    with pytest.raises(UserError, match=re.escape(message)):
        rule.counts(SPACE)


def test_a_percentage_that_rounds_to_no_head_is_one_line():
    """2 layers of 4 heads, 5 %: 0.4 heads."""
    space = model_space({"encoder_layers": 2, "decoder_layers": 0, "heads": 4}, ["head"])
    with pytest.raises(UserError) as told:
        PruningRule(["5%", "20%"]).counts(space)
    said = "select top:5%@type: that is less than one of the 8 units of encoder.self; take at least 12.5%"
    assert str(told.value) == said


def test_importances_by_layer_and_names():
    scores = np.zeros(SPACE.size)
    scores[:4] = [3, 4, 0, 0]
    found = layer_normalised(scores, SPACE)
    assert found[:4] == pytest.approx([0.6, 0.8, 0, 0]) and not found[4:].any() and scores[0] == 3
    heads = np.zeros(SPACE.size, dtype=bool)
    heads[[1, 23]] = True
    assert names_of(heads, SPACE) == ["encoder.0.self:1", "decoder.1.cross:3"]


DIRECTIONS = ["en-de", "en-fr", "de-en", "fr-en", "en-nl"]
FAMILIES = {"en": "germanic", "de": "germanic", "nl": "germanic", "fr": "romance"}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("direction", {name: [name] for name in DIRECTIONS}),
        ("language", {"de": ["en-de", "de-en"], "fr": ["en-fr", "fr-en"], "nl": ["en-nl"]}),
        ("family", {"germanic": ["en-de", "de-en", "en-nl"], "romance": ["en-fr", "fr-en"]}),
        ("side", {"out of en": ["en-de", "en-fr", "en-nl"], "into en": ["de-en", "fr-en"]}),
    ],
)
def test_tasks_are_directions_or_groups_of_them(by, expected):
    assert tasks_of(DIRECTIONS, by, "en", FAMILIES) == expected


def test_without_a_pivot_a_task_has_both_languages_or_families():
    found = tasks_of(["de-fr", "fr-de", "de-nl"], "language")
    assert found == {"de+fr": ["de-fr", "fr-de"], "de+nl": ["de-nl"]}
    found = tasks_of(["de-fr", "fr-de", "de-nl"], "family", families=FAMILIES)
    assert found == {"germanic+romance": ["de-fr", "fr-de"], "germanic": ["de-nl"]}
    # Texts of language models.
    assert tasks_of(["de", "nl", "fr"], "family", families=FAMILIES) == {
        "germanic": ["de", "nl"],
        "romance": ["fr"],
    }


@pytest.mark.parametrize(
    ("directions", "by", "pivot", "message"),
    [
        (["en-de"], "direction", "en", "--tasks direction: en-de are one task"),
        (["en-de", "de-en"], "language", "en", "--tasks language: en-de de-en are one task"),
        (["en-de", "fr-de"], "side", "en", "fr-de is neither out of the pivot 'en' nor into it"),
        (["en-de", "de-en"], "side", None, "en-de is neither out of the pivot None nor into it"),
    ],
)
def test_what_makes_no_tasks(directions, by, pivot, message):
    with pytest.raises(UserError, match=re.escape(message)):
        tasks_of(directions, by, pivot)
