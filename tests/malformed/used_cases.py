"""Systems of another experiment that are not what the config says: the stages ``train.use_…``."""

import json

import numpy as np

from tests.malformed.case import cases_of, deferred
from workflow_scripts.train import join_systems
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}
VOCABULARY = ("spm.model", "dict.txt")
FORM = f"--architecture {json.dumps(ARCHITECTURE, separators=(',', ':'))}"
BASELINE = '--system baseline --seed 2 --languages en de --text {"moses":false}'


def put(folder, names):
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)


def write(folder, system, row=None, **more):
    given = {"architecture": ARCHITECTURE, "text": {"moses": False}, "mask_rows": {"de-en": row}, "seed": 2}
    SystemFolder.write(folder, system=system, languages=["en", "de"], **given | more)


def baseline(folder, options=""):
    """Write a system and a vocabulary; return the words that take the system."""
    put(folder / "there", ("model.safetensors", *VOCABULARY))
    write(folder / "there", "baseline")
    put(folder / "vocabulary", VOCABULARY)
    return f"--from there --out here --vocabulary vocabulary {BASELINE} {FORM} {options}"


def finetuned(folder, rule, k, maskset, made_from=None, options="", trained=True, **more):
    """Write a masked system of one direction too; return the words that take that one.

    more: of the masks' manifest.
    """
    words = (
        baseline(folder)
        .replace("--from there", "--from masked")
        .replace("--system baseline", "--system mine")
    )
    made_from = made_from or SystemFolder.read(folder / "there").weights_sha256
    put(folder / "masked", ("model.safetensors", *VOCABULARY))
    if trained:
        (folder / "masked/model.safetensors").write_text("tuned")
    masks = MaskTable(
        ["de-en"],
        np.ones((1, 6), bool),
        ffn_space(1, 1, 3),
        {"rule": rule, "k": k, "weights_sha256": made_from, **more},
    )
    masks.write(folder / "masked/masks.npz")
    write(folder / "masked", "mine", "de-en", parent={"system": "baseline", "weights_sha256": made_from})
    return f"{words} --baseline there --masks {maskset} {options}"


TOOK = {
    "de-en": {"updates": 3, "seconds": 10, "gpu_hours": 0, "peak_memory_mb": 300},
    "en-de": {"updates": 4, "seconds": 2.5, "gpu_hours": 0, "peak_memory_mb": 200},
}


def parts(folder, **more):
    """Write a baseline and a part of each of two directions; return the words that join them.

    more: of a direction's system.json.
    """
    baseline(folder)
    made_from = SystemFolder.read(folder / "there").weights_sha256
    for direction, training in TOOK.items():
        part = folder / f"part.{direction}"
        put(part, ("model.safetensors", *VOCABULARY))
        (part / "model.safetensors").write_text(f"tuned {direction}")
        given = {
            "mask_rows": {direction: None},
            "parent": {"system": "baseline", "weights_sha256": made_from},
        }
        write(part, part.name, training=training, **given | more.get(direction.replace("-", "_"), {}))
    folders = " ".join(str(folder / f"part.{direction}") for direction in TOOK)
    return f"--system full --parent {folder / 'there'} --parts {folders} --out {folder / 'joined'}"


@deferred
def joined(folder, **more):
    return parts(folder, **more)


@deferred
def taken(folder, options="", spoil=lambda _: None):
    words = baseline(folder, options)
    spoil(folder)
    return words


@deferred
def masked(folder, *of, **more):
    return finetuned(folder, *of, **more)


def made_here(folder, keep, gate=None):
    """Write a masked system, and masks made here; return the words that compare them."""
    words = finetuned(folder, "random", None, "all").replace("--masks all", "--same-masks mine.npz")
    facts = {"rule": "random", "gate": gate}
    MaskTable(["de-en"], np.array([keep], bool), ffn_space(1, 1, 3), facts).write(folder / "mine.npz")
    return words


@deferred
def compared(folder, *of):
    return made_here(folder, *of)


@deferred
def joined_taken(folder, options):
    """Write a system of parts; return the words that take it."""
    join_systems.main(parts(folder).split())
    words = BASELINE.replace("--system baseline", "--system full")
    return f"--from joined --out here --vocabulary vocabulary {words} {FORM} --baseline there {options}"


@deferred
def vocabulary(folder):
    baseline(folder)
    (folder / "there/dict.txt").write_text("changed")
    return "--from there --out-model spm.model --out-dict dict.txt"


other = cases_of("use-", "train.use_system")
part = cases_of("join-", "train.join_systems")

CASES = [
    other("changed", "a taken system of which a file was changed", taken(spoil=lambda folder: (folder / "there/model.safetensors").write_text("other")), 'there/model.safetensors: SHA-256 is #, system.json says #; the file was changed after the system was written: export it again'),
    other("seed", "a taken system of another seed", taken("--seed 1"), 'there/system.json: seed is 2, this config says 1'),
    other("languages", "a taken system of languages in another order", taken("--languages de en"), "there/system.json: languages is ['en', 'de'], this config says ['de', 'en']"),
    other("text", "a taken system of text that was prepared otherwise", taken('--text {"moses":true}'), 'there/system.json: text.moses is False, this config says True'),
    other("architecture", "a taken system of another architecture", taken('--architecture {"encoder_layers":1,"decoder_layers":1,"ffn_dim":4,"heads":2}'), 'there/system.json: architecture.ffn_dim is 3, this config says 4\nthere/system.json: architecture.heads is None, this config says 2'),
    other("vocabulary", "a taken system of another vocabulary", taken(spoil=lambda folder: (folder / "vocabulary/dict.txt").write_text("other")), "there/dict.txt: not the same as vocabulary/dict.txt, of the first seed's baseline; take systems of one vocabulary"),
    other("masks", "a taken system of another k", masked("mass", "70", "k95"), 'masked: mine has the masks k70, this config says k95'),
    other("masks-all", "a taken system that keeps all units in place of a masked one", masked("all", None, "k95"), 'masked: mine has the masks all, this config says k95'),
    other("masks-random", "a taken system of random masks", masked("random", None, "all"), 'masked: mine has the masks random, this config says all'),
    other("masks-gate", "a taken system of the same k with another gate", masked("mass", "95", "k95", gate={"ffn": "zero"}), 'masked: mine has the masks k95 gate {"ffn": "zero"}, this config says k95'),
    other("masks-importance", "a taken system of masks by importance", masked("mass", "95", "k95", counting="importance: x"), 'masked: mine has the masks k95 of importance of ffn, this config says k95'),
    other("masks-model", "a taken system of masks of all layers together", masked("mass", None, "k95", select="mass:95@model"), 'masked: mine has the masks mass:95@model, this config says k95'),
    other("masks-stacks", "a taken system of masks of one stack", masked("mass", None, "k95", select="mass:95", stacks=["encoder"]), 'masked: mine has the masks mass:95 stacks ["encoder"], this config says k95'),
    other("masks-like", "a taken system of masks made of those of this k", masked("shuffled", "95", "k95", like_rule="mass"), 'masked: mine has the masks shuffled, this config says k95'),
    other("untrained", "a taken system without training in place of a fine-tuned one", masked("mass", "95", "k95", trained=False), 'masked: mine has train: none, this config says finetune'),
    other("trained", "a taken system with training in place of a pruned one", masked("mass", "95", "k95", options="--train none"), 'masked: mine has train: finetune, this config says none'),
    other("method", "a taken system of another way to train", masked("mass", "95", "k95", options='--method {"momentum":"own"}'), 'masked: mine has method: {}, this config says {"momentum": "own"}'),
    other("directions", "a taken system of more directions than here", masked("mass", "95", "k95", options="--directions en-de"), 'masked: mine has directions: ["de-en"], this config says ["en-de"]'),
    other("own-weights", "a taken system of parts of other directions", joined_taken("--own-weights de-en"), 'joined: full has own_weights: ["de-en", "en-de"], this config says ["de-en"]'),
    other("start", "a taken system of parts that did not begin at random", joined_taken("--own-weights de-en en-de --start random"), 'joined: full has start: parent, this config says random'),
    other("same-masks", "a taken system of other random masks than those here", compared([1, 1, 1, 1, 1, 0]), 'masked: the masks of de-en are not those of mine.npz, made here'),
    other("same-gates", "a taken system of the same masks with another gate", compared([1, 1, 1, 1, 1, 1], {"ffn": "zero"}), 'masked: the masks of de-en are not those of mine.npz, made here'),
    other("baseline", "a taken system of another baseline", masked("mass", "95", "k95", "ab" * 32), 'masked: made from weights #, the baseline taken has #; run the other experiment to its end first'),
    part("directions", "a part of two directions", joined(en_de={"mask_rows": {"en-de": None, "de-en": None}}), 'part.en-de/system.json: a part has one direction, not en-de, de-en'),
    part("twice", "two parts of one direction", joined(en_de={"mask_rows": {"de-en": None}}), 'part.en-de: de-en is that of part.de-en, too'),
    part("seed", "a part of another seed", joined(en_de={"seed": 3}), 'part.en-de/system.json: seed is not that of there/system.json'),
    part("parent", "a part of another baseline", joined(de_en={"parent": {"system": "baseline", "weights_sha256": "ab" * 32}}), 'part.de-en/system.json: it was not made from the weights of there'),
    cases_of("use-", "train.use_vocabulary")("vocabulary-changed", "a taken vocabulary that was changed", vocabulary(), 'there/dict.txt: SHA-256 is #, system.json says #; the file was changed after the system was written: export it again'),
]  # fmt: skip
