"""Malformed input of probes: values and words that do not fit, properties that nobody has."""

import json

import numpy as np

from tests.malformed.case import cases_of, deferred
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.units.space import UnitGroup, UnitSpace

SPACE = UnitSpace([UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 4)])


@deferred
def fitted(folder, options="--property upos", values=None, damage=lambda _: None):
    """Forty words, half of them nouns."""
    labels = {"upos": ["NOUN", "VERB"] * 20, "one": ["X"] * 40, "rare": ["X"] * 39 + ["Y"]}
    whole = Words(
        ["a"] * 40, [n // 4 for n in range(40)], [n % 4 for n in range(40)], ["de-en"] * 40, labels, SPACE,
        {"stack": "encoder", "system": "baseline"},
    )  # fmt: skip
    whole.write(folder / "w.json")
    np.save(folder / "v.npy", np.ones((40, 4), dtype=np.float16) if values is None else values)
    damage(folder)
    outs = "--out-json o.json --out-csv o.csv --out-markdown o.md --out-scores s.npz --out-masks m.npz"
    return f"--values v.npy --words w.json --seed 1 --fewest 2 {outs} {options}"


def other_words(folder):
    (folder / "w.json").write_text(json.dumps({"format": "x"}))


fit = cases_of("probe-", "analyse.probes.fit_probes")

CASES = [
    fit("property", "a property that nobody has", fitted("--property Upos"), "--property: no 'Upos' (did you mean 'upos'?); there are language, direction, position, suffix, upos, one, rare"),
    fit("one-label", "a property of one label", fitted("--property one"), "--property one: 1 label (X) of at least 2 words, a probe tells two apart; more sentences, a smaller --fewest or another property are needed"),
    fit("rare-label", "a label seen once", fitted("--property rare"), "--property rare: 1 label (X) of at least 2 words, a probe tells two apart; more sentences, a smaller --fewest or another property are needed"),
    fit("shape", "values of other words", fitted(values=np.ones((39, 4), dtype=np.float16)), "v.npy: float16 [39, 4], but its words are 40 and its units 4; run collect_units again"),
    fit("values", "values that are no array", fitted(damage=lambda folder: (folder / "v.npy").write_bytes(b"x")), "v.npy: not an array; delete it and run collect_units again"),
    fit("words", "words of another format", fitted(damage=other_words), "w.json: not words of units' values (neuronspec-word-values-1); delete it and run collect_units again"),
    fit("draws", "one random draw", fitted("--property upos --draws 1"), "--draws is 1, at least 5 is needed"),
    fit("constant", "units that are all constant", fitted(), "upos: every unit is constant over 32 tokens; nothing can be read from them"),
    fit("salient", "salient units of no share", fitted("--property upos --salient 0"), "--salient 0: a share of a label's weights in percent is above 0, such as 25"),
    fit("percents", "a share of less than one unit", fitted("--property upos --percents 10", np.eye(40, 4, dtype=np.float16)), "10 % of 4 units is less than one; take at least 25 %"),
    fit("seeds", "a split twice", fitted("--property upos --seeds 1 1"), "--seeds: 1 is named twice"),
]  # fmt: skip
