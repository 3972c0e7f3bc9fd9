"""Malformed comparisons of models: those that read other tokens, one alone, sizes and files that are wrong."""

import json

from tests.malformed import tiny
from tests.malformed.case import cases_of, deferred
from tests.malformed.model_cases import DICTIONARY, counting


def scaled(weights):
    """Other weights, so that the second model is not the first."""
    for name in weights:
        weights[name] = weights[name] * 0.5


@deferred
def side_by_side(folder, options="", models=("a", "b"), dictionary=DICTIONARY, describe=lambda _: None):
    """Systems ``a`` and ``b`` of one vocabulary, unless these are given for ``b``."""
    counting()(folder)
    (folder / "system").rename(folder / "a")
    tiny.system(
        folder, files={"spm.model": b"pieces", "dict.txt": dictionary}, change=scaled, describe=describe,
        symbols=12,
    )  # fmt: skip
    (folder / "system").rename(folder / "b")
    words = "--data-bin bin --subset valid --directions de-en en-de --out-json o --out-csv p --out-markdown q"
    return [*words.split(), "--models", json.dumps({name: name for name in models}), *options.split()]


def deeper(value):
    value["architecture"]["ffn_dim"] = 16


def other_languages(value):
    value["languages"] = ["en", "de"]


@deferred
def erased(folder, options="", scores="scores.npz", sizes="5"):
    words = counting(options="--directions de-en --out-json o --out-csv p --out-markdown q")(folder)
    sha = json.loads((folder / "system/system.json").read_text())["sha256"]["model.safetensors"]
    tiny.counts("de-en", weights_sha256=sha).write(folder / "scores.npz")
    tiny.counts("de-en").write(folder / "others.npz")
    return [
        *words.split(),
        "--scores",
        json.dumps({"max": scores}),
        "--sizes",
        *sizes.split(),
        *options.split(),
    ]


compared = cases_of("correlate-", "analyse.correlation.correlate_units")
erase = cases_of("erase-", "analyse.correlation.erase_correlated")
CASES = [
    compared("alone", "one model alone", side_by_side(models=["a"]), "--models: a alone; units are compared between two models at least"),
    compared("form", "models that are a list", side_by_side("--models []"), '--models: not of the shape {"baseline/s1": "systems/baseline/s1"}'),
    compared("twice", "a model of two names", side_by_side('--others {"c":"a"}'), "--models: a and c have the same weights and masks, so that every unit is its own double; leave one out"),
    compared("same-name", "a partner of a model's name", side_by_side('--others {"a":"b"}'), "--others: a is one of --models, too; call it otherwise"),
    compared("absent", "a model that is not there", side_by_side('--others {"c":"c"}'), "c: no system here (system.json is missing)"),
    compared("vocabulary", "models of two vocabularies", side_by_side(dictionary=DICTIONARY[4:] + b"x 1\n"), "--models: b has another vocabulary (b/dict.txt) than a; compare models whose dict.txt and languages are the same"),
    compared("languages", "models whose languages have other ids", side_by_side(describe=other_languages), "--models: b has another vocabulary (b/dict.txt) than a; compare models whose dict.txt and languages are the same"),
    compared("units", "models of other units", side_by_side(describe=deeper), "--models: b has other units than a: 64 units in 4 groups, not 48 in 4; compare models of one architecture"),
    compared("draws", "chance of one draw", side_by_side("--draws 1"), "--draws is 1, at least 5 is needed"),
    compared("forms", "a form that is named twice", side_by_side("--forms max max"), "--forms: max is named twice"),
    compared("sentences", "one sentence", side_by_side("--max-sentences 1"), "--max-sentences is 1, at least 2 is needed"),
    erase("draws", "random units of one draw", erased("--draws 1"), "--draws is 1, at least 5 is needed"),
    erase("size", "a size that is no unit of a layer", erased(sizes="5%"), "select top:5%: that is less than one of the 12 units of encoder.0.ffn; take at least 8.34%"),
    erase("model", "scores of another model", erased(scores="others.npz"), "others.npz: scores were made from weights #, the model's are #; make scores from this model's activations"),
    erase("row", "scores without a row of the direction", erased("--directions en-de"), "scores.npz: no score row 'en-de'; rows: de-en"),
]  # fmt: skip
