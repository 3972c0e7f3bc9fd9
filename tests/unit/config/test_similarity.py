"""The section `analysis.similarity`: what is compared, and one line for each mistake."""

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.analyses.similarity import compared_groups, compared_sets, drawn_sets
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.needed_masks import selected

SETS = {
    "boot": {"select": "mass:95", "text": "sample", "draws": 2},
    "heads": {"of": "importance", "units": ["head"], "select": "top:1"},
    "chance": {"like": "heads", "rows": "random", "draws": 1},
}


def config(similarity, **more):
    given = {
        "languages": ["en", "de", "ru", "uk", "sr"],
        "groups": {"family": {"slavic": ["ru", "uk", "sr"], "germanic": ["de"]}},
        "texts": {"sample": {"bootstrap": True, "draws": 2}},
        "masks": {"k": [70, 95], "sets": SETS},
        "systems": {"continued": {"masks": "all"}},
        "analysis": {"similarity": similarity},
    }
    return small(**(given | more))


def test_a_set_of_several_draws_stands_for_all():
    found = load_experiment(config({"masks": ["k70", "boot"]}))
    similarity = found.analysis.similarity
    assert compared_sets(found, similarity) == ["k70", "boot-1", "boot-2"]
    assert drawn_sets(found, similarity) == {"boot": ["boot-1", "boot-2"]}
    # No system has them.
    assert {"k70", "boot-1", "boot-2"} <= set(selected(found)) and "k95" not in selected(found)


def test_groupings_are_those_of_the_config_and_scripts():
    found = load_experiment(config({"masks": ["k70"]}))
    assert compared_groups(found, found.analysis.similarity) == {
        # Serbian has two scripts, and its code names none.
        "script": {"Latn": ["en", "de"], "Cyrl": ["ru", "uk"]},
        "family": {"slavic": ["ru", "uk", "sr"], "germanic": ["de"]},
    }
    own = {"script": {"latin": ["sr", "de"], "cyrillic": ["ru", "uk"]}}
    found = load_experiment(config({"masks": ["k70"], "groupings": ["script"]}, groups=own))
    assert compared_groups(found, found.analysis.similarity) == own


MISTAKES = {
    "no such set": (
        {"masks": ["k70", "k96"]},
        "analysis.similarity.masks: no mask set 'k96' (did you mean 'k95'?); there are",
    ),
    "a set twice": ({"masks": ["k70", "k70"]}, "analysis.similarity.masks: 'k70' is listed twice"),
    "no set": ({"masks": []}, "analysis.similarity.masks"),
    "a pair of others": (
        {"masks": ["k70", "boot"], "pairs": [["k70", "k95"]]},
        "analysis.similarity.pairs: 'k95' is not in masks",
    ),
    "three of a pair": (
        {"masks": ["k70", "k95"], "pairs": [["k70", "k95", "boot"]]},
        "analysis.similarity.pairs: ['k70', 'k95', 'boot']: two different mask sets are needed",
    ),
    "a pair of one": (
        {"masks": ["k70"], "pairs": [["k70", "k70"]]},
        "analysis.similarity.pairs: ['k70', 'k70']: two different mask sets are needed",
    ),
    "no such grouping": (
        {"masks": ["k70"], "groupings": ["famly"]},
        "analysis.similarity.groupings: groups has no 'famly' (did you mean 'family'?)",
    ),
    "no such system": (
        {"masks": ["heads"], "systems": ["continue"]},
        "analysis.similarity.systems: no system 'continue' (did you mean 'continued'?); there are",
    ),
    "counts of a system": (
        {"masks": ["heads", "k70"], "systems": ["baseline", "continued"]},
        "analysis.similarity.systems: units of 'continued' are scored by importance alone, and 'k70' is",
    ),
    "rows of a system": (
        {"masks": ["chance"], "systems": ["continued"]},
        "analysis.similarity.systems: units of 'continued' are scored by importance alone, and 'chance-1'",
    ),
    "a file with the name of a set": (
        {"masks": ["k70"], "more": {"k95": "own/{seed}.npz"}},
        "analysis.similarity.more: 'k95' is a mask set; call the file otherwise",
    ),
    "a file by direction": (
        {"masks": ["k70"], "more": {"own": "own/{direction}.npz"}},
        "analysis.similarity.more: 'own/{direction}.npz': a path may have {system} and {seed} in braces",
    ),
    "few draws": ({"masks": ["k70"], "draws": 18}, "analysis.similarity.draws"),
    "a level of one": ({"masks": ["k70"], "level": 1}, "analysis.similarity.level"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name):
    similarity, said = MISTAKES[name]
    [line] = errors_of(config(similarity))
    assert line.startswith(said)


def test_a_system_of_some_directions_has_no_masks_of_all():
    systems = {"part": {"masks": "all", "directions": ["de-en"]}}
    [line] = errors_of(config({"masks": ["heads"], "systems": ["part"]}, systems=systems))
    assert "'part' is not trained in every direction, and masks have a row for each" in line
    found = load_experiment(config({"masks": ["heads"], "systems": ["baseline", "continued"]}))
    assert found.analysis.similarity.systems == ["baseline", "continued"]
