"""Malformed configs of a causal language model."""

from tests.malformed.case import Case
from tests.malformed.config_cases import STAGE

RIGHT = """\
experiment: x
languages: [cs, de, fr]
attach: {model: gpt}
language_model: {valid: "v.{lang}", tests: {one: "o.{lang}"}}
"""


def model(name, what, changes, said, more=""):
    """A case of the right config in which texts are replaced by others, with more lines."""
    text = RIGHT
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)

    def lay(folder):
        (folder / "config.yaml").write_text(text + more)
        return ["--configfile", "config.yaml"]

    return Case(name, what, STAGE, lay, said)


HAS = "experiment, languages, groups, attach, language_model, train, activations, masks, analysis"
# fmt: off
CASES = [
    model("lm-sections", "training and decoding of a language model", {}, f"config.yaml, line 5: decode: a language model translates nothing and is not trained here; the config has {HAS}\nconfig.yaml, line 6: systems: a language model translates nothing and is not trained here; the config has {HAS}", "decode: {beam: 4}\nsystems: {ns: {masks: k95}}\n"),
    model("lm-train", "a training of a language model", {}, "config.yaml, line 5: train.max_updates: the model is not trained; here are seeds alone, of what is drawn", "train: {max_updates: 9, seeds: [1]}\n"),
    model("lm-no-model", "text without a model", {"attach: {model: gpt}\n": ""}, "config.yaml: attach: this key is missing: the model is attach.model (docs/how-to/language-models.md)"),
    model("lm-tags", "tags of languages", {"{model: gpt}": "{model: gpt, tags: {cs: cs}}"}, "config.yaml, line 3: attach.tags: a causal language model is told no language; leave it out"),
    model("lm-pattern", "text without a language in its name, and text that is scored and measured", {'valid: "v.{lang}"': 'valid: "v.txt"'}, "config.yaml, line 4: language_model.valid: v.txt: the pattern of a text holds {lang}, and nothing else in braces"),
    model("lm-same", "text that is scored and measured", {'"o.{lang}"': '"v.{lang}"'}, "config.yaml, line 4: language_model: tests.one: v.{lang} is also valid; units are measured on other text"),
    model("lm-analyses", "analyses of translation", {}, "config.yaml, line 5: analysis.heads: of translation; a language model has analysis.ablation, criteria, effects, probes\nconfig.yaml, line 5: analysis.ablation.metrics: a language model translates nothing; leave it out", "analysis: {heads: {}, ablation: {metrics: [bleu]}}\n"),
    model("lm-masks", "rows of directions", {}, "config.yaml, line 5: masks.sets.m: of directions; a language model's sets have select, or rows: random", "masks: {sets: {l: {of: lape, select: \"top:2\"}, m: {like: l, rows: merged, by: language}}}\n"),
    model("lm-one", "one language to compare", {"[cs, de, fr]": "[cs]"}, "config.yaml, line 2: languages: at least 2 needed, not ['cs']"),
    model("lm-probes", "words of an encoder, and labels without a file", {}, "config.yaml, line 5: analysis.probes.stacks: a causal language model has no encoder; write stacks: [decoder]\nconfig.yaml, line 5: analysis.probes.text: no 'two'; there are valid, one, conllu\nconfig.yaml, line 5: analysis.probes.properties: upos: gold labels need the key conllu, a file for each language", "analysis: {probes: {text: two, properties: [upos]}}\n"),
]
# fmt: on
