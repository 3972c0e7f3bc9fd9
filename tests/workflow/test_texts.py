"""Text on which units are scored: the jobs of one plan from the config's `texts` to masks and analyses."""

from __future__ import annotations

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text

CONFIG = {
    **TINY,
    "texts": {
        "few": {"of": "news", "first": 3},
        "latin": {"of": "few", "change": "latin", "languages": ["de", "fr"]},
        "shuffled": {"change": "shuffled_words"},
        "noise": {"of": "few", "change": "random_tokens"},
        "boot": {"bootstrap": True, "draws": 3},
        "unused": {"first": 9},
    },
    "masks": {
        "k": [70, 95],
        "sets": {
            "of_news": {"select": "mass:95", "text": "news"},
            "in_latin": {"select": "mass:95", "text": "latin"},
            "of_noise": {"select": "mass:95", "text": "noise"},
            "heads": {"of": "importance", "units": ["head"], "select": "top:50%", "text": "shuffled"},
            "loud": {"of": "magnitude", "select": "top:5%", "text": "news"},
            "rare": {"of": "lape", "select": "top:5%", "text": "few"},
            "sample": {"select": "mass:95", "text": "boot", "draws": 2},
        },
    },
    "analysis": {"text_control": "k95", "stability": {"masks": "k95", "sentences": [20, 5], "draws": 7}},
}
RESULTS = "results/tiny"
BIN = f"{RESULTS}/data/bin"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("texts")
    lay_down_text(folder)
    return plan(folder, CONFIG)


def test_text_is_made_of_what_its_key_names(planned: Plan) -> None:
    made = {(job.wildcards["varied"], job.wildcards["one"]) for job in planned.of("vary_text")}
    assert made == {(text, pair) for text in ("few", "shuffled", "boot-1", "boot-2") for pair in ("de", "en")}
    few = planned.job("vary_text", varied="few", one="de")
    assert few.inputs == [f"{RESULTS}/data/text/news/de-en.{lang}.txt" for lang in ("de", "en")]
    assert (few.options["--first"], few.options["--name"], few.options["--pair"]) == ("3", "few", "de-en")
    assert "--bootstrap" in planned.job("vary_text", varied="boot-2", one="en").options
    latin = planned.job("transliterate", varied="latin", one="de")
    assert latin.inputs == [f"{RESULTS}/data/text/few/de-en.{lang}.txt" for lang in ("de", "en")]
    assert latin.started == ("scripts", "data.transliterate")
    assert (latin.options["--change"], latin.options["--languages"]) == ("latin", "de fr")


def test_random_subwords_are_made_of_binarised_text(planned: Plan) -> None:
    noise = planned.job("randomise_tokens", varied="noise", pair="de-en", lang="de")
    assert noise.inputs[:2] == [f"{BIN}/few.de-en.de.{ending}" for ending in ("bin", "idx")]
    assert noise.outputs[:2] == [f"{BIN}/noise.de-en.de.{ending}" for ending in ("bin", "idx")]
    assert "--languages" not in noise.options
    binarised = {job.wildcards["subset"] for job in planned.of("binarise")}
    assert binarised == {"train", "valid", "news", "few", "latin", "shuffled", "boot-1", "boot-2"}


def test_units_are_scored_on_the_text_of_a_mask_set(planned: Plan) -> None:
    for text in ("valid", "news", "latin", "noise", "boot-1", "boot-2"):
        ending = "" if text == "valid" else "_on_text"
        wanted = {} if text == "valid" else {"text": text}
        from_en = planned.job(f"count_activations_en{ending}", **wanted)
        into_en = planned.job(f"count_activations_into_en{ending}", **wanted)
        assert from_en.options["--subset"] == into_en.options["--subset"] == text
        folder = f"{RESULTS}/activations/baseline/s1/{text}"
        assert into_en.outputs == [f"{folder}/de-en.npz", f"{folder}/fr-en.npz"]
        assert {file for file in into_en.inputs if ".de-en." in file} == {
            f"{BIN}/{text}.de-en.{lang}.{ending}" for lang in ("de", "en") for ending in ("bin", "idx")
        }
    assert not any("shuffled" in job.wildcards.values() for job in planned.of("count_activations_en_on_text"))
    heads = planned.job("score_importance_on_text", direction="en-fr")
    assert heads.options["--subset"] == "shuffled"
    folder = f"{RESULTS}/importance/head/baseline/s1/shuffled"
    others = [folder.replace("importance", f"importance_{one}") for one in ("token", "signed")]
    assert heads.outputs == [f"{place}/en-fr.npz" for place in (folder, *others)]
    assert planned.job("select_masks", maskset="heads").options["--activations-root"] == folder
    for name, text in {"k95": "valid", "of_news": "news", "sample-1": "boot-1", "sample-2": "boot-2"}.items():
        told = planned.job("select_masks", maskset=name).options
        assert told["--activations-root"] == f"{RESULTS}/activations/baseline/s1/{text}"
        assert (told["--select"], "--draw" in told) == ("mass:95", False)


def test_samples_are_of_the_text_of_the_set_and_its_directions(planned: Plan) -> None:
    [job] = planned.of("stability")
    told = job.options
    assert (told["--subset"], told["--select"], told["--seed"]) == ("valid", "mass:95", "1")
    assert (told["--sentences"], told["--draws"]) == ("20 5", "7")
    assert told["--directions"] == "en-de en-fr de-en fr-en"
    assert f"{BIN}/valid.en-fr.fr.bin" in job.inputs
    assert job.outputs == [
        f"{RESULTS}/analysis/stability/baseline/s1/k95.{end}" for end in ("json", "csv", "md")
    ]


def test_a_set_is_compared_with_those_of_the_same_selection(planned: Plan) -> None:
    [job] = planned.of("text_control")
    others = ["of_news", "in_latin", "of_noise", "sample-1", "sample-2"]
    masks = f"{RESULTS}/masks/baseline/s1"
    assert job.options["--masks"] == f"{masks}/k95.npz"
    assert job.options["--others"].split() == [f"{masks}/{name}.npz" for name in others]
    assert job.options["--stability"] == f"{RESULTS}/analysis/stability/baseline/s1/k95.json"


def test_every_score_is_of_the_text_of_its_mask_set(planned: Plan) -> None:
    directions = ("en-de", "en-fr", "de-en", "fr-en")
    of_news = planned.job("score_magnitude_on_text", direction="en-fr", text="news")
    assert of_news.options["--subset"] == "news"
    for masks, folder in (("loud", "magnitude/baseline/s1/news"), ("rare", "lape/baseline/s1/few")):
        selected = planned.job("select_masks", maskset=masks)
        assert selected.inputs == [f"{RESULTS}/{folder}/{direction}.npz" for direction in directions]
    # LAPE compares counts, which are made for it.
    of_few = planned.job("score_lape_on_text", text="few", form="lape")
    assert of_few.inputs == [
        f"{RESULTS}/activations/baseline/s1/few/{direction}.npz" for direction in directions
    ]
    assert planned.job("count_activations_en_on_text", text="few").options["--subset"] == "few"
