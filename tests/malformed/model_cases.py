"""Malformed checkpoints, weights, binarised text and masks: the stages of the environment ``fairseq``."""

import argparse
import gzip
import io
import json
import pickle
from functools import cache
from typing import Any

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import Case, cases_of, deferred
from tests.training_settings import training_settings
from workflow_scripts.data.mmap_format import write_dataset
from workflow_scripts.units.space import UnitSpace, ffn_space

DICTIONARY = b"a 1\nb 1\nc 1\nd 1\ne 1\nf 1\n"  # with four specials and two languages: twelve symbols
SYMBOLS = 12

# ---- a stock checkpoint -----------------------------------------------------------------------------------


def settings():
    value: dict[str, Any] = {
        "activation_fn": "relu", "share_decoder_input_output_embed": True, "share_all_embeddings": False,
        "max_source_positions": 16, "max_target_positions": 16, "dropout": 0.1, "attention_dropout": 0.0,
        "activation_dropout": 0.0, "langs": ["de", "en"], "encoder_langtok": "src", "decoder_langtok": True,
    }  # fmt: skip
    for stack in ("encoder", "decoder"):
        value |= {
            f"{stack}_layers": tiny.LAYERS, f"{stack}_embed_dim": tiny.WIDTH, f"{stack}_attention_heads": 2,
            f"{stack}_ffn_embed_dim": tiny.UNITS, f"{stack}_normalize_before": True,
        }  # fmt: skip
    return value


def right():
    import torch

    model = {name: torch.from_numpy(value) for name, value in tiny.weights(SYMBOLS).items()}
    return {"model": model, "args": argparse.Namespace(**settings())}


@cache
def letters():
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f"] * 10), model_writer=model, vocab_size=10, model_type="char",
        minloglevel=2,
    )  # fmt: skip
    return model.getvalue()


def put_vocabulary(folder):
    (folder / "spm.model").write_bytes(letters())
    (folder / "dict.txt").write_bytes(DICTIONARY)


WORDS = "--checkpoint c.pt --subwords spm.model --dictionary dict.txt --out system --directions"


@deferred
def file(folder, content):
    put_vocabulary(folder)
    (folder / "c.pt").write_bytes(content)
    return f"{WORDS} de-en en-de"


@deferred
def checkpoint(folder, change=lambda _: None, options="de-en en-de", spoil=lambda _: None):
    import torch

    put_vocabulary(folder)
    value = right()
    replaced = change(value)
    torch.save(replaced if isinstance(replaced, list) else value, folder / "c.pt")
    spoil(folder)
    return [*WORDS.split(), *options.split()]


def having(**values):
    return lambda value: vars(value["args"]).update(values)


def tensor(name, change):
    return lambda value: value["model"].update({name: change(value["model"].get(name))})


def nan(weights):
    weights[1, 1] = float("nan")
    return weights


def cut(name, to):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:to])


def put(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def one_pair(value):
    said = vars(value["args"])
    for name in ("langs", "encoder_langtok", "decoder_langtok"):
        del said[name]
    said["task"] = "translation"


FC1 = "encoder.layers.1.fc1.weight"

imported = cases_of("checkpoint-", "models.import_checkpoint")

IMPORT = [
    imported("absent", "a checkpoint that is not there", checkpoint(spoil=lambda folder: (folder / "c.pt").unlink()), 'c.pt: there is no such file or folder: check the path'),
    imported("folder", "a folder named as checkpoint", checkpoint(spoil=lambda folder: ((folder / "c.pt").unlink(), (folder / "c.pt").mkdir())), 'c.pt: this is a folder, where a file is needed: check the path'),
    imported("empty", "an empty checkpoint", file(b""), "c.pt: not opened by torch's restricted loader: it is damaged, or not a checkpoint; fetch it again"),
    imported("text", "text named as checkpoint", file(b"not a checkpoint\n"), "c.pt: not opened by torch's restricted loader: it is damaged, or not a checkpoint; fetch it again"),
    imported("cut", "a truncated checkpoint", checkpoint(spoil=cut("c.pt", 5000)), "c.pt: not opened by torch's restricted loader: it is damaged, or not a checkpoint; fetch it again"),
    imported("pickle", "a pickle that would run code", file(pickle.dumps(tiny.Trap(), protocol=2)), "c.pt: not opened by torch's restricted loader: it asks for io.open, which no checkpoint of fairseq needs: do not use a file that you do not trust"),
    imported("runs", "a checkpoint whose settings would run code", checkpoint(lambda value: value.update(cfg=tiny.Trap())), "c.pt: not opened by torch's restricted loader: it asks for io.open, which no checkpoint of fairseq needs: do not use a file that you do not trust"),
    imported("list", "a list in place of a checkpoint", checkpoint(lambda value: [1, 2]), 'c.pt: not a fairseq checkpoint; name a checkpoint*.pt that fairseq wrote'),
    imported("no-model", "a checkpoint without a model", checkpoint(lambda value: value.pop("model")), 'c.pt: not a fairseq checkpoint; name a checkpoint*.pt that fairseq wrote'),
    imported("no-settings", "a checkpoint without settings", checkpoint(lambda value: value.pop("args")), 'c.pt: the checkpoint holds no settings of its model'),
    imported("settings", "settings that are a list", checkpoint(lambda value: value.update(args=[1])), 'c.pt: its model settings are list, not names and values'),
    imported("setting-missing", "a setting that is missing", checkpoint(lambda value: vars(value["args"]).pop("activation_fn")), "c.pt: the checkpoint's settings lack 'activation_fn'"),
    imported("setting-type", "text for a number of positions", checkpoint(having(max_source_positions="many")), "c.pt: max_source_positions is 'many', not a whole number"),
    imported("tags", "another scheme of language tags", checkpoint(having(encoder_langtok="tgt")), "c.pt: encoder_langtok is 'tgt', only 'src' is supported"),
    imported("activation", "another activation", checkpoint(having(activation_fn="gelu")), "c.pt: architecture.activation: 'gelu' is not one of ('relu',)"),
    imported("stacks", "an encoder and a decoder of unlike size", checkpoint(having(decoder_ffn_embed_dim=64)), 'c.pt: encoder and decoder differ in ffn_embed_dim (12, 64)'),
    imported("languages", "a checkpoint without languages", checkpoint(having(langs=None)), 'c.pt: the checkpoint does not say its languages (langs is None): give them in the order of their tokens with --languages'),
    imported("lang-dict", "a checkpoint whose languages are in a file that is not there", checkpoint(having(langs=None, lang_dict="langs.txt", lang_pairs=["de-en"])), "c.pt: the languages are in the file that --lang-dict named, 'langs.txt', not in the checkpoint: give --languages the lines of that file, in their order"),
    imported("languages-other", "languages other than the checkpoint's", checkpoint(options="de-en --languages en de"), "languages en de: c.pt has de en; in this order of its tokens"),
    imported("nan", "NaN in a checkpoint", checkpoint(tensor(FC1, nan)), 'c.pt: tensor encoder.layers.1.fc1.weight holds NaN or infinite values'),
    imported("type", "whole numbers for weights", checkpoint(tensor(FC1, lambda value: value.int())), 'c.pt: encoder.layers.1.fc1.weight is torch.int32, not a tensor of floating-point numbers'),
    imported("no-tensor", "text for a tensor", checkpoint(tensor(FC1, lambda value: "weights")), 'c.pt: encoder.layers.1.fc1.weight is str, not a tensor of floating-point numbers'),
    imported("shape", "a mismatched architecture: more units than the settings say", checkpoint(tensor(FC1, lambda value: value.repeat(2, 1))), 'c.pt: tensor encoder.layers.1.fc1.weight is (24, 8), the architecture needs (12, 8)'),
    imported("missing", "a tensor that is missing", checkpoint(lambda value: value["model"].pop(FC1)), "c.pt: tensor encoder.layers.1.fc1.weight is missing (did you mean 'encoder.layers.1.fc2.weight'?)"),
    imported("unknown", "a layer more than the settings say", checkpoint(tensor("encoder.layers.2.fc1.bias", lambda _: value_of(12))), "c.pt: tensor encoder.layers.2.fc1.bias is not part of the architecture (did you mean 'encoder.layers.1.fc1.bias'?)"),
    imported("embeddings", "a checkpoint without embeddings", checkpoint(lambda value: value["model"].pop("decoder.embed_tokens.weight")), 'c.pt: tensor decoder.embed_tokens.weight is missing'),
    imported("tied", "tied tensors that differ", checkpoint(tensor("decoder.output_projection.weight", lambda _: value_of(SYMBOLS, tiny.WIDTH))), 'c.pt: decoder.output_projection.weight and decoder.embed_tokens.weight differ, but the architecture ties them'),
    imported("dictionary", "the dictionary of another model", checkpoint(spoil=lambda folder: (folder / "dict.txt").write_bytes(b"a 1\n")), 'dict.txt: 7 symbols with specials and language tokens, but the checkpoint has 12 embeddings'),
    imported("dict-twice", "a dictionary with a symbol twice", checkpoint(spoil=lambda folder: (folder / "dict.txt").write_bytes(b"a 1\na 1\n")), "dict.txt: 'a' occurs more than once in the vocabulary"),
    imported("no-subwords", "no SentencePiece model", checkpoint(spoil=lambda folder: (folder / "spm.model").unlink()), 'spm.model: no such file; name the one that the model was trained with'),
    imported("subwords-byte", "a file of one byte as SentencePiece model", checkpoint(spoil=put("spm.model", b"x")), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    imported("subwords-empty", "an empty file as SentencePiece model", checkpoint(spoil=put("spm.model", b"")), 'spm.model: not a SentencePiece model; train it again, or name the right file'),
    imported("subwords-other", "the SentencePiece model of another training", checkpoint(spoil=lambda folder: (folder / "spm.model").write_bytes(tiny.subwords())), "dict.txt is not of this SentencePiece model: the model lacks 3 of its 6 pieces, such as 'c'; name the two that were made together"),
    imported("direction", "a direction that the checkpoint lacks", checkpoint(options="de-en de-fr"), "c.pt: direction 'de-fr': 'fr' is not one of de, en"),
    imported("itself", "a direction to itself", checkpoint(options="de-de"), "c.pt: direction 'de-de' translates a language into itself"),
    imported("text-json", "text options that are not JSON", checkpoint(options="de-en --text moses"), "--text 'moses' is not JSON: Expecting value: line 1 column 1 (char 0)"),
    imported("text-key", "a misspelt text option", checkpoint(options='de-en --text {"mosses":true}'), '--text \'{"mosses":true}\': may say true or false of normalize_punctuation, moses'),
    imported("positions", "learned positions", checkpoint(having(decoder_learned_pos=True)), 'c.pt: decoder_learned_pos is True, only False is supported'),
    imported("languages-twice", "a language named twice", checkpoint(having(langs=None), "de-en --languages de en de"), "--languages: 'de' is named twice"),
    imported("languages-spelt", "two spellings of one language", checkpoint(having(langs=["en", "pt-BR", "pt_BR"]), "en-pt-BR"), "c.pt: 'pt_BR' is among its languages in two spellings: en pt-BR pt_BR"),
    imported("one-pair", "a model of one pair, without language tokens", checkpoint(one_pair, "de-en --languages de en"), "c.pt: a model of task 'translation', which has no language tokens; needed is one of translation_multi_simple_epoch with --encoder-langtok src --decoder-langtok"),
    imported("byte", "a checkpoint of one byte", file(b"x"), "c.pt: not opened by torch's restricted loader: it is damaged, or not a checkpoint; fetch it again"),
    imported("zip", "the begin of an archive named as checkpoint", file(b"PK\x03\x04 and no more"), "c.pt: not opened by torch's restricted loader: it is damaged, or not a checkpoint; fetch it again"),
    imported("pointer", "a pointer of Git LFS", file(b"version https://git-lfs.github.com/spec/v1\n"), "c.pt: not opened by torch's restricted loader: a pointer of Git LFS, not the file; fetch it: git lfs pull"),
    imported("gzip", "a packed checkpoint", file(gzip.compress(b"x")), "c.pt: not opened by torch's restricted loader: packed with gzip; unpack it: gzip -dc c.pt > NEW"),
    imported("page", "a web page in place of a checkpoint", file(b"<!DOCTYPE html><html></html>"), "c.pt: not opened by torch's restricted loader: a web page, as where a download has failed; fetch the file itself"),
]  # fmt: skip


def value_of(*shape):
    import torch

    return torch.ones(*shape)


# ---- counting, the mask control and the overlap -------------------------------------------------------------


@deferred
def counting(
    folder,
    damage=lambda _: None,
    options="--directions de-en --out-root counts",
    ids=((4, 5, 2), (6, 2)),
    **changes,
):
    tiny.system(folder, files={"spm.model": b"pieces", "dict.txt": DICTIONARY}, **changes)
    (folder / "bin").mkdir()
    write_dataset(folder / "bin/valid.de-en.de", [list(line) for line in ids], SYMBOLS)
    write_dataset(folder / "bin/valid.de-en.en", [[7, 2], [8, 9, 2]], SYMBOLS)
    damage(folder)
    return f"--system system --data-bin bin --subset valid {options}"


@deferred
def described(value, *keys, to):
    for key in keys[:-1]:
        value = value[key]
    value[keys[-1]] = to


def weights(name, change):
    return lambda values: values.update({name: change(values.get(name))})


def with_nan(array):
    array[1, 1] = np.nan
    return array


count = cases_of("count-", "activations.count_activations")

INDEX, DATA = "bin/valid.de-en.de.idx", "bin/valid.de-en.de.bin"
COUNT = [
    count("absent", "no binarised text", counting(lambda folder: (folder / DATA).unlink()), 'bin/valid.de-en.de.bin is missing: direction de-en has no binarised valid data'),
    count("index", "another file named as index", counting(put(INDEX, b"text\n" * 20)), "bin/valid.de-en.de.idx: not an index of fairseq's mmap format; binarise the text again"),
    count("index-empty", "an empty index", counting(put(INDEX, b"")), "bin/valid.de-en.de.idx: not an index of fairseq's mmap format; binarise the text again"),
    count("index-cut", "a truncated index", counting(cut(INDEX, 40)), 'bin/valid.de-en.de.idx: 40 bytes, but 2 sentences need 50; binarise the text again'),
    count("index-version", "an index of another version", counting(lambda folder: (folder / INDEX).write_bytes(b"MMIDIDX\0\0" + b"\x07" + (folder / INDEX).read_bytes()[10:])), 'bin/valid.de-en.de.idx: version 7 of the format, type 8, is unknown; binarise the text again'),
    count("data-cut", "truncated data", counting(cut(DATA, 3)), 'bin/valid.de-en.de.bin: 3 bytes, but its index says 10; binarise the text again'),
    count("unequal", "sides of unequal length", counting(ids=((4, 2),)), 'bin: valid of de-en has 1 source but 2 target lines'),
    count("ids", "ids of a larger dictionary", counting(ids=((4, 400, 2), (5, 2))), "bin/valid.de-en.de.bin: id 400 is not of the system's dictionary, which has 12; binarise the text with the system's subwords"),
    count("too-long", "no line that fits", counting(ids=((4,) * 40, (5,) * 40)), 'direction de-en: no line has at most 16 positions'),
    count("direction", "a misspelt direction", counting(options="--directions de-ne --out-root counts"), "system/system.json: system 'tiny' has no direction 'de-ne'; it has de-en, en-de (did you mean 'de-en'?)"),
    count("masked", "a system that translates through masks", counting(mask_table=tiny.masks), "system/system.json: 'tiny' translates de-en through a mask, which this stage would leave out; take the system it was made from"),
    count("weights-cut", "truncated weights", counting(cut("system/model.safetensors", 900)), 'system/model.safetensors: SHA-256 is #, system.json says #; the file was changed after the system was written: export it again'),
    count("weights-nan", "NaN in the weights", counting(change=weights(FC1, with_nan)), 'system/model.safetensors: tensor encoder.layers.1.fc1.weight holds NaN or infinite values'),
    count("weights-type", "weights of whole numbers", counting(change=weights(FC1, lambda array: array.astype(np.int32))), 'system/model.safetensors: encoder.layers.1.fc1.weight is torch.int32, not a tensor of floating-point numbers'),
    count("weights-missing", "a tensor that is missing", counting(change=lambda values: values.pop(FC1)), "system/model.safetensors: tensor encoder.layers.1.fc1.weight is missing (did you mean 'encoder.layers.1.fc2.weight'?)"),
    count("weights-layer", "a layer more than the architecture has", counting(change=weights("encoder.layers.2.fc1.bias", lambda _: np.ones(12, np.float32))), "system/model.safetensors: tensor encoder.layers.2.fc1.bias is not part of the architecture (did you mean 'encoder.layers.1.fc1.bias'?)"),
    count("weights-shape", "an architecture with more units than the weights", counting(describe=described("architecture", "ffn_dim", to=16)), 'system/model.safetensors: tensor encoder.layers.0.fc1.weight is (12, 8), the architecture needs (16, 8)'),
    count("architecture", "heads that do not divide the width", counting(describe=described("architecture", "heads", to=3)), 'system/system.json: architecture.heads: 3 heads do not divide model_dim 8; export the system again'),
    count("safetensors", "text named .safetensors", counting(spoil=put("model.safetensors", b"text")), 'system/model.safetensors: not a safetensors file (Error while deserializing header: header too small); export the system again'),
]  # fmt: skip


@deferred
def sampled(folder, options):
    """Counts by sentence: the text has two sentences."""
    words = "--directions de-en --select mass:95 --out-json o.json --out-csv o.csv --out-markdown o.md"
    return str(counting(options=f"{words} {options}")(folder))


@deferred
def controlled(folder, table=lambda sha: tiny.masks(sha), options="", damage=lambda _: None):
    words = counting(options=f"--directions de-en en-de --masks masks.npz --out c.json {options}")(folder)
    sha = json.loads((folder / "system/system.json").read_text())["sha256"]["model.safetensors"]
    table(sha).write(folder / "masks.npz")
    damage(folder)
    return str(words)


control = cases_of("control-", "analyse.mask_control")

GROUPS = '{"a":["de"],"b":["en"]}'


def overlap(name, what, groups, said, options="--pivot en"):
    def lay(folder):
        tiny.masks(None).write(folder / "masks.npz")
        words = f"--masks masks.npz {options} --out-json o.json --out-csv o.csv --out-markdown o.md"
        return [*words.split(), "--groups", groups]

    return Case(f"overlap-{name}", what, "analyse.overlap", lay, said)


@deferred
def side_by_side(folder, options="", scores='{"activations":"counts"}', directions="de-en en-de"):
    words = f"--directions {directions} --out-json c.json --out-csv c.csv --out-markdown c.md"
    words = counting(options=f"--size 2 --scores {scores} {words} {options}")(folder)
    for direction in tiny.DIRECTIONS:
        tiny.counts(direction).write(folder / f"counts/{direction}.npz")
    return str(words)


criteria = cases_of("criteria-", "analyse.criteria")

REVERSED = UnitSpace(reversed(tiny.SPACE.groups))

ANALYSE = [
    control("masks", "no masks", controlled(damage=lambda folder: (folder / "masks.npz").unlink()), 'masks.npz: there is no such file or folder: check the path'),
    control("cut", "truncated masks", controlled(damage=cut("masks.npz", 300)), 'masks.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again'),
    control("model", "masks of another model", controlled(lambda sha: tiny.masks("cd" * 32)), "masks.npz: masks were made from weights #, the model's are #; make masks from this model's activations"),
    control("larger", "masks of a larger model", controlled(lambda sha: tiny.masks(sha, space=ffn_space(2, 2, 16))), "masks.npz: masks are for another model: 64 units in 4 groups, not 48 in 4; make masks from this model's activations"),
    control("permuted", "masks with the layers in another order", controlled(lambda sha: tiny.masks(sha, space=REVERSED)), "masks.npz: masks are for another model: 12 units of decoder.1.ffn where it has 12 of encoder.0.ffn; make masks from this model's activations"),
    control("row", "a direction without its mask row", controlled(lambda sha: tiny.masks(sha, ("de-en",))), "masks.npz: no mask row 'en-de'; rows: de-en"),
    control("sentences", "a control of 0 sentences", controlled(options="--max-sentences 0"), '--max-sentences is 0, at least 1 is needed'),
    Case("stability-sentences", "samples of more sentences than there are", "analyse.stability", sampled("--sentences 3"), "--sentences 3: de-en has 2 sentences that fit the model; take fewer (analysis.stability.sentences)"),
    Case("stability-draws", "an interval of two draws", "analyse.stability", sampled("--draws 2"), "--draws is 2, at least 5 is needed"),
    criteria("absent", "criteria with a score that is not there", side_by_side(scores='{"lape":"lape"}'), "lape/de-en.npz: no activations of direction 'de-en'; count them first"),
    criteria("scores", "scores that are no folders", side_by_side(scores='{"lape":1}'), '--scores: not of the shape {"activations": "activations/baseline/s1/valid"}'),
    criteria("model", "criteria of another model's scores", side_by_side(), "counts: scores were made from weights #, the model's are #; make scores from this model's activations"),
    criteria("draws", "one random draw", side_by_side("--draws 1"), '--draws is 1, at least 5 is needed'),
    criteria("size", "criteria of layers together", side_by_side("--size 5%@model"), "--size 5%@model: criteria take as many units of every layer; leave out '@model'"),
    criteria("one", "criteria of one direction", side_by_side(directions="de-en"), '--directions: de-en: criteria compare a direction with others'),
    overlap("json", "groups that are not JSON", "family", '--groups: not JSON (Expecting value: line 1 column 1 (char 0))'),
    overlap("form", "text for the languages of a group", '{"a":"de"}', '--groups: not of the shape {"germanic": ["de", "nl"]}'),
    overlap("twice", "a language in two groups", '{"a":["de"],"b":["de"]}', "--groups: 'de' is in more than one group"),
    overlap("pivot", "a pivot that no mask has", GROUPS, '--pivot fr: no mask row has it; rows: de-en, en-de', "--pivot fr"),
    overlap("permutations", "0 permutations", GROUPS, '--permutations is 0, at least 1 is needed', "--pivot en --permutations 0"),
]  # fmt: skip

# ---- training -----------------------------------------------------------------------------------------------


#: Of a setting that is not given.
LEFT_OUT = object()


@deferred
def training(folder, spoil=lambda _: None, options="", **changes):
    """Text for a training of two updates, spoiled; ``changes``: other settings."""
    put_vocabulary(folder)
    (folder / "bin").mkdir()
    for subset in ("train", "valid"):
        write_dataset(folder / f"bin/{subset}.de-en.de", [[4, 5, 2], [6, 2]], SYMBOLS)
        write_dataset(folder / f"bin/{subset}.de-en.en", [[7, 2], [8, 9, 2]], SYMBOLS)
    spoil(folder)
    settings = training_settings(**{"max_updates": 2, "max_tokens": 64, "warmup_updates": 1, **changes})
    settings = {key: value for key, value in settings.items() if value is not LEFT_OUT}
    words = "--languages de en --subwords spm.model --dictionary dict.txt --data-bin bin --seed 1"
    words += f" --directions de-en en-de --folder training --out system {options}"
    named = {"--architecture": tiny.ARCHITECTURE, "--text": {"moses": False}, "--settings": settings}
    # Of an option that stands twice the last one counts.
    return [x for option, value in named.items() for x in (option, json.dumps(value))] + words.split()


train = cases_of("train-", "train.train_baseline")


def other_ids(name, *ids):
    return lambda folder: write_dataset(folder / name, list(ids), SYMBOLS)


TRAIN = [
    train("json", "settings that are not JSON", training(options="--settings lr=1"), "'lr=1' on the command line is not JSON: Expecting value: line 1 column 1 (char 0)"),
    train("list", "settings that are a list", training(options="--settings [1]"), "'[1]' on the command line is not a JSON object of names and values"),
    train("key", "a misspelt setting", training(learning_rate=1), "unknown key 'learning_rate' in the training settings"),
    train("missing", "a setting that is missing", training(patience=LEFT_OUT), "missing in the training settings: patience"),
    train("word", "a word for the learning rate", training(lr="high"), "lr 'high' in the training settings must be positive"),
    train("half", "half an update", training(max_updates=0.5), 'max_updates 0.5 in the training settings must be a whole number of at least 1'),
    train("negative", "a negative learning rate", training(lr=-1), 'lr -1 in the training settings must be positive'),
    train("smoothing", "a label smoothing of 5", training(label_smoothing=5), 'label_smoothing 5 in the training settings must be a number from 0 to below 1'),
    train("betas", "Adam's betas of 2 and 3", training(adam_betas=[2, 3]), 'adam_betas [2, 3] in the training settings must be two numbers from 0 to below 1'),
    train("decay", "a negative weight decay", training(weight_decay=-1), 'weight_decay -1 in the training settings must be a number of at least 0'),
    train("flag", "a word for true or false", training(valid_bleu="yes"), "valid_bleu 'yes' in the training settings must be true or false"),
    train("scheduler", "a misspelt scheduler", training(scheduler="cosin"), "scheduler 'cosin' in the training settings must be one of inverse_sqrt, polynomial_decay, cosine, fixed (did you mean 'cosine'?)"),
    train("warmup-beyond", "a warm-up beyond the updates", training(warmup_updates=9), 'warmup_updates 9 in the training settings is beyond max_updates 2, so that lr 0.0005 is never reached; lower it'),
    train("warmup", "a warm-up beyond the end of the schedule", training(scheduler="cosine", warmup_updates=9), 'warmup_updates 9 in the training settings must be below max_updates 2 with scheduler cosine'),
    train("folder", "no folder of binarised text", training(options="--data-bin bib"), 'bib: there is no such folder of binarised data'),
    train("shard", "a shard that is missing", training(options="--data-bin bin:bin2"), 'bin2: there is no such folder of binarised data'),
    train("direction", "a direction without data", training(options="--directions de-fr"), 'bin/train.de-fr.de.bin is missing: direction de-fr has no binarised train data; there is train of de-en'),
    train("index", "a truncated index of the training text", training(cut("bin/train.de-en.de.idx", 40)), 'bin/train.de-en.de.idx: 40 bytes, but 2 sentences need 50; binarise the text again'),
    train("cut", "truncated training text", training(cut("bin/train.de-en.de.bin", 4)), 'bin/train.de-en.de.bin: 4 bytes, but its index says 10; binarise the text again'),
    train("ids", "training text of a larger dictionary", training(other_ids("bin/train.de-en.de", [400, 2], [6, 2])), 'bin/train.de-en.de.bin was binarised with another dictionary than dict.txt'),
    train("unequal", "training text of unequal length", training(other_ids("bin/train.de-en.de", [4, 2])), 'bin: train of de-en has 1 source but 2 target lines'),
    train("unequal-valid", "validation text of unequal length", training(other_ids("bin/valid.de-en.de", [4, 2])), 'bin: valid of de-en has 1 source but 2 target lines'),
    train("empty", "training text of no line", training(lambda folder: [other_ids(f"bin/train.de-en.{lang}")(folder) for lang in ("de", "en")]), 'bin: train of de-en has no lines'),
    train("record", "a record of another form beside the text", training(lambda folder: (folder / "bin/train.de-en.de.json").write_text("[]")), 'bin/train.de-en.de.json: not what binarise writes; binarise the text again'),
    train("record-cut", "a truncated record beside the text", training(lambda folder: (folder / "bin/train.de-en.de.json").write_text("{")), 'bin/train.de-en.de.json: damaged, not JSON (line 1, column 2: Expecting property name enclosed in double quotes); delete it and run the step that writes it again'),
    train("no-subwords", "no SentencePiece model", training(options="--subwords nowhere/spm.model"), 'nowhere/spm.model: there is no such file; it becomes part of the system'),
    train("no-dictionary", "no dictionary", training(lambda folder: (folder / "dict.txt").unlink()), 'dict.txt: there is no such file or folder: check the path'),
]  # fmt: skip

CASES = [*IMPORT, *COUNT, *ANALYSE, *TRAIN]
