"""Malformed input of ablation curves, effect matrices and strongest units."""

import json

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import cases_of, deferred
from tests.malformed.model_cases import counting
from workflow_scripts.units.space import model_space

HEADS = {"encoder_layers": 2, "decoder_layers": 2, "ffn_dim": 12, "heads": 2, "model_dim": 8}


@deferred
def ablated(folder, options="", scores='{"activations":"counts"}', values=None, space=tiny.SPACE):
    """Counts of both directions, made from the system's weights."""
    words = "--sizes 10% 50% --directions de-en --out-json c.json --out-csv c.csv --out-markdown c.md"
    words = counting(options=f"--scores {scores} {words} {options}")(folder)
    _write_counts(folder, values, space)
    return str(words)


@deferred
def crossed(folder, options="", directions="de-en en-de", **facts):
    words = f"--criteria lape --sizes 10% --directions {directions}"
    words += " --out-json c.json --out-csv c.csv --out-markdown c.md"
    words = counting(options=f"--activations-root counts {words} {options}")(folder)
    _write_counts(folder, **facts)
    return str(words)


@deferred
def strongest(folder, options="", root="counts", **facts):
    words = "--units 4 --removed-sentences 2 --max-sentences 5 --select mass:70 --directions de-en en-de"
    words += f" --out-json s.json --out-csv s.csv --out-markdown s.md --activations-root {root} {options}"
    words = counting(options=words)(folder)
    _write_counts(folder, **facts)
    return str(words)


def _write_counts(folder, values=None, space=tiny.SPACE, **facts):
    sha = json.loads((folder / "system/system.json").read_text())["sha256"]["model.safetensors"]
    made = {"weights_sha256": sha, **facts}
    for direction in tiny.DIRECTIONS:
        tiny.counts(direction, values=values, space=space, **made).write(folder / f"counts/{direction}.npz")


def undefined():
    values = np.arange(float(tiny.SPACE.size))[None, :]
    values[0, 7] = np.nan
    return values


ablation = cases_of("ablation-", "analyse.effects.ablate_units")
effects = cases_of("effects-", "analyse.effects.effect_matrix")
units = cases_of("strongest-", "analyse.strongest_units")
HEAD_SPACE = model_space(HEADS, ["head"])

CASES = [
    ablation("absent", "ablation by a score that is not there", ablated(scores='{"lape":"lape"}'), "lape/de-en.npz: no activations of direction 'de-en'; count them first"),
    ablation("nan", "ablation by a score that is undefined", ablated(values=undefined()), "counts/de-en.npz: 1 of 48 counts are undefined, the first of unit 7; count again"),
    ablation("tied", "ablation by equal scores", ablated("--sizes 50%", values=np.ones((1, 48), np.int64)), "counts: tied: 6 of the 6 units that de-en keeps in encoder.0.ffn have the score 1, and so have 6 that are left out (and in 3 more rows and groups): their order alone decides; take another amount, or more text; or accept it: --accept-uninformative, masks.accept_uninformative"),
    ablation("share", "a share of heads that is less than one", ablated("--sizes 5%", values=np.arange(12)[None], space=HEAD_SPACE), "--sizes 5%: select top:5%: that is less than one of the 2 units of encoder.0.self; take at least 50%"),
    ablation("size", "more units than a layer has", ablated("--sizes 13"), "--sizes 13: encoder.0.ffn has 12 units; take fewer, or a share"),
    ablation("layers", "units of layers together", ablated("--sizes 10%@model"), "--sizes 10%@model: a share of each layer's units, such as 5%, or a number of them"),
    ablation("scale", "a factor that is no number", ablated("--scale half"), "--scale half: 'half' is not a number; write 'scale:0.5'"),
    ablation("dose", "units to scale of a size that is not measured", ablated("--scale 0.5 --dose 20%"), "--dose 20%: not one of --sizes (10% 50%)"),
    ablation("draws", "curves beside one random draw", ablated("--draws 1"), "--draws is 1, at least 5 is needed"),
    ablation("metrics", "translations without text", ablated("--metrics bleu"), "--metrics: translations need --sources and --references"),
    effects("positions", "an effect matrix of counts that do not say of how many positions", crossed(), "counts/de-en.npz: does not say at how many positions units were counted; count again"),
    effects("one", "an effect matrix of one direction", crossed(directions="de-en"), "--directions: de-en: no two languages on one side; an effect matrix compares languages"),
    effects("masks", "the criterion masks without masks", crossed("--criteria masks"), "--masks: goes with the criterion masks, and this criterion with it"),
    effects("model", "an effect matrix of another model's counts", crossed(weights_sha256="ab" * 32), "counts: scores were made from weights #, the model's are #; make scores from this model's activations"),
    effects("permutations", "no permutations", crossed("--permutations 0"), "--permutations is 0, at least 1 is needed"),
    units("absent", "strongest units by counts that are not there", strongest(root="nowhere"), "nowhere/de-en.npz: no activations of direction 'de-en'; count them first"),
    units("positions", "strongest units by counts that do not say of how many positions", strongest(), "counts/de-en.npz: does not say at how many positions units were counted; count again"),
    units("model", "strongest units by another model's counts", strongest(weights_sha256="ab" * 32), "counts: scores were made from weights #, the model's are #; make scores from this model's activations"),
    units("draws", "strongest units beside one random set", strongest("--draws 1"), "--draws is 1, at least 5 is needed"),
    units("select", "masks of parts of the text by no selector", strongest("--select mass:0"), "select 'mass:0': k is 0, but a share of the activations in percent is above 0"),
]  # fmt: skip
