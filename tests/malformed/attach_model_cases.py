"""Malformed configs with a model of transformers as the baseline."""

from tests.malformed.config_cases import config

NO_SYSTEMS = "systems: {}\n"
COMMIT = "1" * 40


def attach(keys, more=NO_SYSTEMS):
    return f"attach: {{model: hub/m, {keys}}}\n{more}"


# fmt: off
CASES = [
    config("model-both", "a model and a checkpoint of fairseq", attach("checkpoint: c.pt, dictionary: d.txt"), "config.yaml, line 5: attach: model and checkpoint: a baseline is a model of transformers or a checkpoint of fairseq, with its dictionary and subwords; leave one of the two out"),
    config("model-key", "a key like one of a model", attach("tag: {en: en}"), "config.yaml, line 5: attach.tag: unknown key 'tag' (did you mean 'tags'?)"),
    config("model-branch", "a branch in place of a commit", attach("revision: main"), "config.yaml, line 5: attach: revision: 'main' is not a commit, 40 digits and letters a to f; branches and tags move"),
    config("model-number", "a commit that YAML reads as a number", attach(f"revision: {COMMIT}"), "config.yaml, line 5: attach.revision: a commit is 40 digits and letters a to f, in quotes"),
    config("model-folder", "a commit of a folder", f"attach: {{model: ./m, revision: \"{COMMIT}\"}}\n{NO_SYSTEMS}", "config.yaml, line 5: attach: model: './m' is no name on the hub, such as facebook/m2m100_418M, which revision is of; of a folder leave revision out"),
    config("model-same-tag", "one tag for two languages", attach("tags: {en: __en__, de: __en__, fr: __fr__}"), "config.yaml, line 5: attach: tags.de: '__en__' is the tag of en, too; each language has its own"),
    config("model-languages", "tags of other languages than there are", attach("tags: {en: __en__, de: __de__, fra: __fr__}"), "config.yaml, line 5: attach.tags.fra: not in languages (did you mean 'fr'?)\nconfig.yaml, line 5: attach.tags: there is none of fr; each language has one, or null"),
    config("model-prefixes", "text before sources of other directions", attach('prefixes: {en-de: "to German: ", en-ed: "x"}'), "config.yaml, line 5: attach.prefixes.en-ed: not evaluated (did you mean 'en-de'?)\nconfig.yaml, line 5: attach.prefixes: there is none of en-fr, de-en, fr-en; each direction has one, or \"\""),
    config("model-trained", "BLEU while a model is fine-tuned", attach("") + "finetune: {valid_bleu: true}\n", "config.yaml, line 7: finetune.valid_bleu: the loop of attach.model does not have it; leave it out"),
    config("model-train", "settings of a training of the baseline", attach("") + "train: {lr: 0.1, seeds: [1]}\n", "config.yaml, line 7: train.lr: the baseline is attach.model, which is not trained; leave it out"),
    config("model-sections", "what the model brings itself", attach("") + "subwords: {vocab_size: 9}\ntext: {moses: true}\nmodel: {preset: tiny}\n", "config.yaml, line 7: subwords: the tokenizer is that of attach.model; leave it out\nconfig.yaml, line 8: text: the tokenizer of attach.model reads text as it is; leave it out\nconfig.yaml, line 9: model: the architecture is that of attach.model; leave it out"),
    config("model-engine", "an engine of another library", attach("") + "decode: {engine: fairseq}\n", "config.yaml, line 7: decode.engine: fairseq does not decode a model of attach.model; take one of ctranslate2, huggingface"),
    config("engine-without-model", "an engine for a model that is not there", "decode: {engine: huggingface}\n", "config.yaml, line 5: decode.engine: huggingface does not decode a system of fairseq; take one of ctranslate2, fairseq"),
    config("model-ranking", "a ranking by another library's scores", attach("") + "decode: {ranking: fairseq}\n", "config.yaml, line 7: decode.ranking: fairseq's scores are of its own models; take native"),
    config("model-paper", "references of binarised text", attach("") + "evaluation: {references: [raw, paper]}\n", "config.yaml, line 7: evaluation.references: paper is of binarised text, which there is none of with attach.model; take [raw]"),
    config("model-shards", "shards of text that is not binarised", attach("") + 'data: {shards: 2, source: {type: files, valid: "v.{lang}", tests: {one: "o.{lang}"}}}\nevaluation: {off_target: false}\n', "config.yaml, line 6: data.shards: text for attach.model is not binarised, and has no shards; leave it out"),
    config("model-random", "random subwords of text that has none", attach("") + "texts: {noise: {of: valid, change: random_tokens}}\n", "config.yaml, line 7: texts.noise.change: random_tokens is of binarised text, which there is none of with attach.model"),
    config("model-weights", "single weights of a model", attach("") + "masks: {sets: {w: {of: weights, units: [weight], system: baseline, select: \"top:5%\"}}}\n", "config.yaml, line 7: masks.sets.w: single weights are not units of attach.model; take ffn or head"),
    config("rule-name", "a rule that is none", "activations: {rule: sing}\n", "config.yaml, line 5: activations.rule: 'sing' is not sign, threshold:0.1 or nonzero (did you mean 'sign'?)"),
    config("rule-threshold", "a threshold that is none", "activations: {rule: \"threshold:0\"}\n", "config.yaml, line 5: activations.rule: threshold 0 is not above 0; write 'sign' for that"),
    config("rule-stability", "samples that are counted by another rule", "activations: {rule: nonzero}\nanalysis: {stability: {masks: k95}}\n", "config.yaml, line 6: analysis.stability: counts by the rule sign, and activations.rule is nonzero"),
]
# fmt: on
