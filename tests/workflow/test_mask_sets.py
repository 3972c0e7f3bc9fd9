"""Mask sets and systems that are not trained: what the jobs of one plan read and are told."""

from __future__ import annotations

import json

import pytest

from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_job_counts import TINY, lay_down_text

FOUR = {
    "out": {"encoder": "all", "decoder": "mass:90"},
    "into": {"encoder": "mass:80", "decoder": "all"},
}
CONFIG = {
    **TINY,
    "masks": {
        "k": [95],
        "sets": {
            "enc.top": {"select": "top:30%@model", "stacks": ["encoder"]},
            "four": {"select": FOUR, "gate": {"ffn": "zero"}},
            "heads": {"of": "importance", "units": ["head"], "select": "top:30%@model"},
            "by_token": {"of": "importance_token", "units": ["head"], "select": "top:30%@type"},
            "chance": {"like": "enc.top", "rows": "random", "draws": 2},
            "families": {"like": "four", "rows": "merged", "by": "family"},
            "swapped": {"like": "k95", "rows": "swapped", "pairs": {"de-en": "fr-en"}},
            "others": {"like": "k95", "rows": "swapped", "pairs": "across_families", "draws": 1},
        },
    },
    "groups": {"family": {"west": ["de"], "south": ["fr"]}},
    "systems": {
        "continued": {"masks": "all"},
        "pruned": {"masks": "enc.top", "train": "none"},
        "fewer-heads": {"masks": "heads", "train": "none"},
        "chance": {"masks": "chance-2", "train": "finetune"},
    },
    "train": {"seeds": [3]},
}
RESULTS = "results/tiny"
MASKS = f"{RESULTS}/masks/baseline/s3"
TRAINED = "en-de en-fr de-en fr-en"
SETS = {
    "k95": {"--select": "mass:95"},
    "all": {"--select": "all"},
    "enc.top": {"--select": "top:30%@model", "--stacks": "encoder"},
    "heads": {"--select": "top:30%@model"},
    "by_token": {"--select": "top:30%@type"},
    "four": {"--select": FOUR, "--pivot": "en", "--gate": {"ffn": "zero"}},
    "chance-1": {"--like": "enc.top", "--rows": "random", "--draw": "1", "--seed": "3"},
    "chance-2": {"--like": "enc.top", "--rows": "random", "--draw": "2", "--seed": "3"},
    "families": {
        "--like": "four",
        "--rows": "merged",
        "--by": "family",
        "--families": {"de": "west", "fr": "south"},
    },
    "swapped": {"--like": "k95", "--rows": "swapped", "--pairs": {"de-en": "fr-en"}},
    "others-1": {
        "--like": "k95",
        "--rows": "swapped",
        "--pairs": {"en-de": "en-fr", "en-fr": "en-de", "de-en": "fr-en", "fr-en": "de-en"},
    },
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("mask_sets")
    lay_down_text(folder)
    return plan(folder, CONFIG)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_selected_as_its_config_says(name: str, planned: Plan) -> None:
    job = planned.job("select_masks", maskset=name, seed="3", system="baseline")
    told = {key: json.loads(value) if value.startswith("{") else value for key, value in job.options.items()}
    assert (told.pop("--directions"), told.pop("--out")) == (TRAINED, f"{MASKS}/{name}.npz")
    if like := SETS[name].get("--like"):
        read = [f"{MASKS}/{like}.npz"]
        assert told == {**SETS[name], "--like": read[0]}
    else:
        scores = {"heads": "importance/head", "by_token": "importance_token/head"}.get(name, "activations")
        folder = f"{RESULTS}/{scores}/baseline/s3/valid"
        read = [f"{folder}/{direction}.npz" for direction in TRAINED.split()]
        assert told == {**SETS[name], "--activations-root": folder}
    assert sorted(job.inputs) == sorted(read)


def test_a_system_that_is_not_trained_has_the_weights_of_the_baseline(planned: Plan) -> None:
    assert [job.wildcards["untrained"] for job in planned.of("use_masks")] == ["pruned", "fewer-heads"]
    assert sorted(job.wildcards["finetuned"] for job in planned.of("finetune")) == ["chance", "continued"]
    made = planned.job("use_masks", untrained="pruned")
    assert made.options == {
        "--system": "pruned",
        "--parent": f"{RESULTS}/systems/baseline/s3",
        "--masks": f"{MASKS}/enc.top.npz",
        "--out": f"{RESULTS}/systems/pruned/s3",
    }
    assert planned.job("finetune", finetuned="chance").options["--masks"] == f"{MASKS}/chance-2.npz"
    decoded = planned.job("decode", system="pruned", direction="en-fr")
    assert f"{RESULTS}/systems/pruned/s3/model.safetensors" in decoded.inputs


def test_units_are_scored_for_the_sets_that_need_it(planned: Plan) -> None:
    scored = {job.wildcards["direction"] for job in planned.of("score_importance")}
    assert scored == set(TRAINED.split())
    made = planned.job("score_importance", direction="en-fr")
    assert made.options == {
        "--system": f"{RESULTS}/systems/baseline/s3",
        "--data-bin": f"{RESULTS}/data/bin",
        "--subset": "valid",
        "--direction": "en-fr",
        "--units": "head",
        "--out": f"{RESULTS}/importance/head/baseline/s3/valid/en-fr.npz",
        "--out-token": f"{RESULTS}/importance_token/head/baseline/s3/valid/en-fr.npz",
        "--out-signed": f"{RESULTS}/importance_signed/head/baseline/s3/valid/en-fr.npz",
    }
