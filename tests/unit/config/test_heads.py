"""The section analysis.heads: defaults, and what a user is told about a mistake."""

from __future__ import annotations

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.analyses.directions import analysed_directions
from workflow_scripts.config.load import load_experiment

TINY = {"preset": "tiny"}  # two layers of four heads in each stack
FAMILIES = {"family": {"west": ["de"], "south": ["fr"]}}


def test_nothing_is_pruned_unless_asked():
    assert load_experiment(small()).analysis.heads is None
    asked = load_experiment(small(analysis={"heads": {}}, model={"preset": "big"})).analysis.heads
    assert (asked.systems, asked.tasks, asked.sizes, asked.draws) == (
        ["baseline"], "direction", ["20%", "30%", "40%"], 5
    )  # fmt: skip


def test_sizes_have_one_spelling():
    asked = load_experiment(small(analysis={"heads": {"sizes": ["50.0%", 2]}}, model=TINY)).analysis.heads
    assert asked.sizes == ["50%", "2"]


def test_a_system_is_pruned_in_its_trained_directions():
    config = small(
        masks={"k": [70]}, directions={"train": "pivot", "evaluate_only": ["de-fr"]}, model=TINY,
        systems={"few": {"masks": "k70", "directions": ["en-de", "en-fr"]}},
        analysis={"heads": {"systems": ["few"], "sizes": [1]}},
    )  # fmt: skip
    experiment = load_experiment(config)
    assert analysed_directions(experiment, "baseline") == ["en-de", "en-fr", "de-en", "fr-en"]
    assert analysed_directions(experiment, "few") == ["en-de", "en-fr"]


MISTAKES = {
    "no such system": (
        {"systems": ["baselin"]},
        [
            "analysis.heads.systems: no system 'baselin' (did you mean 'baseline'?); there are ['baseline',"
            " 'continued', 'ns-k95']"
        ],
    ),
    "a share of no head": (
        {"sizes": ["5%", "50%"]},
        [
            "analysis.heads.sizes: select top:5%@type: that is less than one of the 8 units of encoder.self;"
            " take at least 12.5%"
        ],
    ),
    "more heads than there are": (
        {"sizes": [25], "scope": "model"},
        ["analysis.heads.sizes: select top:25@model: there are 24 units of the model; take at most 24"],
    ),
    "a guard that keeps every head": (
        {"sizes": ["50%"], "keep_per_layer": 4},
        ["analysis.heads.keep_per_layer: an attention has 4 heads; keep fewer, so that some can go"],
    ),
    "families without groups": (
        {"sizes": ["50%"], "tasks": "family"},
        ["analysis.heads.tasks: groups has no 'family'"],
    ),
    "what is no size": (
        {"sizes": ["20%@model", "20%", "20.0%"], "draws": 4},
        [
            "analysis.heads.sizes.0: '20%@model': a share of the heads, such as 20%, or a number of them",
            "analysis.heads.draws: must be greater than or equal to 5, not 4",
        ],
    ),
    "a size twice": ({"sizes": ["20%", "20.0%"]}, ["analysis.heads.sizes: '20%' is listed twice"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name):
    heads, said = MISTAKES[name]
    assert errors_of(small(analysis={"heads": heads}, model=TINY)) == said


def test_what_is_one_task_or_none():
    one = small(
        directions={"train": ["en-de", "de-en"]},
        analysis={"heads": {"tasks": "language", "sizes": [1]}},
        model=TINY,
    )
    assert errors_of(one) == [
        "analysis.heads.tasks: baseline: language: en-de de-en are one task; a task is compared with others, "
        "so take more directions"
    ]
    families = small(groups=FAMILIES, analysis={"heads": {"tasks": "family", "sizes": [1]}}, model=TINY)
    assert load_experiment(families).analysis.heads.tasks == "family"
    sides = {"heads": {"tasks": "side", "sizes": [1]}}
    no_pivot = small(directions={"train": "all"}, analysis=sides, model=TINY)
    assert errors_of(no_pivot) == [
        "analysis.heads.tasks: baseline: side: de-fr is neither out of the pivot 'en' nor into it"
    ]
