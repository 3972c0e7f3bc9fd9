"""Malformed systems: the stage ``translate.decode``."""

import hashlib

import numpy as np
from safetensors.numpy import save

from tests.malformed import tiny
from tests.malformed.case import Accepted, cases_of, deferred
from tests.malformed.text_cases import SENTENCES, put
from workflow_scripts.common.archive import read_archive, write_archive
from workflow_scripts.units.adapters import FILE as ADAPTERS
from workflow_scripts.units.adapters import adapter_shapes
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace, ffn_space


@deferred
def decoding(folder, options="", source=SENTENCES, direction="de-en", **changes):
    tiny.system(folder, **changes)
    put(folder, a_de=source)
    return f"--system system --direction {direction} --source a.de --out hyp.txt --beam 2 {options}"


@deferred
def setting(value, *keys, to):
    for key in keys[:-1]:
        value = value[key]
    value[keys[-1]] = to


def adapted(kind="lora", size=2, row="de", content=None):
    """LoRA of rank 2 in the file; ``kind``, ``size``: what the description says, where the row is ``de``."""
    shapes = adapter_shapes(tiny.ARCHITECTURE, "lora", 2)
    tensors = {f"{row}.{name}": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    data = content or save(tensors)

    def describe(value):
        value["adapters"] = {"file": ADAPTERS, "kind": kind, "size": size}
        value["directions"]["de-en"]["adapter_row"] = "de"
        value["sha256"][ADAPTERS] = hashlib.sha256(data).hexdigest()

    return decoding(spoil=lambda folder: (folder / ADAPTERS).write_bytes(data), describe=describe)


def without(key):
    return lambda value: value.pop(key)


def no_system(folder):
    put(folder, a_de=SENTENCES)
    return "--system system --direction de-en --source a.de --out hyp.txt"


def with_nan(weights):
    weights["decoder.layers.1.fc1.weight"][3, 2] = np.nan


def with_layer(weights):
    weights["encoder.layers.2.fc1.bias"] = np.zeros(12, np.float32)


def of_type(kind):
    return lambda weights: weights.update({name: value.astype(kind) for name, value in weights.items()})


@deferred
def after(folder, name, content):
    words = decoding()(folder)
    path = folder / "system" / name
    path.write_bytes(content) if content else path.unlink()
    return words


@deferred
def gate(folder, how):
    path = folder / "masks.npz"
    arrays, manifest = read_archive(path, MaskTable.FORMAT)
    write_archive(path, arrays, {**manifest, "gate": how})


REVERSED = UnitSpace(reversed(tiny.SPACE.groups))
NOTHING = np.ones((2, tiny.SPACE.size), bool)
NOTHING[:, 12:24] = False

decode = cases_of("", "translate.decode")

CASES = [
    decode("system-absent", "no system where one is named", no_system, 'system: no system here (system.json is missing)'),
    decode("system-cut", "a truncated system.json", after("system.json", b'{"format": "neuronspec-system-1", "sys'), 'system/system.json: damaged, not JSON (line 1, column 35: Unterminated string starting at); delete it and run the step that writes it again'),
    decode("system-list", "a list in system.json", after("system.json", b"[1, 2]"), "system/system.json: format is [1, 2], expected 'neuronspec-system-1'; export it again"),
    decode("system-version", "a system.json of a later version", decoding(describe=setting("format", to="neuronspec-system-9")), "system/system.json: format is 'neuronspec-system-9', expected 'neuronspec-system-1'; export it again"),
    decode("system-key", "a system.json without its files", decoding(describe=without("files")), 'system/system.json: files is missing; export the system again'),
    decode("system-type", "text for the seed in system.json", decoding(describe=setting("seed", to="one")), "system/system.json: seed is 'one', not a whole number; export the system again"),
    decode("system-path", "weights out of the system's folder", decoding(describe=setting("files", "weights", to="../../secret")), "system/system.json: files.weights is '../../secret', not the name of a file in this folder; export the system again"),
    decode("system-sha", "weights without a hash", decoding(describe=setting("sha256", to={})), "system/system.json: sha256 lacks 'model.safetensors'; export the system again"),
    decode("system-language", "a direction of an unknown language in system.json", decoding(describe=setting("directions", to={"de-fr": {"mask_row": None}})), "system/system.json: directions: direction 'de-fr': 'fr' is not one of de, en; export the system again"),
    decode("system-layers", "layers that are no number", decoding(describe=setting("architecture", "encoder_layers", to="2")), "system/system.json: architecture.encoder_layers is '2', not a positive whole number; export the system again"),
    decode("system-heads", "heads that do not divide the width", decoding(describe=setting("architecture", "heads", to=3)), 'system/system.json: architecture.heads: 3 heads do not divide model_dim 8; export the system again'),
    decode("system-architecture", "a misspelt key of the architecture", decoding(describe=setting("architecture", "pre_nrom", to=True)), "system/system.json: architecture: unknown key 'pre_nrom' (did you mean 'pre_norm'?); export the system again"),
    decode("system-positions", "an unknown activation", decoding(describe=setting("architecture", "activation", to="gelu")), "system/system.json: architecture.activation: 'gelu' is not one of ('relu',); export the system again"),
    decode("system-text", "an unknown text option", decoding(describe=setting("text", "lowercase", to=True)), 'system/system.json: text.lowercase is unknown; known are normalize_punctuation, moses; export the system again'),
    decode("system-file-absent", "a file of the system that is gone", after("dict.txt", b""), 'system/dict.txt: missing, and system.json names it; export the system again'),
    decode("system-changed", "weights that were changed afterwards", after("model.safetensors", b"other"), 'system/model.safetensors: SHA-256 is #, system.json says #; the file was changed after the system was written: export it again'),
    decode("weights-cut", "truncated .safetensors", decoding(spoil=lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-64])), 'system/model.safetensors: not a safetensors file of float32 (Error while deserializing header: incomplete metadata, file not fully covered); export the system again'),
    decode("weights-nan", "NaN in the weights", decoding(change=with_nan), 'system/model.safetensors: tensor decoder.layers.1.fc1.weight holds NaN or infinite values; export the system again'),
    decode("weights-type", "weights of whole numbers", decoding(change=of_type(np.int32)), 'system/model.safetensors: tensor decoder.embed_tokens.weight is int32, not float32; export the system again'),
    decode("weights-missing", "a tensor that is missing", decoding(change=without("decoder.layers.0.fc1.bias")), "system/model.safetensors: the weights lack 'decoder.layers.0.fc1.bias' (did you mean 'encoder.layers.0.fc1.bias'?); export the system again"),
    decode("weights-layer", "a layer more than the architecture has", decoding(change=with_layer), 'system/model.safetensors: tensor encoder.layers.2.fc1.bias is not part of the architecture, which has 2 encoder layers; export the system again'),
    decode("weights-shape", "an architecture with more units than the weights", decoding(describe=setting("architecture", "ffn_dim", to=16)), 'system/model.safetensors: tensor encoder.layers.0.fc1.weight is (12, 8), its architecture and dictionary need (16, 8); export the system again'),
    decode("weights-vocabulary", "a dictionary with fewer symbols than the weights", decoding(files={"dict.txt": b"a 1\n"}, symbols=43), 'system/model.safetensors: tensor decoder.embed_tokens.weight is (43, 8), its architecture and dictionary need (7, 8); export the system again'),
    decode("system-subwords", "text in place of spm.model", decoding(files={"spm.model": SENTENCES}), 'system/spm.model: not a SentencePiece model; train it again, or name the right file'),
    decode("system-dict-twice", "dict.txt with a symbol twice", decoding(files={"dict.txt": b"a 1\na 1\n"}), "system/dict.txt: 'a' occurs more than once in the vocabulary"),
    decode("mask-cut", "truncated masks.npz", decoding(mask_table=lambda sha: tiny.masks(sha), spoil=lambda folder: (folder / "masks.npz").write_bytes((folder / "masks.npz").read_bytes()[:-100])), 'system/masks.npz: not a neuronspec-masks-1 file (File is not a zip file); delete it and run the step that writes it again'),
    decode("mask-row", "a direction without its mask row", decoding(mask_table=lambda sha: tiny.masks(sha, ("en-de",))), "system/masks.npz: no mask row 'de-en'; rows: en-de"),
    decode("mask-model", "masks made from another model", decoding(mask_table=lambda sha: tiny.masks("cd" * 32)), "system/masks.npz: masks were made from weights #, the model's are #; make masks from this model's activations"),
    decode("mask-larger", "masks of a larger model", decoding(mask_table=lambda sha: tiny.masks(sha, space=ffn_space(2, 2, 16))), "system/masks.npz: masks are for another model: 64 units in 4 groups, not 48 in 4; make masks from this model's activations"),
    decode("mask-permuted", "masks with the layers in another order", decoding(mask_table=lambda sha: tiny.masks(sha, space=REVERSED)), "system/masks.npz: masks are for another model: 12 units of decoder.1.ffn where it has 12 of encoder.0.ffn; make masks from this model's activations"),
    decode("mask-nothing", "a mask that keeps no unit of a layer", decoding(mask_table=lambda sha: tiny.masks(sha, keep=NOTHING)), "system/masks.npz: mask group 'encoder.1.ffn' keeps no unit; ctranslate2 has no layer without any; use --engine fairseq, or make the masks again"),
    decode("mask-gate", "masks with an unknown gate", decoding(mask_table=lambda sha: tiny.masks(sha), spoil=gate({"ffn": "off"})), "system/masks.npz: gate.ffn: 'off' is not row, zero, mean, scale:0.5 or gradient"),
    decode("mask-gate-kind", "a gate for units that the masks lack", decoding(mask_table=lambda sha: tiny.masks(sha), spoil=gate({"head": "zero"})), "system/masks.npz: gate: no 'head' units in these masks, but ffn"),
    decode("direction-weights", "a direction's weights out of the system's folder", decoding(describe=setting("directions", "de-en", "weights", to="/secret")), "system/system.json: directions.de-en.weights is '/secret', not the name of a file in this folder; export the system again"),
    decode("direction-adapter", "a direction with an adapter", decoding(describe=setting("directions", "de-en", "adapter_row", to="de")), "system/system.json: directions.de-en.adapter_row is 'de', but adapters is missing; export the system again"),
    decode("adapter-kind", "adapters of an unknown kind", adapted(kind="prefix"), "system/system.json: adapters.kind is 'prefix', not one of bottleneck, lora; export the system again"),
    decode("adapter-engine", "an adapter that is a layer, with ctranslate2", adapted(kind="bottleneck"), "system/system.json: de-en has an adapter of kind 'bottleneck', which ctranslate2 has no layer for; use --engine fairseq"),
    decode("adapter-row", "adapters without the direction's row", adapted(row="fr"), "system/adapters.safetensors: adapter row 'de' has no tensor 'encoder.0.self.q.down'; export the system again"),
    decode("adapter-shape", "adapters of another size", adapted(size=3), "system/adapters.safetensors: tensor de.encoder.0.self.q.down is float32 (2, 8), the system needs float32 (3, 8); export the system again"),
    decode("adapter-file", "adapters that are text", adapted(content=b"text"), "system/adapters.safetensors: not a safetensors file of float32 (Error while deserializing header: header too small); export the system again"),
    decode("mask-absent", "a zero-shot direction of a masked system, without masks", decoding(direction="de-fr", mask_table=lambda sha: tiny.masks(sha), describe=setting("languages", to=["de", "en", "fr"])), 'system: de-fr was not trained, so its mask row is not part of the system; give it with --masks FILE'),
    decode("direction-of-system", "a misspelt direction", decoding(direction="de-ne"), "system/system.json: system 'tiny' has no direction 'de-ne'; it has de-en, en-de (did you mean 'de-en'?)"),
    decode("source-absent", "no source file", decoding("--source b.de"), 'b.de: there is no such file or folder: check the path'),
    decode("source-not-utf8", "Latin-1 in the source", decoding(source=b"ein\nFlu\xdf\n"), 'a.de, line 2: not UTF-8 (invalid continuation byte); convert the file with iconv'),
    decode("source-nul", "a NUL byte in the source", decoding(source=b"ein\0\n"), 'a.de, line 1: a NUL byte; is this a text file?'),
    decode("beam-zero", "--beam 0", decoding("--beam 0"), '--beam is 0, at least 1 is needed'),
    decode("penalty", "--length-penalty nan", decoding("--length-penalty nan"), '--length-penalty nan: must be a number of at least 0'),
    decode("float16", "float16 without a GPU", decoding("--compute-type float16"), '--compute-type float16 needs a GPU, and there is none: use float32 or int8'),
    decode("engine", "the reference engine in an environment without fairseq", decoding("--engine fairseq"), "--engine fairseq needs the fairseq environment: module 'torch' is missing here; use --engine ctranslate2 or run it there"),
]  # fmt: skip


# ---- what looks wrong and is right -----------------------------------------------------------------------


@deferred
def as_without(folder, changed):
    from workflow_scripts.translate import decode as stage

    first = (folder / "hyp.txt").read_bytes()
    (folder / "b.de").write_bytes(changed)
    words = "--system system --direction de-en --beam 2 --source b.de --out other.txt"
    stage.main(words.split())
    assert first == (folder / "other.txt").read_bytes()
    assert first.count(b"\n") == changed.count(b"\n")


ACCEPTED = [
    Accepted("source-bom", "a source with byte order mark and CRLF", "translate.decode", decoding(source=b"\xef\xbb\xbf" + SENTENCES.replace(b"\n", b"\r\n")), "translated as without", as_without(SENTENCES)),
    Accepted("source-long", "a source line of 100,000 tokens", "translate.decode", decoding(source=b"ein " * 100_000 + b"\n"), "cut to the model's positions, with a warning", as_without(b"ein " * 99 + b"\n")),
    Accepted("weights-half", "weights in float16", "translate.decode", decoding(change=of_type(np.float16)), "computed in float32", as_without(SENTENCES)),
]  # fmt: skip
