"""The key `analysis.probes`: a line for what no probe could be fitted on, before anything runs."""

from __future__ import annotations

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment

KEY = "analysis.probes"
ALONE = "and a probe tells two apart; take more directions, the other stack alone, or another property"


def config(**probes):
    """The first test set has all directions but en-fr; a system is trained in one."""
    systems = {"few": {"masks": "all", "directions": ["fr-en"]}}
    found = small(analysis={"probes": probes}, systems=systems, model={"preset": "tiny"})
    tests = found["data"]["source"]["tests"]
    tests["one"] = {"path": tests["one"], "directions": ["de-en", "fr-en", "en-de"]}
    return found


WRONG = {
    "a direction that the text lacks": (
        {"properties": ["position"], "directions": ["en-fr", "de-en"]},
        [f"{KEY}.directions: one has no en-fr (did you mean 'en-de'?); it has en-de, de-en, fr-en"],
    ),
    "a system of other directions": (
        {"properties": ["position"], "directions": ["de-en"], "systems": ["few"]},
        [f"{KEY}.systems: 'few' is trained in none of de-en; one has fr-en of it"],
    ),
    "a language alone": (
        {"directions": ["de-en", "fr-en"]},
        [f"{KEY}.properties: language has one label in the decoder, en, {ALONE}"],
    ),
    "a direction alone": (
        {"properties": ["direction"], "directions": ["de-en"], "stacks": ["encoder"]},
        [f"{KEY}.properties: direction has one label in the encoder, de-en, {ALONE}"],
    ),
    "a system of one direction, told once": (
        {"systems": ["few"]},
        [
            f"{KEY}.properties: language has one label in the encoder, fr, {ALONE}",
            f"{KEY}.properties: language has one label in the decoder, en, {ALONE}",
        ],
    ),
    "a file of one language": (
        {"text": "conllu", "conllu": {"de": "g.conllu"}, "stacks": ["encoder"]},
        [f"{KEY}.properties: language has one label in the encoder, de, {ALONE}"],
    ),
    "a share of no unit": (
        {"units": ["head"], "percents": [5, 20]},
        [f"{KEY}.percents: 5 % of the 8 units of the encoder is less than one; take at least 12.5 %"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_a_line_each(name):
    given, lines = WRONG[name]
    assert errors_of(config(**given)) == lines


def test_a_text_without_any_direction_of_a_system():
    found = config(properties=["position"], systems=["few"])
    found["systems"] = {"few": {"masks": "all", "directions": ["en-fr"]}}
    assert errors_of(found) == [f"{KEY}.systems: one has no direction that 'few' is trained in"]


def test_all_directions_of_one_language_are_labels():
    probes = {"properties": ["direction"], "directions": ["en-de", "de-en"], "stacks": ["encoder"]}
    assert load_experiment(config(**probes)).analysis.probes is not None
