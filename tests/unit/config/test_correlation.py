"""The key `analysis.correlation`: which models are compared on which text, and one line for each mistake."""

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.analyses.correlation_checks import compared_models
from workflow_scripts.config.analyses.directions import compared_directions
from workflow_scripts.config.load import load_experiment

SEEDS = {"train": {"seeds": [1, 2]}}
KEY = "analysis.correlation"


def asked(**given):
    return {"analysis": {"correlation": given}}


def test_seeds_of_a_system_or_systems_of_a_seed():
    found = load_experiment(
        small(**SEEDS, **asked(between=["seeds", "systems"], systems=["baseline", "continued"]))
    )
    correlation = found.analysis.correlation
    assert compared_models(found, correlation) == {
        "seeds": {
            "baseline": ["baseline/s1", "baseline/s2"],
            "continued": ["continued/s1", "continued/s2"],
        },
        "systems": {"s1": ["baseline/s1", "continued/s1"], "s2": ["baseline/s2", "continued/s2"]},
    }
    assert load_experiment(small()).analysis.correlation is None


def test_the_text_has_the_directions_that_all_systems_are_trained_in():
    few = {"masks": "all", "directions": ["en-de", "fr-en"]}
    config = small(**SEEDS, systems={"few": few}, **asked(systems=["baseline", "few"], subset="two"))
    found = load_experiment(config)
    assert compared_directions(found, found.analysis.correlation) == ["en-de", "fr-en"]


def test_others_are_partners_of_one_model():
    found = load_experiment(small(**asked(others={"theirs": "results/y/systems/baseline/s1"})))
    assert compared_models(found, found.analysis.correlation) == {"seeds": {"baseline": ["baseline/s1"]}}


WRONG = {
    "one seed": (
        {},
        [f"{KEY}.between: seeds: one seed alone; give train.seeds two at least, or compare others"],
    ),
    "one system": (
        {"between": ["systems"]},
        [f"{KEY}.between: systems: one system alone; name two systems at least, or compare others"],
    ),
    "no system": (
        {"systems": ["baselin"]},
        [
            f"{KEY}.systems: no system 'baselin' (did you mean 'baseline'?); there are"
            " ['baseline', 'continued', 'ns-k95']"
        ],
    ),
    "no text": (
        {"subset": "three", "others": {"a": "b"}},
        [f"{KEY}.subset: no 'three' in the source; it has ['valid', 'one', 'two']"],
    ),
    "training text": (
        {"subset": "train", "others": {"a": "b"}},
        [f"{KEY}.subset: no 'train' in the source; it has ['valid', 'one', 'two']"],
    ),
    "two draws": (
        {"draws": 2, "others": {"a": "b"}},
        [f"{KEY}.draws: must be greater than or equal to 5, not 2"],
    ),
    "a size of the model": (
        {"erase": ["5%@model"], "others": {"a": "b"}},
        [f"{KEY}.erase.0: '5%@model': a share of each layer's units, such as 5%, or a number of them"],
    ),
    "a size of no head": (
        {"erase": ["5%"], "units": ["head"], "others": {"a": "b"}},
        [
            f"{KEY}.erase: select top:5%: that is less than one of the 4 units of encoder.0.self;"
            " take at least 25%"
        ],
    ),
    "more units than there are": (
        {"erase": [5000], "others": {"a": "b"}},
        [f"{KEY}.erase: 5000: encoder.0.ffn has 1024 units; take fewer, or a share"],
    ),
    "erasure without scores": (
        {"erase": [3], "forms": ["svcca"], "others": {"a": "b"}},
        [f"{KEY}.erase: svcca gives units no scores; take max, min or linreg, too"],
    ),
    "one sentence": (
        {"sentences": 1, "others": {"a": "b"}},
        [f"{KEY}.sentences: must be greater than or equal to 2, not 1"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_a_line_each(name):
    given, lines = WRONG[name]
    assert errors_of(small(**asked(**given))) == lines


def test_systems_of_no_common_direction():
    systems = {
        name: {"masks": "all", "directions": [direction]}
        for name, direction in {"a": "en-de", "b": "de-en"}.items()
    }
    config = small(systems=systems, **asked(between=["systems"], systems=["a", "b"]))
    assert errors_of(config) == [f"{KEY}: no direction of valid is one that all of ['a', 'b'] are trained in"]
