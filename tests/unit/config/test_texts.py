"""The key `texts`, and the text of a mask set: what follows from them, and one line for each mistake."""

import pytest

from tests.unit.config.test_config import errors_of, small
from workflow_scripts.config.load import load_experiment
from workflow_scripts.workflow.needed_texts import binarised_texts, other_texts, varied_texts

ON_NOISE = {"x": {"select": "mass:95", "text": "noise"}}


def test_draws_are_texts_and_sets_of_their_own():
    config = small(
        texts={"boot": {"bootstrap": True, "draws": 3}, "few": {"of": "one", "first": 5}},
        masks={
            "sets": {
                "sample": {"select": "mass:95", "text": "boot", "draws": 2},
                "second": {"select": "top:9", "text": "boot-2"},
                "short": {"select": "mass:95", "text": "few"},
                "of_two": {"select": "mass:95", "text": "two"},
            }
        },
    )
    found = load_experiment(config)
    assert list(found.varied_texts) == ["boot-1", "boot-2", "boot-3", "few"]
    texts = {name: one.text for name, one in found.masks.named.items()}
    assert texts == {
        "k95": "valid", "all": "valid", "sample-1": "boot-1", "sample-2": "boot-2", "second": "boot-2",
        "short": "few", "of_two": "two",
    }  # fmt: skip
    assert found.mask_sets["sample-1"] == found.mask_sets["sample-2"] == {"select": "mass:95"}
    assert other_texts(found) == ["boot-1", "boot-2", "few", "two"]
    assert varied_texts(found) == {name: ["de-en", "en-fr"] for name in ("boot-1", "boot-2", "few")}


def test_text_that_others_are_made_of_is_made_first_and_binarised_where_needed():
    config = small(
        texts={
            "noise": {"of": "latin", "change": "random_tokens"},
            "latin": {"of": "few", "change": "latin", "languages": ["de"]},
            "few": {"first": 5},
            "unused": {"first": 6},
        },
        masks={"sets": ON_NOISE},
    )
    found = load_experiment(config)
    assert list(varied_texts(found)) == ["few", "latin", "noise"]
    assert binarised_texts(found) == ["latin"]
    assert found.changed_languages(found.texts["latin"]) == ["de"]
    assert found.changed_languages(found.texts["noise"]) == ["en", "de", "fr"]


def test_cyrillic_to_latin_is_of_serbian_unless_it_is_named():
    texts = {"latin": {"change": "cyrillic_to_latin"}}
    found = load_experiment(small(languages=["en", "sr_Cyrl", "uk"], texts=texts))
    assert found.changed_languages(found.texts["latin"]) == ["sr_Cyrl"]


GIVE_ONE = (
    "texts.noise: give one of first, bootstrap and change (a mask set takes valid itself by text: valid)"
)
MISTAKES = {
    "nothing": (
        {"noise": {}},
        [GIVE_ONE],
    ),
    "two": (
        {"noise": {"first": 3, "bootstrap": True}},
        [GIVE_ONE],
    ),
    "draws of nothing": (
        {"noise": {"first": 3, "draws": 2}},
        ["texts.noise: draws: only bootstrap draws sentences"],
    ),
    "sides of a sample": (
        {"noise": {"first": 3, "languages": ["de"]}},
        ["texts.noise: languages: only a change is of some languages; samples take both sides together"],
    ),
    "no such text": (
        {"noise": {"of": "vallid", "first": 3}},
        [
            "texts.noise.of: no text 'vallid' (did you mean 'valid'?);"
            " there are ['train', 'valid', 'one', 'two', 'noise']"
        ],
    ),
    "of itself": (
        {"noise": {"of": "few", "first": 3}, "few": {"of": "noise", "bootstrap": True}},
        ["texts.noise.of: leads back to noise", "texts.few.of: leads back to few"],
    ),
    "of draws": (
        {"noise": {"of": "boot", "first": 3}, "boot": {"bootstrap": True, "draws": 2}},
        ["texts.noise.of: 'boot' is drawn 2 times; name one, boot-1"],
    ),
    "of random subwords": (
        {"noise": {"change": "random_tokens"}, "few": {"of": "noise", "first": 3}},
        ["texts.few.of: noise has random subwords and no text to make another of; change that one last"],
    ),
    "random subwords of shards": (
        {"noise": {"of": "train", "change": "random_tokens"}},
        ["texts.noise.of: training text may be in shards; make a text of it with first, and change that one"],
    ),
    "the name of a subset": (
        {"noise": {"first": 3}, "two": {"first": 3}},
        ["texts.two: there is text of this name in the source; call this one otherwise"],
    ),
    "the name of a draw": (
        {"noise": {"bootstrap": True, "draws": 1}, "noise-1": {"first": 3}},
        ["texts.noise: a draw of it and texts.noise-1 have the same name"],
    ),
    "no such language": (
        {"noise": {"change": "latin", "languages": ["df"]}},
        ["texts.noise.languages: 'df' is not in languages"],
    ),
    "not Serbian": (
        {"noise": {"change": "cyrillic_to_latin", "languages": ["de"]}},
        ["texts.noise.languages: cyrillic_to_latin is of Serbian alone, not of 'de'; take latin"],
    ),
    "no Serbian": (
        {"noise": {"change": "cyrillic_to_latin"}},
        ["texts.noise.change: cyrillic_to_latin is of Serbian (sr), which is not in languages; take latin"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name):
    texts, said = MISTAKES[name]
    assert errors_of(small(texts=texts)) == said


SETS = {
    "no such text": ({"text": "vallid"}, "no text 'vallid' (did you mean 'valid'?); there are "),
    "of draws": ({"text": "boot"}, "'boot' is drawn 2 times; name one, boot-1"),
    "more draws": ({"text": "boot", "draws": 3}, "draws is 3, but the text 'boot' is drawn 2 times"),
    "draws of one": ({"text": "few", "draws": 3}, "draws is 3, but the text 'few' is not drawn"),
    "training text": (
        {"text": "train"},
        "training text may be large and in shards; make a text of it with first",
    ),
    "a text without a direction": ({"text": "part"}, "the text 'part' has no en-fr, which is scored on it"),
}


@pytest.mark.parametrize("name", SETS)
def test_the_text_of_a_set_must_be_there(name):
    one, said = SETS[name]
    config = small(
        texts={"boot": {"bootstrap": True, "draws": 2}, "few": {"first": 3}},
        masks={"sets": {"x": {"select": "mass:95", **one}}},
    )
    config["data"]["source"]["tests"]["part"] = {"path": "p.{lang}", "directions": ["en-de", "de-en"]}
    [line] = errors_of(config)
    assert line.startswith(f"masks.sets.x.text: {said}")


def test_a_set_of_other_rows_has_the_text_of_those():
    one = {"like": "k95", "rows": "random", "text": "few"}
    [line] = errors_of(small(texts={"few": {"first": 3}}, masks={"sets": {"x": one}}))
    assert line == "masks.sets.x: text is that of like, k95: leave it out"


ANALYSES = {
    "no such set": (
        {"stability": {"masks": "k99"}},
        "analysis.stability.masks: no mask set 'k99' (did you mean 'k95'?); there are ",
    ),
    "not selected": (
        {"stability": {"masks": "all"}},
        "analysis.stability.masks: 'all' is not selected by scores of units; name one",
    ),
    "of random rows": (
        {"text_control": "chance"},
        "analysis.text_control: 'chance' is not selected by scores of units; name one",
    ),
    "of another score": (
        {"stability": {"masks": "heads"}},
        "analysis.stability.masks: samples are taken of activations, and 'heads' is of another score",
    ),
    "twice": (
        {"stability": {"masks": "k95", "sentences": [5, 9, 5]}},
        "analysis.stability.sentences: 5 is listed twice",
    ),
    "nothing to compare with": (
        {"text_control": "heads"},
        "analysis.text_control: no set of masks.sets differs from 'heads' in its text alone",
    ),
}


def test_samples_of_masks_that_padding_decided_are_refused():
    """Their ceiling would be of other masks than those that it stands beside."""
    found = small(activations={"count_pads": True}, analysis={"stability": {"masks": "k95"}})
    [line] = errors_of(found)
    assert line.startswith("analysis.stability: samples are counted by sentence, without padding, and with")


@pytest.mark.parametrize("name", ANALYSES)
def test_what_cannot_be_compared_is_one_line(name):
    analysis, said = ANALYSES[name]
    sets = {
        "chance": {"like": "k95", "rows": "shuffled"},
        "heads": {"of": "importance", "units": ["head"], "select": "top:50%"},
        "elsewhere": {"of": "importance", "units": ["ffn"], "select": "top:50%", "text": "one"},
    }
    [line] = errors_of(small(masks={"sets": sets}, analysis=analysis))
    assert line.startswith(said)


def test_sets_of_one_selection_on_several_texts():
    sets = {
        "of_one": {"select": "mass:95.0", "text": "one"},
        "again": {"select": "mass:95"},
        "other": {"select": "mass:90", "text": "one"},
        "by_importance": {"of": "importance", "select": "mass:95", "text": "one"},
    }
    found = load_experiment(small(masks={"sets": sets}, analysis={"text_control": "k95"}))
    assert found.of_other_text("k95") == ["of_one"]
    assert found.of_other_text("of_one") == ["k95", "again"]


def test_of_attached_validation_text_units_are_scored_and_random_subwords_made():
    config = small(
        attach={"checkpoint": "c.pt", "dictionary": "d.txt", "subwords": "s.model", "data_bin": "bin"},
        evaluation={"off_target": False},
        texts={"noise": {"change": "random_tokens"}},
        masks={"sets": {"top": {"select": "top:9"}, **ON_NOISE}},
    )
    config["data"]["source"] = {"type": "files", "tests": {"one": "one.{lang}"}}
    assert other_texts(load_experiment(config)) == ["noise"]
    config["texts"]["few"] = {"first": 3}
    assert errors_of(config) == ["texts.few.of: no text 'valid'; there are ['one', 'noise', 'few']"]
