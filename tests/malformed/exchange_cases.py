"""Files of other programs that are not what they should be: units, binarised text, fine-tuned checkpoints."""

import json
import pickle

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import Case, deferred
from tests.malformed.model_cases import DICTIONARY, SYMBOLS, checkpoint, having
from workflow_scripts.common.files import sha256_of
from workflow_scripts.data.mmap_format import write_dataset

FC1 = [
    f"{stack}.layers.{layer}.fc1.weight" for stack in ("encoder", "decoder") for layer in range(tiny.LAYERS)
]
COUNTS = {
    f"{stack}_layer_{layer}": np.arange(tiny.UNITS)
    for stack in ("encoder", "decoder")
    for layer in range(tiny.LAYERS)
}


def right_masks():
    import torch

    return {name: torch.ones(tiny.UNITS, tiny.WIDTH, dtype=torch.bool) for name in FC1}


@deferred
def units(folder, content, options="", file="de-en.pt", pattern="{direction}.pt"):
    """A system, and one file of another program: bytes, or what makes a value for torch."""
    import torch

    tiny.system(folder)
    value = content() if callable(content) else content
    if isinstance(value, bytes):
        (folder / file).write_bytes(value)
    else:
        torch.save(value, folder / file)
    return f"--system system --files {pattern} --directions de-en --out m.npz {options}"


def counts(value, options="--select mass:95"):
    return units(pickle.dumps(value), options, "de-en.pkl", "{direction}.pkl")


def sets(named, size=tiny.UNITS):
    groups = [
        {"key": f"encoder.{layer}.ffn", "kind": "ffn", "stack": "encoder", "layer": layer, "size": size}
        for layer in range(tiny.LAYERS)
    ]
    value = {"format": "unit-sets-1", "model": {}, "groups": groups, "sets": named}
    return units(json.dumps(value).encode(), "", "x.units.json", "x.units.json")


def imported(name, what, lay, said, bounded=False):
    return Case(f"import-units-{name}", what, "activations.import_units", lay, said, bounded)


def uneven():
    masks = right_masks()
    masks[FC1[1]][3, 2] = False
    return masks


def changed(**values):
    return {**COUNTS, **values}


UNITS = [
    imported("none", "no file of masks", units(right_masks, pattern="{direction}.masks"), "de-en.masks: there is no such file, of de-en"),
    imported("trap", "a pickle of counts that would run code", counts(tiny.Trap()), "de-en.pkl: not opened: it asks for io.open, which no file of numbers needs: do not use a file you do not trust"),
    imported("cut", "a truncated pickle of counts", units(pickle.dumps(COUNTS)[:-40], "", "de-en.pkl", "{direction}.pkl"), "de-en.pkl: damaged, or not a pickle of numbers; fetch it again"),
    imported("strange", "a checkpoint in place of masks", units(lambda: {"model": 1}), "de-en.pt: a dictionary of 'model'; neither counts ('encoder_layer_0': int64 [units]), masks ('encoder.layers.0.fc1.weight': bool [units, width]) nor lists of units"),
    imported("uneven", "a mask of single weights", units(uneven), "de-en.pt: encoder.layers.1.fc1.weight: row 3 keeps a part of its weights: a mask of weights, not of units"),
    imported("number", "a numpy number in place of a mask", units(lambda: {**right_masks(), FC1[0]: np.float64(1)}), "de-en.pt: encoder.layers.0.fc1.weight is a float64, not a tensor of bool [units, width]: save a tensor there"),
    imported("layers", "masks of a model of more layers", units(lambda: {**right_masks(), "encoder.layers.2.fc1.weight": 1}), "de-en.pt: 'encoder.layers.2.fc1.weight' is no layer of this model (did you mean 'encoder.layers.1.fc1.weight'?)"),
    imported("negative", "negative counts", counts(changed(encoder_layer_0=np.arange(tiny.UNITS) - 1)), "de-en.pkl: encoder_layer_0 has negative counts; count again"),
    imported("size", "counts of a larger model", counts(changed(decoder_layer_1=np.arange(99))), "de-en.pkl: decoder_layer_1 is int64 [99], this model needs int64 [12]"),
    imported("select", "counts without a selector", counts(COUNTS, ""), "{direction}.pkl: holds counts: say which units are kept, such as --select mass:95"),
    imported("tasks", "lists of another number of languages", units(lambda: [[[0]] * 4], "--by language", "l.pth", "l.pth"), "l.pth: lists of 1 tasks, 2 are needed: de en"),
    imported("index", "a list with a unit that is not there", units(lambda: [[[0], [12], [0], [0]]], "", "l.pth", "l.pth"), "l.pth: encoder.1.ffn of de-en lists unit 12, it has 12"),
    imported("bits", "lists of bits, 0 and 1, in place of indices", units(lambda: [[[0, 1, 0], [2], [0], [0]]], "", "l.pth", "l.pth"), "l.pth: encoder.0.ffn of de-en lists unit 0 2 times: bits of a mask? Indices of the units that are kept are needed"),
    imported("sets-index", "unit sets with a unit that is not there", sets({"de-en": {"units": {"encoder.0.ffn": [12]}}}), "x.units.json: sets.de-en.units.encoder.0.ffn lists unit 12, it has 12"),
    imported("sets-name", "unit sets without a direction", sets({"de_en": {"units": {}}}), "x.units.json: no mask row 'de-en'; rows: de_en (did you mean 'de_en'?)"),
    imported("sets-huge", "unit sets that claim more units than memory holds", sets({"de-en": {"units": {}}}, 2**50), "x.units.json: groups 2251799813685248 units in 1 sets are more than are read", bounded=True),
    imported("sets-none", "JSON that is no file of unit sets", units(b'{"a": 1}', "", "x.units.json", "x.units.json"), "x.units.json: format is None, not 'unit-sets-1'"),
]  # fmt: skip


@deferred
def exported(folder, options):
    tiny.system(folder)
    tiny.masks(sha256_of(folder / "system/model.safetensors")).write(folder / "m.npz")
    return f"--units m.npz {options}"


def export(name, what, options, said):
    return Case(f"export-units-{name}", what, "activations.export_units", exported(options), said)


EXPORTS = [
    export("width", "masks without the model's width", "--form masks --out {direction}.pt", "--width: the model's width, of --form masks and no other"),
    export("pattern", "masks of all directions in one file", "--form masks --width 8 --out m.pt", "--out m.pt: masks need a pattern with {direction}"),
    export("counts", "masks as counts", "--form counts --out {direction}.pkl", "m.npz: format is 'neuronspec-masks-1', expected 'neuronspec-scores-1'; name the right file"),
]  # fmt: skip


@deferred
def binarised(folder, data_bin="bin", directions="de-en", spoil=lambda _: None):
    (folder / "bin").mkdir()
    (folder / "dict.txt").write_bytes(DICTIONARY)
    for side in ("de", "en"):
        (folder / f"bin/dict.{side}.txt").write_bytes(DICTIONARY)
        for subset in ("train", "valid"):
            write_dataset(folder / f"bin/{subset}.en-de.{side}", [[4, 5, 2]], SYMBOLS)
    spoil(folder)
    return f"--data-bin {data_bin} --directions {directions} --dictionary dict.txt --out out"


def linked(name, what, lay, said):
    return Case(f"data-bin-{name}", what, "train.use_data_bin", lay, said)


LINKS = [
    linked("shard", "a folder of binarised text that is missing", binarised("bin:bin2"), "bin2: there is no such folder of binarised data"),
    linked("direction", "a direction without binarised text", binarised(directions="de-en fr-en"), "bin/train.en-fr.fr.bin is missing: direction fr-en has no binarised train data; there is train of en-de"),
    linked("dictionary", "text that was binarised with another dictionary", binarised(spoil=lambda folder: (folder / "bin/dict.de.txt").write_bytes(b"a 1\nz 1\n")), "bin/dict.de.txt, line 2: 'z', where the dictionary in use has 'b': the data were binarised with another one"),
]  # fmt: skip


@deferred
def finetuned(folder, change=lambda _: None, options=""):
    """A baseline, and a checkpoint that is said to be fine-tuned from it."""
    words = checkpoint(change)(folder)
    tiny.system(folder, files={"spm.model": b"pieces", "dict.txt": DICTIONARY})
    (folder / "system").rename(folder / "baseline")
    tiny.masks(sha256_of(folder / "baseline/model.safetensors"), ("de-en",)).write(folder / "m.npz")
    return [*words, *f"--parent baseline --masks m.npz {options}".split()]


def masked(name, what, lay, said):
    return Case(f"checkpoint-{name}", what, "models.import_checkpoint", lay, said)


CHECKPOINTS = [
    masked("other-baseline", "a fine-tuned checkpoint of another baseline", finetuned(having(encoder_attention_heads=4, decoder_attention_heads=4)), "c.pt: heads is 4, its baseline has 2: it is of another one"),
    masked("row", "masks without a direction of the checkpoint", finetuned(), "m.npz: no mask row 'en-de'; rows: de-en"),
    masked("masked", "a masked model without masks", checkpoint(having(mask_path="{}")), "c.pt: a model that translates through masks: give these with --parent and --masks, or name it under attach.systems"),
    masked("architecture", "a model that the config says otherwise", checkpoint(options='de-en --architecture {"heads":4,"pre_norm":false}'), "c.pt: heads is 2, the config's model has 4; leave model out\nc.pt: pre_norm is True, the config's model has False; leave model out"),
]  # fmt: skip

CASES = [*UNITS, *EXPORTS, *LINKS, *CHECKPOINTS]
