"""Malformed configs: what is written in place of (or beside) the keys of a small right one."""

import json
import re

from tests.malformed.case import Accepted, Case

RIGHT = """\
experiment: x
languages: [en, de, fr]
pivot: en
data: {source: {type: files, train: "t.{lang}", valid: "v.{lang}", tests: {one: "o.{lang}"}}}
"""
TOY = """\
data: {source: {type: toy, families: {north: [de], south: [fr]}, tiers: {high: {size: 9, languages: [de, fr]}}}}
"""
STAGE = "workflow.plan.times"


def with_changes(changes):
    keys = set(re.findall(r"^(\w+):", changes, re.MULTILINE))
    kept = [line for line in RIGHT.splitlines(keepends=True) if line.split(":")[0] not in keys]
    return "".join(kept) + changes


def config(name, what, changes, said, bounded=False):
    return whole(name, what, with_changes(changes).encode(), said, bounded)


def whole(name, what, content, said, bounded=False):
    def lay(folder):
        (folder / "config.yaml").write_bytes(content)
        return ["--configfile", "config.yaml"]

    return Case(name, what, STAGE, lay, said, bounded)


def by_run(name, what, changes, said):
    """A case that must be found before Snakemake reads the config."""
    case = config(name, what, changes, said)
    return Case(name, what, "workflow.run.start", case.lay, said)


def source(text):
    return f"data: {{source: {{{text}}}}}\n"


def bomb():
    """A few hundred bytes of YAML that stand for 10**9 words."""
    lists = [f"&a{n} [{', '.join([f'*a{n - 1}' if n else 'en'] * 10)}]" for n in range(9)]
    return f"decode: [{', '.join(lists)}]\n"


FILES = 'type: files, train: "t.{lang}", valid: "v.{lang}"'
QUIET = "evaluation: {off_target: false}\n"
TESTS_ALONE = 'data: {source: {type: files, tests: {one: "o.{lang}"}}}\n'


def attach(more):
    return f"attach: {{checkpoint: c.pt, dictionary: d.txt, subwords: s.model, {more}}}\n{QUIET}"


ATTACH = attach("")
MTDATA = "type: mtdata, train: {de-en: [a], en-fr: [a]}, valid: {de-en: [a], en-fr: [a]}"

CASES = [
    # the file
    Case("config-absent", "a config that is not there", STAGE, lambda folder: "--configfile config.yaml", 'config.yaml: there is no such config file'),
    Case("config-folder", "a folder named as config", STAGE, lambda folder: "--configfile .", '.: this is a folder, where a file is needed: check the path'),
    whole("config-empty", "an empty config", b"", 'config.yaml: the config is empty; config/config.yaml is an example'),
    whole("config-list", "a YAML of a list", b"- experiment: x\n", "config.yaml: a config is a mapping of keys to values, not [{'experiment': 'x'}]"),
    whole("config-not-utf8", "Latin-1 in a config", b"# Tabelle\n# f\xfcr uns\nexperiment: x\n", 'config.yaml, line 2: not UTF-8 (byte 0xfc); convert the file with iconv'),
    whole("config-nul", "a NUL byte in a config", b"experiment: x\npivot: e\0n\n", 'config.yaml, line 2: this is not YAML (special characters are not allowed)'),
    whole("config-tab", "a tab as indentation", b"experiment: x\ndata:\n\tsource: 1\n", "config.yaml, line 3: this is not YAML (found character '\\t' that cannot start any token); indent with blanks, not tabs"),
    whole("config-broken", "a bracket that is not closed", b"experiment: x\nlanguages: [en, de\npivot: en\n", "config.yaml, line 3: this is not YAML (expected ',' or ']', but got ':')"),
    whole("config-braces", "a pattern without quotes between braces", b"experiment: x\ndata:\n  source: {type: files, valid: text/valid.{lang}}\n", "config.yaml, line 3: this is not YAML (expected ',' or '}', but got '{'); between { and } put a text that has braces into quotes"),
    whole("config-column", "keys of a section in two columns", b"experiment: x\ntrain:\n  lr: 0.001\n max_updates: 10\n", "config.yaml, line 4: this is not YAML (expected <block end>, but found '<block mapping start>'); begin the keys of a section in the same column"),
    whole("config-binary", "a checkpoint named as config", b"\0" * 11_000_000, 'config.yaml: 11000000 bytes; this is not a config, which is a small text file', bounded=True),
    config("config-bomb", "aliases of aliases that stand for a billion words", bomb(), "config.yaml, line 5: decode: keys with values are needed, not [['en', 'en', 'en', 'en', ...], [[...], [...], [...], [...], ...], [[...], [...], [...], [...], ...], [[...], [...], [...], [...], ...], ...]; there are engine, ranking, beam, length_penalty, max_length, batch_tokens, compute_type, threads", bounded=True),
    whole("config-deep", "brackets nested a hundred thousand deep", b"[" * 100_000, 'config.yaml: this is not a config (nested too deeply)'),
    config("config-twice", "a key that is there twice", "train:\n  lr: 0.001\n  max_updates: 10\n  lr: 0.002\n", "config.yaml, line 8: the key 'lr' is in line 6 already; delete one"),
    config("config-tag", "a YAML tag that would run a command", "model: !!python/object/apply:os.system ['touch ran']\n", 'config.yaml, line 5: the tag !!python/object/apply:os.system is not allowed: a config holds plain values'),
    by_run("config-yte", "the key by which Snakemake would run Python in a config", "__use_yte__: true\n__definitions__: [\"open('ran', 'w')\"]\n", "config.yaml, line 5: __use_yte__: unknown key '__use_yte__'; there are experiment, languages, pivot, groups, directions, data, subwords, text, model, train, finetune, activations, texts, masks, systems, uses, attach, decode, evaluation, export, analysis, report, tasks, language_model\nconfig.yaml, line 6: __definitions__: unknown key '__definitions__' (did you mean 'directions'?)"),
    # types and keys
    config("type-of-number", "a word for a number", "decode: {beam: five}\n", "config.yaml, line 5: decode.beam: a whole number is needed, not 'five'"),
    config("type-fraction", "a fraction for a whole number", "decode: {beam: 4.5}\n", 'config.yaml, line 5: decode.beam: a whole number is needed, not 4.5'),
    config("type-boolean", "a bare yes for a number", "decode: {beam: yes}\n", "config.yaml, line 5: decode.beam: a whole number is needed, not 'true'"),
    config("type-of-flag", "a number for true or false", "text: {moses: 3}\n", 'config.yaml, line 5: text.moses: true or false is needed, not 3'),
    config("type-of-list", "a word for a list", "languages: en\n", "config.yaml, line 4: languages: a list is needed, such as [en], not 'en'"),
    config("type-of-section", "a number for a section", "decode: 5\n", 'config.yaml, line 5: decode: keys with values are needed, not 5; there are engine, ranking, beam, length_penalty, max_length, batch_tokens, compute_type, threads'),
    config("type-of-system", "a mask set for a system", "systems: {ns: k95}\n", "config.yaml, line 5: systems.ns: keys with values are needed, not 'k95'; there are masks, train, parameters, head_weights, momentum, renew, adapters, each, start, directions, settings"),
    config("type-of-name", "a number for a name", "experiment: 7\n", 'config.yaml, line 4: experiment: text is needed, in quotes where YAML reads something else, not 7'),
    config("key-unknown", "a misspelt key", "decode: {beem: 5}\n", "config.yaml, line 5: decode.beem: unknown key 'beem' (did you mean 'beam'?)"),
    config("key-unknown-section", "a misspelt section", "decoding: {beam: 5}\n", "config.yaml, line 5: decoding: unknown key 'decoding' (did you mean 'decode'?)"),
    config("key-strange", "a key like no other", "xyzzy: 1\n", "config.yaml, line 5: xyzzy: unknown key 'xyzzy'; there are experiment, languages, pivot, groups, directions, data, subwords, text, model, train, finetune, activations, texts, masks, systems, uses, attach, decode, evaluation, export, analysis, report, tasks, language_model"),
    whole("key-missing", "keys without a default left out", b"experiment: x\npivot: en\n", 'config.yaml: languages: this key is missing\nconfig.yaml: data: this key is missing'),
    config("choice", "a value that is not among the choices", "decode: {engine: marian}\n", "config.yaml, line 5: decode.engine: 'marian' is not one of 'ctranslate2', 'fairseq', 'huggingface'"),
    config("choice-of-source", "a source of an unknown type", source("type: file"), "config.yaml, line 4: data.source: 'file' is not one of 'toy', 'files', 'multi30k', 'ntrex', 'mtdata' (did you mean 'files'?)"),
    config("rule-of-directions", "a misspelt rule of directions", "directions: {train: pivto}\n", "config.yaml, line 5: directions.train: 'pivto' is not one of 'pivot', 'all' (did you mean 'pivot'?)"),
    config("all-at-once", "five mistakes in one config", "pivot: es\ndecode: {beam: five, lenght_penalty: 1}\nmasks: {k: [0, 101]}\n", "config.yaml, line 6: masks.k.0: a percentage must be in (0, 100], not 0\nconfig.yaml, line 6: masks.k.1: a percentage must be in (0, 100], not 101\nconfig.yaml, line 5: decode.beam: a whole number is needed, not 'five'\nconfig.yaml, line 5: decode.lenght_penalty: unknown key 'lenght_penalty' (did you mean 'length_penalty'?)\nconfig.yaml, line 4: pivot: 'es' is not in languages"),
    # numbers
    config("number-negative", "a negative number", "train: {max_updates: -5}\n", 'config.yaml, line 5: train.max_updates: must be greater than 0, not -5'),
    config("number-zero", "a beam of 0", "decode: {beam: 0}\n", 'config.yaml, line 5: decode.beam: must be greater than 0, not 0'),
    config("number-huge", "a seed of 31 digits", "train: {seeds: [1000000000000000000000000000000]}\n", 'config.yaml, line 5: train.seeds: 1000000000000000000000000000000 is beyond 2147483647, the largest whole number a run can use'),
    config("number-exponent", "a learning rate without the sign of its exponent", "train: {lr: 2e3}\n", "config.yaml, line 5: train.lr: must be less than or equal to 1, not '2e3'"),
    config("number-endless", "an infinite learning rate", "train: {lr: .inf}\n", 'config.yaml, line 5: train.lr: must be a finite number, not inf'),
    config("number-undefined", "a length penalty that is no number", "decode: {length_penalty: .nan}\n", 'config.yaml, line 5: decode.length_penalty: must be a finite number, not nan'),
    config("number-share", "a dropout of 1", "model: {dropout: 1}\n", 'config.yaml, line 5: model.dropout: must be less than 1, not 1'),
    config("number-betas", "Adam's beta of 1", "train: {adam_betas: [0.9, 1.0]}\n", 'config.yaml, line 5: train.adam_betas: each of adam_betas is in [0, 1), not [0.9, 1.0]'),
    config("number-patience", "a patience of 0", "train: {patience: 0}\n", 'config.yaml, line 5: train.patience: patience is a number of validations of at least 1, or null for none'),
    config("number-heads", "heads that do not divide the width", "model: {preset: small, heads: 3}\n", 'config.yaml, line 5: model: model_dim 256 is not a multiple of heads 3'),
    config("seeds-twice", "a seed listed twice", "train: {seeds: [1, 2, 1]}\n", 'config.yaml, line 5: train.seeds: seeds repeat a value: [1, 2, 1]'),
    config("seeds-negative", "a negative seed", "train: {seeds: [-1]}\n", 'config.yaml, line 5: train.seeds: seeds are non-negative: [-1]'),
    config("seeds-none", "no seed", "train: {seeds: []}\n", 'config.yaml, line 5: train.seeds: at least 1 needed, not []'),
    # thresholds
    config("k-zero", "k = 0", "masks: {k: [0]}\n", 'config.yaml, line 5: masks.k.0: a percentage must be in (0, 100], not 0'),
    config("k-101", "k = 101", "masks: {k: [101]}\n", 'config.yaml, line 5: masks.k.0: a percentage must be in (0, 100], not 101'),
    config("k-word", "k = ninety", "masks: {k: [ninety]}\n", "config.yaml, line 5: masks.k.0: a percentage is a number in (0, 100], not 'ninety'"),
    config("k-boolean", "k = yes", "masks: {k: [yes]}\n", 'config.yaml, line 5: masks.k.0: a percentage is a number in (0, 100], not true'),
    config("k-alike", "two k that are the same number", 'masks: {k: [95, "95.0"]}\n', 'config.yaml, line 5: masks.k: two values of k are the same number: 95'),
    config("k-endless", "k of a million decimals", 'masks: {k: ["1e-1000000"]}\n', "config.yaml, line 5: masks.k.0: a percentage has at most six decimals, not '1e-1000000'", bounded=True),
    # names and paths
    config("name-path", "an experiment whose name leaves the results folder", "experiment: ../x\n", "config.yaml, line 4: experiment: '../x': a name is letters, digits and _, with single - between"),
    config("name-long", "a name of 300 letters", f"experiment: {'x' * 300}\n", "config.yaml, line 4: experiment: this should have at most 100 characters, not 'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'"),
    config("name-of-system", "a system whose name is a path", "systems: {a/b: {masks: sweep}}\n", "config.yaml, line 5: systems.a/b: 'a/b': a name is letters, digits and _, with single - between"),
    config("name-of-testset", "a test set whose name is a path", source(FILES + ', tests: {../one: "o.{lang}"}'), "config.yaml, line 4: data.source.tests.../one: '../one': the name of a test set is letters, digits and _"),
    config("pair-path", "a pair that leaves the data folder", source(MTDATA + ", tests: {t: {de-../../en: [a]}}"), "config.yaml, line 4: data.source.tests.t.de-../../en: 'de-../../en': two language codes around a hyphen are needed, such as de-en\nconfig.yaml, line 4: data.source.tests.t: no dataset for the pair de-en\nconfig.yaml, line 4: data.source.tests.t: no dataset for the pair en-fr"),
    config("path-of-results", "training text from the experiment's own results", source('type: files, train: "results/y/../x/data/{lang}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source.train: results/y/../x/data/{lang} is in the results of this experiment, results/x/'),
    config("path-home", "~ in a path", source('type: files, train: "~/t.{lang}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source.train.path: ~ is not read as your home folder here; write the whole path'),
    config("path-nul", "a NUL byte in a path", source('type: files, train: "t\\0.{lang}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train.path: the pattern 't\\x00.{lang}' holds a character that no file name has"),
    config("path-without-language", "a path that is the same for both sides", source('type: files, train: "t.txt", valid: "v.{lang}", tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source.train.path: the pattern must contain {lang}'),
    config("path-unknown-field", "a misspelt field in a path", source('type: files, train: "t.{lnag}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train.path: the pattern names ['lnag']; it may name lang, pair, source, target"),
    config("path-format", "a width of a billion in a path", source('type: files, train: "t.{lang:>1000000000}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train.path: the pattern holds ':' or '!' in braces; write {lang} alone", bounded=True),
    config("path-brace", "a brace that is not closed in a path", source('type: files, train: "t.{lang", valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train.path: the pattern 't.{lang' cannot be read: expected '}' before end of string"),
    # languages and directions
    config("language-case", "capital letters in a language code", "languages: [EN, de, fr]\n", "config.yaml, line 4: languages.0: 'EN': a language code is two or three small letters, with a script or a region where needed (sr_Latn, pt_BR) (did you mean 'en'?)"),
    config("language-no", "Norwegian without quotes", "languages: [en, de, no]\npivot: en\n", 'config.yaml, line 3: languages.2: YAML reads a bare no as false: quote it'),
    config("language-twice", "a language listed twice", "languages: [en, de, de]\n", "config.yaml, line 4: languages: 'de' is listed twice"),
    config("language-one", "one language", "languages: [en]\n", "config.yaml, line 4: languages: at least 2 needed, not ['en']"),
    config("language-unknown", "a language that the corpus lacks", source("type: multi30k") + "languages: [en, de, fi]\n", "config.yaml, line 4: languages: Multi30k has no language 'fi'; it has en, de, fr, cs"),
    config("pivot-unknown", "a pivot that is not a language of the experiment", "pivot: eng\n", "config.yaml, line 4: pivot: 'eng' is not in languages (did you mean 'en'?)"),
    config("language-region", "small letters in a region", "languages: [en, pt_br]\n", "config.yaml, line 4: languages.1: 'pt_br': a language code is two or three small letters, with a script or a region where needed (sr_Latn, pt_BR) (did you mean 'pt_BR'?)"),
    config("language-spelt-twice", "two spellings of one language", "languages: [en, pt-BR, pt_BR]\n", "config.yaml, line 4: languages: 'pt_BR' is listed twice"),
    config("tokenizer-spelt-twice", "two spellings of one key", "languages: [en, zh-Hant]\nevaluation: {tokenizers: {zh-Hant: zh, zh_Hant: char}}\n", "config.yaml, line 5: evaluation.tokenizers: 'zh-Hant' and 'zh_Hant' are the same"),
    config("direction-form", "a direction that is one word", "directions: {train: [deen]}\n", "config.yaml, line 5: directions.train.0: 'deen': two language codes around a hyphen are needed, such as de-en"),
    config("direction-two-readings", "a direction that may be two", "languages: [en, br, pt_BR, en_PT]\ndirections: {train: [en-pt-br]}\n", "config.yaml, line 5: directions.train.0: 'en-pt-br' may be en-pt_BR or en_PT-br: write the one that is meant"),
    config("direction-unknown", "a direction of an unknown language", "directions: {train: [de-en, ed-fr]}\n", "config.yaml, line 5: directions.train: 'ed-fr': 'ed' is not in languages"),
    config("direction-itself", "a direction to itself", "directions: {train: [de-de]}\n", "config.yaml, line 5: directions.train: 'de-de' translates a language into itself"),
    config("direction-twice", "a direction listed twice", "directions: {train: [de-en, de-en]}\n", "config.yaml, line 5: directions.train: 'de-en' is listed twice"),
    config("direction-trained", "a zero-shot direction that is trained", "directions: {evaluate_only: [de-en]}\n", "config.yaml, line 5: directions.evaluate_only: 'de-en' is trained already"),
    config("direction-none", "no direction to train", "directions: {train: []}\n", 'config.yaml, line 5: directions.train: no direction is trained'),
    whole("pivot-missing", "directions by pivot without a pivot", RIGHT.replace("pivot: en\n", "").encode(), "config.yaml: directions.train: 'pivot' needs the key pivot"),
    config("group-unknown", "a group naming a missing language", "groups: {family: {west: [de, nl]}}\n", "config.yaml, line 5: groups.family.west: 'nl' is not in languages"),
    config("group-twice", "a language in two groups", "groups: {family: {west: [de], east: [de, fr]}}\n", "config.yaml, line 5: groups.family.east: 'de' is already in 'west'"),
    config("group-reserved", "a grouping that the tables make themselves", "groups: {all: {west: [de]}}\n", "config.yaml, line 5: groups: 'all' is a grouping that the tables make themselves; call yours otherwise"),
    # systems
    config("texts-nothing", 'a text of nothing', 'texts: {x: {}}\n', "config.yaml, line 5: texts.x: give one of first, bootstrap and change (a mask set takes valid itself by text: valid)"),
    config("texts-of", 'a text of one that is not there', 'texts: {x: {of: vallid, first: 3}}\n', "config.yaml, line 5: texts.x.of: no text 'vallid' (did you mean 'valid'?); there are ['train', 'valid', 'one', 'x']"),
    config("texts-circle", 'texts that are made of each other', 'texts: {x: {of: y, first: 3}, y: {of: x, first: 3}}\n', "config.yaml, line 5: texts.x.of: leads back to x\nconfig.yaml, line 5: texts.y.of: leads back to y"),
    config("texts-serbian", 'Serbian letters of another language', 'texts: {x: {change: cyrillic_to_latin}}\n', "config.yaml, line 5: texts.x.change: cyrillic_to_latin is of Serbian (sr), which is not in languages; take latin"),
    config("texts-draws", 'a set of more draws than its text has', 'texts: {x: {bootstrap: true, draws: 2}}\nmasks: {sets: {y: {select: all, text: x, draws: 3}}}\n', "config.yaml, line 6: masks.sets.y.text: draws is 3, but the text 'x' is drawn 2 times"),
    config("texts-set", 'a set on text that is not there', 'masks: {sets: {y: {select: "mass:95", text: two}}}\n', "config.yaml, line 5: masks.sets.y.text: no text 'two'; there are ['train', 'valid', 'one']"),
    config("stability-set", 'the stability of masks without a score', 'analysis: {stability: {masks: all}}\n', "config.yaml, line 5: analysis.stability.masks: 'all' is not selected by scores of units; name one with select, such as k95"),
    config("stability-pads", 'the stability of masks that padding decided', 'analysis: {stability: {masks: k95}}\nactivations: {count_pads: true}\n', "config.yaml, line 5: analysis.stability: samples are counted by sentence, without padding, and with activations.count_pads masks are of other counts; leave one of the two out"),
    config("text-control-alone", 'masks of other text, and no such masks', 'analysis: {text_control: k95}\n', "config.yaml, line 5: analysis.text_control: no set of masks.sets differs from 'k95' in its text alone"),
    config("set-share", 'a share of units that is less than one', 'masks: {sets: {x: {select: "top:0.01%"}}}\n', "config.yaml, line 5: masks.sets.x.select: select top:0.01%: that is less than one of the 1024 units of encoder.0.ffn; take at least 0.0977%"),
    config("set-amount", 'an amount of units that is none', 'masks: {sets: {x: {select: "top:0%"}}}\n', "config.yaml, line 5: masks.sets.x.select: select 'top:0%': 0 is no amount of units above 0, such as 'top:30%'"),
    config("set-selector", 'a selector that there is not', 'masks: {sets: {x: {select: "tops:30%"}}}\n', "config.yaml, line 5: masks.sets.x.select: select 'tops:30%': no such selector (did you mean 'top'?); there are mass:95, top:30%, bottom:30%, random:30%, all"),
    config("set-neither", 'a mask set of nothing', 'masks: {sets: {x: {}}}\n', "config.yaml, line 5: masks.sets.x: give one of select (by a score of units), like (of another set's rows) and file (of another program)"),
    config("set-like", 'a set like one that is not there', 'masks: {sets: {x: {like: k59, rows: shuffled}}}\n', "config.yaml, line 5: masks.sets.x.like: no mask set 'k59' (did you mean 'k95'?); there are k95, all, x; k59 is made where masks.k has 59"),
    config("set-circle", 'a set like itself', 'masks: {sets: {x: {like: x, rows: shuffled}}}\n', 'config.yaml, line 5: masks.sets.x.like: leads back to x (x, x)'),
    config("set-weights", "masks of weights without a system", 'masks: {sets: {x: {of: weights, units: [weight], select: all}}}\n', "config.yaml, line 5: masks.sets.x: of: weights needs system, the name of the system whose weights they are"),
    config("set-weights-units", "masks of weights and of neurons in one set", 'masks: {sets: {x: {of: weights, system: baseline, units: [ffn, weight], select: all}}}\n', "config.yaml, line 5: masks.sets.x: units: of: weights and units: [weight] go together, without others"),
    config("set-weights-system", "masks of the weights of a system that is not there", 'masks: {sets: {x: {of: weights, system: ful, units: [weight], select: all}}}\nsystems: {full: {each: direction}}\n', "config.yaml, line 5: masks.sets.x.system: no system 'ful' (did you mean 'full'?); there are ['baseline', 'full']"),
    config("set-weights-adapters", "masks of the weights of a system of adapters", 'masks: {sets: {x: {of: weights, system: small, units: [weight], select: all}}}\nsystems: {small: {adapters: {kind: lora, size: 2}}}\n', "config.yaml, line 5: masks.sets.x.system: 'small' trains adapters, not weights; name a system that trains them"),
    config("set-weights-circle", "masks of the weights of a system that has these masks", 'masks: {sets: {x: {of: weights, system: a, units: [weight], select: all}}}\nsystems: {a: {masks: x}}\n', "config.yaml, line 5: masks.sets.x.system: leads back to x, by way of a"),
    config("set-name", 'a mask set whose name is a path', 'masks: {sets: {a/b: {select: all}}}\n', "config.yaml, line 5: masks.sets.a/b: 'a/b': the name of a mask set is letters, digits, . _ and -"),
    config("set-name-of-k", "a mask set with the name of a threshold's", 'masks: {sets: {k80: {select: all}}}\n', 'config.yaml, line 5: masks.sets.k80: this is the name of a set of masks.k; add 80 there, or call this one otherwise'),
    config("set-rows", 'rows of a kind that there is not', 'masks: {sets: {x: {like: k95, rows: randon}}}\n', "config.yaml, line 5: masks.sets.x.rows: 'randon' is not one of 'random', 'shuffled', 'swapped', 'merged', 'shared', 'exclusive', 'unshared', 'union', 'majority' (did you mean 'random'?)"),
    config("set-pairs", 'rows swapped with one that is not trained', 'masks: {sets: {x: {like: k95, rows: swapped, pairs: {de-en: ed-en}}}}\n', "config.yaml, line 5: masks.sets.x.pairs: 'ed-en' is not trained (did you mean 'de-en'?)"),
    config("set-pairs-word", "exchanges of a kind that there is not", "masks: {sets: {x: {like: k95, rows: swapped, pairs: within}}}\n", "config.yaml, line 5: masks.sets.x.pairs: 'within' is not one of 'all', 'within_family', 'across_families' (did you mean 'within_family'?)"),
    config("set-swap-alone", "an exchange of one direction", "directions: {train: [de-en]}\nmasks: {sets: {x: {like: k95, rows: swapped, pairs: all}}}\n", "config.yaml, line 6: masks.sets.x.pairs: all: de-en is alone on its side of the pivot; there is nothing to exchange it with"),
    config("set-family-alone", "an exchange within families of one", "groups: {family: {west: [de], south: [fr]}}\nmasks: {sets: {x: {like: k95, rows: swapped, pairs: within_family}}}\n", "config.yaml, line 6: masks.sets.x.pairs: within_family: en-fr is the only one of its family on its side of the pivot; take all"),
    config("set-draws-of-all", "draws of a set that keeps every unit", "masks: {sets: {x: {like: all, rows: random, draws: 5}}}\n", "config.yaml, line 5: masks.sets.x.like: 'all' keeps every unit, so that each draw is the same; take a set that leaves some out"),
    config("zero-shot-language", "a zero-shot direction into a language that nothing is trained into", "directions: {train: [en-de, de-en, fr-en], evaluate_only: [de-fr]}\n", "config.yaml, line 5: directions.evaluate_only: no trained direction is into fr, whose decoder units de-fr would keep; leave it out, or train one"),
    config("set-rows-of", 'rows of a direction that is not trained', 'masks: {sets: {x: {like: k95, rows: union, rows_of: [en-df]}}}\n', "config.yaml, line 5: masks.sets.x.rows_of: 'en-df' is not trained (did you mean 'en-fr'?)"),
    config("set-unshared", 'units that nobody else could share', 'directions: {train: [de-en, en-fr]}\nmasks: {sets: {x: {like: k95, rows: unshared, by: language}}}\n', "config.yaml, line 6: masks.sets.x: rows: unshared has no row for de-en, whose group has 1 trained directions; take another by, or other rows"),
    config("system-head-masks", 'masks of heads where FFNs alone are trained', 'masks: {sets: {h: {of: importance, units: [head], select: "top:50%"}}}\nsystems: {a: {masks: h, train: gradients, parameters: ffn}}\n', "config.yaml, line 6: systems.a.train: gradients has nothing to leave out with parameters: ffn; 'h' has head"),
    config("sampling-rule", 'a rule of sampling that there is not', 'train: {sampling: sqrt}\n', "config.yaml, line 5: train.sampling: 'sqrt' is not proportional, square_root or annealed:10 (epochs)"),
    config("set-majority", 'a majority of two', 'masks: {sets: {x: {like: k95, rows: majority, by: language}}}\n', 'config.yaml, line 5: masks.sets.x: rows: majority has no row for en-de, whose group has 2 trained directions; take another by, or other rows'),
    config("set-gate", 'a gate that no stage can apply', 'masks: {sets: {x: {select: all, gate: {ffn: mean}}}}\n', "config.yaml, line 5: masks.sets.x.gate: ffn: not every stage can apply 'mean'; there are row, zero, scale:0.5"),
    config("set-units", 'units whose activations are not counted', 'masks: {sets: {x: {select: all, units: [head]}}}\n', "config.yaml, line 5: masks.sets.x: units: activations are counted of ffn alone; ['head'] need of: importance"),
    config("system-train", 'a way of training that there is not', 'systems: {ns: {masks: sweep, train: never}}\n', "config.yaml, line 5: systems.ns.train: 'never' is not one of 'none', 'finetune', 'gradients'"),
    config("set-draws", 'a set like another that names no draw', 'masks: {sets: {x: {like: k95, rows: random}, y: {like: x, rows: shuffled}}}\n', "config.yaml, line 5: masks.sets.y.like: 'x' is drawn 5 times; name one, x-1"),
    config("system-mask", "a system naming a missing mask", "systems: {ns: {masks: k90}}\n", "config.yaml, line 5: systems.ns.masks: no mask set 'k90' (did you mean 'k95'?); there are k95, all, sweep; k90 is made where masks.k has 90"),
    config("system-baseline", "a system called baseline", "systems: {baseline: {masks: all}}\n", "config.yaml, line 5: systems: 'baseline' is always there; it is not made from itself"),
    config("system-name", "a system whose name says another k", "masks: {k: [90, 95]}\nsystems: {ns-k90: {masks: k95}}\n", "config.yaml, line 6: systems.ns-k90: its name says k90, its masks are 'k95'"),
    config("system-adapter-family", "adapters of a family without a member", "groups: {family: {west: [de, fr], east: []}}\nsystems: {a: {adapters: {kind: lora, by: family}}}\n", "config.yaml, line 6: systems.a.adapters.by: the family 'east' has no member; give it languages, or leave it out"),
    config("system-no-families", "adapters of families where there is no such grouping", "systems: {a: {adapters: {kind: bottleneck, by: family}}}\n", "config.yaml, line 5: systems.a.adapters.by: groups has no 'family'"),
    config("system-adapters-masked", "adapters with masks", "systems: {a: {masks: k95, adapters: {kind: lora}}}\n", "config.yaml, line 5: systems.a: masks: adapters needs masks: all, not 'k95'"),
    config("system-part", "a system called as a part of another", "systems: {full: {each: direction}, full.de-en: {masks: all}}\n", "config.yaml, line 5: systems.full.de-en: 'full.de-en': a name is letters, digits and _, with single - between"),
    config("system-draw", "a system with the name of a draw's", "masks: {sets: {x: {like: k95, rows: random}}}\nsystems: {a: {masks: x}, a-5: {masks: all}}\n", "config.yaml, line 6: systems.a-5: the draws of systems.a make a system of the same name"),
    config("system-settings", "a setting of a system that finetune has not", "systems: {a: {masks: all, settings: {max_update: 5}}}\n", "config.yaml, line 5: systems.a.settings.max_update: unknown key 'max_update' (did you mean 'max_updates'?)"),
    config("system-warm-up", "a part that never reaches its rate", "systems: {a: {each: direction, settings: {max_updates: 50}}}\n", "config.yaml, line 5: systems.a.settings.warmup_updates: 100 is beyond systems.a.settings.max_updates (50), so that systems.a.settings.lr is never reached; lower it (a tenth: 5), or raise systems.a.settings.max_updates"),
    config("system-untrained-settings", "settings of what is not trained", "systems: {a: {masks: k95, train: none, momentum: own}}\n", "config.yaml, line 5: systems.a: momentum: with train: none nothing is trained; leave it out"),
    config("system-renew", "random masks that are to be estimated again", "masks: {sets: {x: {select: random:30%}}}\nsystems: {a: {masks: x, renew: 5}}\n", "config.yaml, line 6: systems.a.renew: 'x' cannot be estimated again; take a set that one selector makes of activations, such as select: mass:95"),
    config("system-renew-text", "masks of another text that are to be estimated again", "texts: {x: {first: 3}}\nmasks: {sets: {y: {select: mass:95, text: x}}}\nsystems: {a: {masks: y, renew: 5}}\n", "config.yaml, line 7: systems.a.renew: 'y' is of the text 'x', and masks are estimated again of valid"),
    config("system-start", "random weights for all directions together", "systems: {a: {masks: all, start: random}}\n", "config.yaml, line 5: systems.a: start: random weights are trained with each: direction alone, such as bilingual models"),
    config("system-directions", "a system of a direction that is not trained", "systems: {a: {masks: all, directions: [en-rf]}}\n", "config.yaml, line 5: systems.a.directions: 'en-rf' is not trained (did you mean 'en-fr'?)"),
    config("system-of-sweep", "a system with the name of a sweep's", "systems: {ns: {masks: sweep}, ns-k95: {masks: k95}}\n", 'config.yaml, line 5: systems.ns-k95: a sweep makes a system of the same name'),
    config("system-alike", "two joined systems that differ in a sign alone", "systems: {a-b: {each: direction}, a_b: {each: direction}}\n", "config.yaml, line 5: systems: 'a-b' and 'a_b' differ in - and _ alone; call one otherwise"),
    config("uses-itself", "an experiment that takes its own systems", "uses: {experiment: x}\n", "config.yaml, line 5: uses.experiment: 'x' is this experiment itself"),
    config("uses-without-baseline", "taken systems without the baseline", "uses: {experiment: y, systems: [nss-k95]}\n", "config.yaml, line 5: uses.systems: no system 'nss-k95' here (did you mean 'ns-k95'?); there are ['baseline', 'continued', 'ns-k95']\nconfig.yaml, line 5: uses.systems: 'baseline' is missing: the others were made from it"),
    # contradictions
    config("fairseq-int8", "the reference engine in another type", "decode: {engine: fairseq, compute_type: int8}\n", 'config.yaml, line 5: decode.compute_type: the fairseq engine has float32 only, not int8'),
    config("warmup-beyond", "a warm-up beyond the updates", "train: {max_updates: 300}\n", 'config.yaml, line 5: train.warmup_updates: 4000 is beyond train.max_updates (300), so that train.lr is never reached; lower it (a tenth: 30), or raise train.max_updates'),
    config("normalization", "a misspelt normalisation", "subwords: {normalization: nfk}\n", "config.yaml, line 5: subwords.normalization: 'nfk' is not one of 'nmt_nfkc', 'nfkc', 'identity' (did you mean 'nfkc'?)"),
    config("warmup", "a warm-up beyond the end of the schedule", "train: {scheduler: cosine, warmup_updates: 4000, max_updates: 4000}\n", 'config.yaml, line 5: train.warmup_updates: 4000 is not below train.max_updates (4000), which the scheduler cosine needs'),
    config("lines-overlap", "held-out lines that are trained on", source('type: files, train: {path: "a.{lang}", lines: {stop: 100}}, valid: {path: "a.{lang}", lines: {start: 90, stop: 110}}, tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source: train and valid are lines of the same files, and overlap'),
    config("lines-reversed", "a range that ends before it starts", source('type: files, train: {path: "a.{lang}", lines: {start: 9, stop: 3}}, valid: "v.{lang}", tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source.train.lines: stop 3 is not after start 9'),
    config("lines-ntrex", "more lines than NTREX has", source("type: ntrex, test: {start: 1697, stop: 3000}"), 'config.yaml, line 4: data.source: NTREX has 1,997 lines; test asks for line 3000'),
    config("lines-ntrex-overlap", "NTREX lines in two subsets", source("type: ntrex, valid: {start: 100, stop: 200}"), 'config.yaml, line 4: data.source: the lines of train and valid overlap'),
    config("testset-unknown", "a test set that the source lacks", "evaluation: {testsets: [onee]}\n", "config.yaml, line 5: evaluation.testsets: no 'onee' in the source (did you mean 'one'?); it has ['valid', 'one']"),
    config("source-without-pair", "a pair that no source has", source('type: files, train: [{path: "a.{lang}", languages: [en, de]}], valid: {path: "v.{lang}", pairs: [en-fr]}, tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train: no source has the pair en-fr\nconfig.yaml, line 4: data.source.valid: no source has the pair de-en"),
    config("source-of-others", "sources of other languages and pairs", source('type: files, train: [{path: "a.{lang}"}, {path: "b.{lang}", languages: [en, dee]}, {path: "c.{lang}", pairs: [de-fr]}], valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train: 'dee' is not in languages (did you mean 'de'?)\nconfig.yaml, line 4: data.source.train: 'de-fr' is not a pair of any direction (did you mean 'en-fr'?)"),
    config("source-weight", "a weight of 0, and one of validation text", source('type: files, train: [{path: "a.{lang}", weight: 0}], valid: {path: "v.{lang}", weight: 2}, tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train.0.weight: must be greater than 0, not 0\nconfig.yaml, line 4: data.source.valid.weight: unknown key 'weight'; there are path, lines, languages, pairs"),
    config("source-both", "languages and pairs of one source", source('type: files, train: {path: "a.{lang}", languages: [en, de], pairs: [de-en]}, valid: "v.{lang}", tests: {one: {path: "o.{lang}", languages: [en, de], directions: [de-en]}}'), "config.yaml, line 4: data.source.train: either languages or pairs says what a source has, not both\nconfig.yaml, line 4: data.source.tests.one: either languages or directions says what a test set has, not both"),
    config("sources-none", "an empty list of sources", source('type: files, train: [], valid: "v.{lang}", tests: {one: "o.{lang}"}'), "config.yaml, line 4: data.source.train: at least 1 needed, not []"),
    config("testset-of-others", "test sets of other directions", source('type: files, train: "a.{lang}", valid: "v.{lang}", tests: {one: {path: "o.{lang}", directions: [de-fr]}, two: {path: "o.{lang}", languages: [de, fr]}}'), "config.yaml, line 4: data.source.tests.one: 'de-fr' is not evaluated (did you mean 'en-fr'?)\nconfig.yaml, line 4: data.source.tests.one: it has none of the evaluated directions\nconfig.yaml, line 4: data.source.tests.two: it has none of the evaluated directions"),
    config("testset-reserved", "a test set called train", source(FILES + ', tests: {train: "o.{lang}"}'), "config.yaml, line 4: data.source.tests: a test set cannot be called 'train'"),
    config("metric-twice", "a metric listed twice", "evaluation: {metrics: [bleu, bleu]}\n", "config.yaml, line 5: evaluation.metrics: 'bleu' is listed twice"),
    config("sweep-metric", "a figure of a metric that is not scored", "evaluation: {metrics: [bleu]}\nreport: {sweep_metric: chrf}\n", "config.yaml, line 6: report.sweep_metric: 'chrf++' is not scored; there are ['bleu']"),
    config("metric-and-model", "a COMET model with the name of a metric", "evaluation: {comet: [{name: bleu, model: a/b}]}\n", "config.yaml, line 5: evaluation.comet: 'bleu' is already the name of a metric; call this one otherwise"),
    config("comet-nowhere", "a COMET model that is nowhere", "evaluation: {comet: [{name: comet}]}\n", "config.yaml, line 5: evaluation.comet.0: a COMET model needs either the key model (its name on the hub) or folder"),
    config("comet-name", "a COMET model by what is no name on the hub", "evaluation: {comet: [{model: 'my models/x'}]}\n", "config.yaml, line 5: evaluation.comet.0: 'my models/x' is no name on the hub, such as Unbabel/wmt22-comet-da"),
    config("comet-revision", "a revision of a folder", "evaluation: {comet: [{folder: models/x, revision: main}]}\n", "config.yaml, line 5: evaluation.comet.0: revision is of a model on the hub; a folder has none"),
    config("tokenizer-unknown", "a tokenizer that sacrebleu lacks", "evaluation: {tokenizers: {de: mecab}}\n", "config.yaml, line 5: evaluation.tokenizers.de: 'mecab' is not one of '13a', 'char', 'flores101', 'flores200', 'intl', 'ja-mecab', 'none', 'spBLEU-1K', 'spm', 'zh' (did you mean 'ja-mecab'?)"),
    config("tokenizer-language", "a tokenizer of a language that is not there", "evaluation: {tokenizers: {dee: zh}}\n", "config.yaml, line 5: evaluation.tokenizers.dee: not in languages (did you mean 'de'?)"),
    config("without-unknown", "a direction left out that is not evaluated", "report: {without: {hard: [de-ene]}}\n", "config.yaml, line 5: report.without.hard: 'de-ene' is not evaluated (did you mean 'de-en'?)"),
    config("bilingual-unknown", "bilingual models that are no system", "report: {bilingual: nss}\n", "config.yaml, line 5: report.bilingual: no system 'nss'; there are ['baseline', 'continued', 'ns-k95']"),
    config("published-testset", "published numbers beside a test set that is not there", "report: {published: {file: a.csv, systems: {ns: NS}, testset: onee, references: raw}}\n", "config.yaml, line 5: report.published.systems: no system 'ns'\nconfig.yaml, line 5: report.published.testset: no 'onee' (did you mean 'one'?)"),
    config("published-references", "published numbers beside references that are not scored", "report: {published: {file: a.csv, systems: {baseline: B}}}\n", "config.yaml, line 5: report.published.references: 'paper' is not in evaluation.references"),
    config("analysis-k", "an analysis at a k that is not in the sweep", "analysis: {mask_control_k: 90}\n", 'config.yaml, line 5: analysis.mask_control_k: 90 is not in masks.k (95)'),
    config("set-lape-mass", "a sum of LAPE", "masks: {sets: {x: {of: lape, select: mass:95}}}\n", "config.yaml, line 5: masks.sets.x: select: lape orders units, and has no sum or magnitude; take top, such as top:5%"),
    config("set-lape-one", "LAPE of one source language", "directions: {train: [en-de, en-fr]}\nmasks: {sets: {x: {of: lape, select: top:5%}}}\n", "config.yaml, line 6: masks.sets.x.of: lape compares languages, and all trained directions are from 'en'; take another score, such as activations"),
    config("analysis-criteria", "criteria of two equal scores, by layers together, of few draws", "analysis: {criteria: {names: [activations, activations], size: 5%@model, draws: 3}}\n", "config.yaml, line 5: analysis.criteria.names: 'activations' is listed twice\nconfig.yaml, line 5: analysis.criteria.size: '5%@model': a share of each layer's units, such as 5%, or a number of them\nconfig.yaml, line 5: analysis.criteria.draws: must be greater than or equal to 5, not 3"),
    config("analysis-criteria-size", "criteria of no unit of a layer, at a k that is not in the sweep", "analysis: {criteria: {size: 0.01%, k: 90}}\n", "config.yaml, line 5: analysis.criteria.k: 90 is not in masks.k (95)\nconfig.yaml, line 5: analysis.criteria.size: select top:0.01%: that is less than one of the 1024 units of encoder.0.ffn; take at least 0.0977%"),
    config("analysis-criteria-one", "criteria of one direction", "directions: {train: [en-de]}\nanalysis: {criteria: {names: [lape]}}\n", "config.yaml, line 6: analysis.criteria: compares a direction with others, and no test set has two trained directions\nconfig.yaml, line 6: analysis.criteria.names: lape compares languages, and all trained directions are from 'en'; take another score, such as activations\nconfig.yaml, line 6: analysis.criteria.names: lape compares languages, and all trained directions are into 'de'; take another score, such as activations"),
    config("analysis-grouping", "an analysis by a grouping that is not there", "groups: {family: {west: [de]}}\nanalysis: {overlap_k: 95, overlap_grouping: familly}\n", "config.yaml, line 6: analysis.overlap_grouping: groups has no 'familly' (did you mean 'family'?)"),
    config("toy-family", "a toy language in no family", TOY.replace(", south: [fr]", ""), "config.yaml, line 4: data.source.families: language 'fr' is in no family\nconfig.yaml, line 4: data.source.tiers: 'fr' must be in one family and in one tier"),
    config("toy-tier", "a toy language in two tiers", TOY.replace("}}}}", "}, low: {size: 5, languages: [de]}}}}"), "config.yaml, line 4: data.source.tiers: 'de' must be in one family and in one tier"),
    config("pair-without-data", "a pair without training data", source("type: mtdata, train: {en-de: [a], en-fr: [a]}, valid: {de-en: [a], en-fr: [a]}, tests: {t: {de-en: [a], en-fr: [a]}}"), 'config.yaml, line 4: data.source.train: no dataset for the pair de-en (write en-de as de-en)'),
    config("pair-of-others", "data of a language that is not in the experiment", source(MTDATA + ", tests: {t: {de-en: [a], en-fr: [a], de-nl: [a]}}"), "config.yaml, line 4: data.source.tests.t.de-nl: 'nl' is not in languages"),
    config("pair-no-ids", "a pair with no dataset", source(MTDATA + ", tests: {t: {de-en: [], en-fr: [a]}}"), 'config.yaml, line 4: data.source.tests.t.de-en: at least 1 needed, not []\nconfig.yaml, line 4: data.source.tests.t: no dataset for the pair de-en'),
    config("group-misspelt", "a group naming a misspelt language", "groups: {family: {a: [dee]}}\n", "config.yaml, line 5: groups.family.a: 'dee' is not in languages (did you mean 'de'?)"),
    config("analysis-overlap", "an analysis of overlaps at a k that is not in the sweep", "analysis: {overlap_k: 70}\ngroups: {family: {a: [de]}}\n", 'config.yaml, line 5: analysis.overlap_k: 70 is not in masks.k (95)'),
    config("uses-unknown", "a taken system that is not here", "uses: {experiment: other, systems: [baseline, ns-k59]}\n", "config.yaml, line 5: uses.systems: no system 'ns-k59' here (did you mean 'ns-k95'?); there are ['baseline', 'continued', 'ns-k95']"),
    config("metric-old-name", "one metric by its old name and its new one", "evaluation: {metrics: [chrf, chrf++]}\n", "config.yaml, line 5: evaluation.metrics: 'chrf++' is listed twice"),
    config("empty-and-comet", "an empty reference that COMET is to judge", "evaluation: {empty_references: count, comet: [{folder: x}]}\n", 'config.yaml, line 5: evaluation.comet: says nothing of an empty reference; take evaluation.empty_references: drop'),
    config("comet-as-metric", "a COMET model called as a metric that is not scored", "evaluation: {comet: [{name: chrf2, folder: x}]}\n", "config.yaml, line 5: evaluation.comet: 'chrf2' is already the name of a metric; call this one otherwise"),
    config("warmup-of-finetuning", "a warm-up of a fine-tuning that does not end", "finetune: {scheduler: fixed, max_updates: 10, warmup_updates: 11}\n", 'config.yaml, line 5: finetune.warmup_updates: 11 is beyond finetune.max_updates (10), so that finetune.lr is never reached; lower it (a tenth: 1), or raise finetune.max_updates'),
    config("only-what-is-written", "a mistyped section, whose default another section does not fit", "maks: {k: [70]}\nanalysis: {mask_control_k: 70}\ntrain: {seeds: [1, x]}\n", "config.yaml, line 7: train.seeds.1: a whole number is needed, not 'x'\nconfig.yaml, line 5: maks: unknown key 'maks' (did you mean 'masks'?)"),
    config("language-ntrex", "a language of NTREX by another code", source("type: ntrex") + "languages: [en, deu, fr]\n", "config.yaml, line 4: languages: NTREX has no language 'deu' (did you mean 'de'?); it has en, de, nl, sv, da, af, lb, fr, es, it, pt, ro, ca, ru, cs, pl, bg, uk, sr, hi, bn, kn, mr, sd, gu, ar, he, ha, mt, ti, am"),
    config("languages-ntrex", "two languages that NTREX lacks", source("type: ntrex") + "languages: [en, oc, srp_Latn]\n", "config.yaml, line 4: languages: NTREX has no language 'oc'; it has en, de, nl, sv, da, af, lb, fr, es, it, pt, ro, ca, ru, cs, pl, bg, uk, sr, hi, bn, kn, mr, sd, gu, ar, he, ha, mt, ti, am\nconfig.yaml, line 4: languages: NTREX has no language 'srp_Latn' (did you mean 'sr'?); it has en, de, nl, sv, da, af, lb, fr, es, it, pt, ro, ca, ru, cs, pl, bg, uk, sr, hi, bn, kn, mr, sd, gu, ar, he, ha, mt, ti, am"),
    config("language-multi30k", "a language of Multi30k by an old code", source("type: multi30k") + "languages: [en, cz]\n", "config.yaml, line 4: languages: Multi30k has no language 'cz' (did you mean 'cs'?); it has en, de, fr, cs"),
    config("language-mtdata", "a language of mtdata by an old code", source("type: mtdata, train: {en-iw: [a]}, valid: {en-iw: [a]}, tests: {t: {en-iw: [a]}}") + "languages: [en, iw]\n", "config.yaml, line 4: languages: mtdata has no language 'iw' (did you mean 'he'?)"),
    config("language-mtdata-none", "a language that mtdata lacks", source("type: mtdata, train: {en-qx: [a]}, valid: {en-qx: [a]}, tests: {t: {en-qx: [a]}}") + "languages: [en, qx]\n", "config.yaml, line 4: languages: mtdata has no language 'qx'"),
    config("pairs-without-data", "a pair without held-out data, and one written the other way round", source("type: mtdata, train: {de-en: [a], en-fr: [a]}, valid: {de-en: [a], fr-en: [a]}, tests: {t: {de-en: [a]}}"), 'config.yaml, line 4: data.source.valid: no dataset for the pair en-fr (write fr-en as en-fr)\nconfig.yaml, line 4: data.source.tests.t: no dataset for the pair en-fr'),
    config("zero-shot-without-data", "a zero-shot pair without held-out data", source(MTDATA + ", tests: {t: {de-en: [a], en-fr: [a]}}") + "directions: {evaluate_only: [de-fr]}\n", 'config.yaml, line 4: data.source.tests.t: no dataset for the pair de-fr'),
    config("home-plain", "a mirror without https", source("type: multi30k, home: mirror.example.org/m"), "config.yaml, line 4: data.source.home: 'mirror.example.org/m' is not a URL: it must begin with https://, http:// or file:///"),
    config("home-ftp", "a mirror by FTP", source("type: multi30k, home: 'ftp://mirror.example.org'"), "config.yaml, line 4: data.source.home: 'ftp://mirror.example.org' is not a URL: it must begin with https://, http:// or file:///"),
    config("home-file", "a mirror of a file with two slashes", source("type: multi30k, home: 'file://folder'"), "config.yaml, line 4: data.source.home: 'file://folder' is not a URL: it must begin with https://, http:// or file:///"),
    config("home-lines", "a mirror of two lines", source('type: multi30k, home: "https://a\\nb"'), "config.yaml, line 4: data.source.home: 'https://a\\nb' is not a URL: it must begin with https://, http:// or file:///"),
    config("braces-folder", "braces in a folder", source('type: multi30k, folder: "a{2}/m"'), 'config.yaml, line 4: data.source.folder: no folder or file can have braces in its name: rename it, or link to it'),
    config("braces-field", "a field in a folder", source('type: ntrex, folder: "a{lang}"'), 'config.yaml, line 4: data.source.folder: no folder or file can have braces in its name: rename it, or link to it'),
    config("braces-set", "a brace in the file of a contrastive set", 'evaluation: {contrastive: {c: "a}b.tsv"}}\n', 'config.yaml, line 5: evaluation.contrastive.c: no folder or file can have braces in its name: rename it, or link to it'),
    config("braces-comet", "braces in the folder of a COMET model", 'evaluation: {comet: [{folder: "{x}"}]}\n', 'config.yaml, line 5: evaluation.comet.0.folder: no folder or file can have braces in its name: rename it, or link to it'),
    config("braces-published", "braces in the file of published numbers", 'report: {published: {file: "p{1}.csv", systems: {baseline: A}}}\n', 'config.yaml, line 5: report.published.file: no folder or file can have braces in its name: rename it, or link to it'),
    config("braces-doubled", "doubled braces in a pattern", source('type: files, train: "s{{2}}/t.{lang}", valid: "v.{lang}", tests: {one: "o.{lang}"}'), 'config.yaml, line 4: data.source.train.path: no folder or file can have braces in its name: rename it, or link to it'),

    config("set-file-more", "a set of a file, and a score and a text of its own", 'masks: {sets: {x: {file: "m/{direction}.pt", of: importance, draws: 3, by: family}}}\n', "config.yaml, line 5: masks.sets.x: draws: the file says which units; leave it out\nconfig.yaml, line 5: masks.sets.x: of: the file says which units; leave it out\nconfig.yaml, line 5: masks.sets.x: by: lists in a file are of directions, or with by: language of languages"),
    config("set-file-braces", "another wildcard in the pattern of a set's files", 'masks: {sets: {x: {file: "m/{pair}.pt"}}}\n', "config.yaml, line 5: masks.sets.x.file: in braces it may have {direction} alone"),
    # what plain fairseq trained
    config("attach-uses", "a baseline of another experiment, and a checkpoint", ATTACH + "uses: {experiment: other}\n", "config.yaml, line 5: attach: uses takes the baseline from another experiment; give one of the two"),
    config("attach-text", "text beside binarised text", attach("data_bin: a"), "config.yaml, line 4: data.source.train: attach.data_bin has this text; leave it out\nconfig.yaml, line 4: data.source.valid: attach.data_bin has this text; leave it out"),
    config("attach-no-text", "neither text nor binarised text", ATTACH + TESTS_ALONE, "config.yaml, line 6: data.source.train: this key is missing; continued, ns-k95: trained on it (train: none is not)\nconfig.yaml, line 6: data.source.valid: this key is missing"),
    config("attach-corpus", "a public corpus beside binarised text", attach("data_bin: a") + "data: {source: {type: ntrex}}\n", "config.yaml, line 4: attach.data_bin: with it data.source has tests alone, of type files, not ntrex"),
    config("attach-shards", "another number of shards than folders of binarised text", attach('data_bin: "a:b"') + TESTS_ALONE.replace("{source", "{shards: 3, source"), "config.yaml, line 6: data.shards: is 3, but attach.data_bin names 2 folders"),
    config("attach-off-target", "an identifier without training text", attach("data_bin: a").replace(QUIET, "") + TESTS_ALONE, "config.yaml: evaluation.off_target: the identifier learns languages from training text, and attach.data_bin has ids alone; write off_target: false"),
    config("attach-subwords", "subwords beside those of a checkpoint", ATTACH + "subwords: {vocab_size: 9}\n", "config.yaml, line 7: subwords: the vocabulary is that of attach.subwords and attach.dictionary; leave it out"),
    config("attach-system", "a checkpoint for a system that is not there", attach("systems: {ns-k59: n.pt}"), "config.yaml, line 5: attach.systems.ns-k59: no system 'ns-k59' (did you mean 'ns-k95'?); there are ['continued', 'ns-k95']"),
    config("attach-baseline", "a second checkpoint for the baseline", attach("systems: {baseline: n.pt}"), "config.yaml, line 5: attach.systems.baseline: the baseline is attach.checkpoint"),
    config("attach-untrained", "a checkpoint for a system that is not trained", attach("systems: {p: n.pt}") + "systems: {p: {masks: k95, train: none}}\n", "config.yaml, line 5: attach.systems.p: systems.p may only have masks, what else was done is in the checkpoint"),
]  # fmt: skip


def results(name, what, stage, said, files, words=""):
    def lay(folder):
        (folder / "config.yaml").write_bytes(RIGHT.encode())
        for path, content in files.items():
            file = folder / "results/x" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return ["--configfile", "config.yaml", *words.split()]

    return Case(name, what, stage, lay, said)


BENCHMARK, HISTORY = "benchmarks/train_baseline/s1.tsv", "training/baseline/s1/history.json"
ROW = b"s\tmax_rss\n12.0\t34.0\n"


def listing(**entry):
    file = {"sha256": "a" * 64, "bytes": 17, "mtime_ns": 17, **entry}
    form = {"format": "neuronspec-manifest-1", "config": {"experiment": "x"}, "environments": {}}
    return json.dumps({**form, "files": {"tables/a.md": file}}).encode()


RESULTS = [
    results("times-none", "nothing has run", "workflow.plan.times", 'results/x: no benchmarks; nothing has run here', {}),
    results("times-cut", "a benchmark that is cut off", "workflow.plan.times", "results/x/benchmarks/train_baseline/s1.tsv: not a benchmark of Snakemake (TypeError: float() argument must be a string or a real number, not 'NoneType'); delete it", {BENCHMARK: ROW[:13]}),
    results("times-not-utf8", "a benchmark of other bytes", "workflow.plan.times", "results/x/benchmarks/train_baseline/s1.tsv: not a benchmark of Snakemake (UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte); delete it", {BENCHMARK: b"\xff\xfe"}),
    results("times-history", "a truncated history of a training", "workflow.plan.times", 'results/x/training/baseline/s1/history.json: damaged, not JSON (line 1, column 2: Unterminated string starting at); delete it and run the step that writes it again', {BENCHMARK: ROW, HISTORY: b'{"attempts'}),
    results("times-history-form", "a list for a history", "workflow.plan.times", 'results/x/training: a history.json is not what a training writes (list indices must be integers or slices, not str); run it again', {BENCHMARK: ROW, HISTORY: b"[1]"}),
    results("verify-none", "no manifest", "workflow.provenance.verify", "results/x/manifest.json: there is none; 'make run' with the same CONFIG writes it when it ends well", {}),
    results("verify-cut", "a truncated manifest", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (damaged, not JSON (line 1, column 12: Unterminated string starting at)); delete it, and 'make run' writes a new one", {"manifest.json": b'{"format": "neuro'}),
    results("verify-list", "a list for a manifest", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (list indices must be integers or slices, not str); delete it, and 'make run' writes a new one", {"manifest.json": b"[1]"}),
    results("verify-hash", "a number as a hash in a manifest", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (tables/a.md: sha256 17 is not a hash); delete it, and 'make run' writes a new one", {"manifest.json": listing(sha256=17)}),
    results("verify-size", "a text as a size in a manifest", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (tables/a.md: bytes '17' is not a whole number); delete it, and 'make run' writes a new one", {"manifest.json": listing(bytes="17")}),
    results("verify-sources", "a number as the hash of a user's file", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (tables/a.md: text/train.de 17 is not a hash); delete it, and 'make run' writes a new one", {"manifest.json": listing(sources=[["text/train.de", 17]])}),
    results("plan-cores", "no core to run on (`CORES=0`)", "workflow.plan.plan", "CORES=0: say how many cores to use, from 1 up, or all", {}, "--cores 0"),
    results("verify-version", "a manifest of another version", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (format 'neuronspec-manifest-9', not 'neuronspec-manifest-1'); delete it, and 'make run' writes a new one", {"manifest.json": b'{"format": "neuronspec-manifest-9"}'}),
    results("verify-settings", "an object as the key of a file's settings", "workflow.provenance.verify", "results/x/manifest.json: cannot be read (tables/a.md: settings {'key': 1} is not a hash); delete it, and 'make run' writes a new one", {"manifest.json": listing(settings={"key": 1})}),
    results("plan-folder", "a folder of results that is not there", "workflow.plan.plan", "--directory nowhere: there is no such folder", {}, "--directory nowhere"),
    results("times-folder", "a folder of results that is not there", "workflow.plan.times", "--directory nowhere: there is no such folder", {}, "--directory nowhere"),
    results("translate-system", "a system that the config lacks", "workflow.run.translate_lines", "x has no system 'ns-k59' (did you mean 'ns-k95'?)", {}, "--system ns-k59 --direction de-en"),
    results("translate-direction", "a direction that the config lacks", "workflow.run.translate_lines", "x has no direction 'de-ne' (did you mean 'de-en'?)", {}, "--system baseline --direction de-ne"),
    results("translate-seed", "a seed that the config lacks", "workflow.run.translate_lines", "x has no seed '7'; there are 1", {}, "--system baseline --direction de-en --seed 7"),
    results("translate-untrained", "a system that is not trained yet", "workflow.run.translate_lines", "results/x/systems/baseline/s1: not trained yet; 'make run CONFIG=…' with the same config trains it; of results in another folder: ARGS='--directory FOLDER'", {}, "--system baseline --direction de-en"),
]  # fmt: skip
CASES += RESULTS


def nothing_has_run(folder):
    """Asserted through the stage's own words: the config was taken."""


def accepted(name, what, content, result):
    def lay(folder):
        (folder / "config.yaml").write_bytes(content)
        row = "s\tmax_rss\n12.0\t34.0\n"
        benchmark = folder / "results/x/benchmarks/prepare_text/a.tsv"
        benchmark.parent.mkdir(parents=True)
        benchmark.write_text(row)
        return "--configfile config.yaml"

    return Accepted(name, what, STAGE, lay, result, nothing_has_run)


ACCEPTED = [
    accepted("config-bom", "a byte order mark before a config", b"\xef\xbb\xbf" + RIGHT.encode(), "read without it"),
    accepted("config-crlf", "a config with CRLF line ends", RIGHT.replace("\n", "\r\n").encode(), "read as with LF"),
    accepted("config-exponent", "a number as YAML 1.1 takes for text", (RIGHT + "train: {lr: 5e-4}\n").encode(), "read as 0.0005"),
]  # fmt: skip
