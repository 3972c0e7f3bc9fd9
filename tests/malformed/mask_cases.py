"""Malformed counts and masks: the stage ``select``."""

import pickle
import zipfile

import numpy as np

from tests.malformed import tiny
from tests.malformed.case import cases_of, deferred
from tests.malformed.text_cases import SENTENCES
from workflow_scripts.common.archive import write_archive
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder


@deferred
def counted(folder, spoil=lambda _: None, options="--select mass:95"):
    """Counts of two directions for select_masks, spoiled: the second file."""
    (folder / "counts").mkdir()
    for direction in tiny.DIRECTIONS:
        tiny.counts(direction).write(folder / f"counts/{direction}.npz")
    spoil(folder / "counts/en-de.npz")
    return f"--activations-root counts --directions de-en en-de {options} --out masks.npz"


FOUR = '{"out":{"encoder":"all","decoder":"all"},"into":{"encoder":"all","decoder":"all"}}'


def other_counts(**changes):
    direction = changes.pop("direction", "en-de")
    return lambda path: tiny.counts(direction, **changes).write(path)


@deferred
def like(folder, spoil, directions="de-en en-de"):
    tiny.masks("ab" * 32).write(folder / "like.npz")
    spoil(folder / "like.npz")
    return f"--directions {directions} --like like.npz --rows random --seed 1 --out masks.npz"


@deferred
def weighed(folder, options="", **changes):
    """A system whose weights masks are selected from."""
    tiny.system(folder, **changes)
    return f"--weights-of system --directions de-en --select top:70% {options} --out masks.npz"


def adapted(value):
    value["adapters"] = {"file": "dict.txt", "kind": "lora", "size": 2}
    value["directions"]["de-en"]["adapter_row"] = "de"


def masks_of(bits, rows=tiny.DIRECTIONS, space=None):
    manifest = {"format": "neuronspec-masks-1", "rows": rows, "space": space or tiny.SPACE.to_json()}
    return lambda path: write_archive(path, {"bits": bits}, manifest)


def archive_bomb(path):
    """300 kB that unpack to 300 MB of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("values.npy", "w") as member,
    ):
        header = np.lib.format.header_data_from_array_1_0(np.zeros(0))
        np.lib.format.write_array_header_1_0(member, header | {"shape": (37_500_000,)})
        for _ in range(300):
            member.write(b"\0" * 1_000_000)


def lying_header(path):
    """An array that says to have 10**15 numbers, and has none."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("values.npy", "w") as member:
        header = np.lib.format.header_data_from_array_1_0(np.zeros(0))
        np.lib.format.write_array_header_1_0(member, header | {"shape": (10**15,)})


def pickled(path):
    """An array of objects, which only a pickle can hold."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("values.npy", "w") as member:
        np.lib.format.write_array(member, np.array([tiny.Trap()], dtype=object), allow_pickle=True)


@deferred
def compared(folder, directions="de-en en-de"):
    """Counts of two directions, which do not say of how many positions, for score_lape."""
    for direction in tiny.DIRECTIONS:
        tiny.counts(direction).write(folder / f"counts/{direction}.npz")
    return f"--activations-root counts --directions {directions} --form lape --out-root lape"


@deferred
def analysed(folder, *tables):
    """Tables of scores that are made from one system: (name, scores) each; for spread_scores."""
    tiny.system(folder)
    made_from = SystemFolder.read(folder / "system").weights_sha256
    for name, table in tables:
        table(made_from).write(folder / name)
    return f"--scores {' '.join(name for name, _ in tables)} --system system --directions de-en --out-root o"


def probe(stack="encoder", counting="probe: mean", weights=None):
    part = tiny.SPACE.part(stacks=[stack])
    values = np.ones((1, part.size))
    return lambda made_from: ScoreTable(
        ["NOUN"], values, part, {"counting": counting, "weights_sha256": weights or made_from}
    )


select = cases_of("", "units.select_masks")
spread = cases_of("spread-", "units.spread_scores")
lape = cases_of("lape-", "units.score_lape")

NEGATIVE = np.arange(tiny.SPACE.size)[None, :] - 3
#: Twelve units a layer: all active nearly everywhere; nine of the first layer never, or all units never.
NEARLY = 9_950 + np.arange(tiny.SPACE.size)[None, :]
FEW = np.where(np.arange(tiny.SPACE.size) < 12, np.arange(tiny.SPACE.size) // 9, np.arange(tiny.SPACE.size))[
    None, :
]
POSITIONS = {"source_positions": 10_000, "target_positions": 10_000, "count_pads": False}
UNDEFINED = np.where(np.arange(tiny.SPACE.size) == 5, np.nan, 1.0)[None, :]

CASES = [
    select("weights-both", "masks of weights and of counts at once", weighed("--activations-root counts"), "--weights-of: goes without --activations-root; leave one out"),
    select("weights-adapter", "masks of the weights of a direction with an adapter", weighed(describe=adapted), "system/system.json: de-en has an adapter, and its weights were not trained; name a system that trains them"),
    select("weights-equal", "masks of weights that are all alike", weighed(change=lambda values: values["encoder.layers.0.self_attn.k_proj.weight"].fill(1)), "system/model.safetensors: tied: 44 of the 44 units that de-en keeps in encoder.0.self.k have the score 1, and so have 20 that are left out: their order alone decides; take another amount, or more text; or accept it: --accept-uninformative, masks.accept_uninformative"),
    select("counts-absent", "a direction without counts", counted(lambda path: path.unlink()), "counts/en-de.npz: no activations of direction 'en-de'; count them first"),
    select("counts-empty", "an empty .npz", counted(lambda path: path.write_bytes(b"")), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-cut", "a truncated .npz", counted(lambda path: path.write_bytes(path.read_bytes()[:-40])), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-text", "text named .npz", counted(lambda path: path.write_bytes(SENTENCES)), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-pickle", "a pickle named .npz that would run code", counted(lambda path: path.write_bytes(pickle.dumps(tiny.Trap()))), 'counts/en-de.npz: not a neuronspec-scores-1 file (File is not a zip file); delete it and run the step that writes it again'),
    select("counts-objects", "an array of objects that would run code", counted(pickled), 'counts/en-de.npz: not a neuronspec-scores-1 file (Object arrays cannot be loaded when allow_pickle=False); delete it and run the step that writes it again'),
    select("counts-bomb", "a .npz of 300 kB that unpacks to 300 MB", counted(archive_bomb), 'counts/en-de.npz: not a neuronspec-scores-1 file (it would unpack to 300000128 bytes); delete it and run the step that writes it again', bounded=True),
    select("counts-header", "an array that says to have 10**15 numbers", counted(lying_header), 'counts/en-de.npz: not a neuronspec-scores-1 file (Unable to allocate 7.11 PiB for an array with shape (1000000000000000,) and data type float64); delete it and run the step that writes it again'),
    select("counts-no-manifest", "arrays without a manifest", counted(lambda path: np.savez(path, values=NEGATIVE)), "counts/en-de.npz: not a neuronspec-scores-1 file ('manifest'); delete it and run the step that writes it again"),
    select("counts-masks", "masks named as counts", counted(lambda path: tiny.masks(None).write(path)), "counts/en-de.npz: format is 'neuronspec-masks-1', expected 'neuronspec-scores-1'; name the right file"),
    select("counts-keys", "a manifest without the units", counted(lambda path: write_archive(path, {"values": NEGATIVE}, {"format": "neuronspec-scores-1"})), "counts/en-de.npz: not a neuronspec-scores-1 file ('space'); delete it and run the step that writes it again"),
    select("counts-shape", "fewer counts than units", counted(lambda path: write_archive(path, {"values": NEGATIVE[:, :9]}, {"format": "neuronspec-scores-1", "rows": ["en-de"], "space": tiny.SPACE.to_json(), "metadata": {}})), 'counts/en-de.npz: not a neuronspec-scores-1 file (values (1, 9) do not fit 1 rows and 48 units); delete it and run the step that writes it again'),
    select("counts-type", "counts of another type", counted(lambda path: write_archive(path, {"values": NEGATIVE.astype(np.float32)}, {"format": "neuronspec-scores-1", "rows": ["en-de"], "space": tiny.SPACE.to_json(), "metadata": {}})), 'counts/en-de.npz: not a neuronspec-scores-1 file (scores are int64 or float64, not float32); delete it and run the step that writes it again'),
    select("counts-direction", "counts of another direction", counted(other_counts(direction="fr-en")), 'counts/en-de.npz: holds fr-en, not en-de'),
    select("counts-model", "counts of another model", counted(other_counts(weights_sha256="cd" * 32)), "counts/en-de.npz: weights_sha256 is '#', in de-en.npz '#'; count again"),
    select("counts-units", "counts of a larger model", counted(other_counts(space=ffn_space(2, 2, 16))), "counts/en-de.npz: counts another model's units than de-en.npz; count both again"),
    select("counts-counting", "counts with padding among those without", counted(other_counts(counting="pads counted")), "counts/en-de.npz: counting is 'pads counted', in de-en.npz 'pads excluded'; count again"),
    select("counts-negative", "negative counts", counted(other_counts(values=NEGATIVE)), 'counts/en-de.npz: 3 of 48 counts are negative, the first of unit 0; count again'),
    select("counts-undefined", "counts that are no number", counted(other_counts(values=UNDEFINED)), 'counts/en-de.npz: 1 of 48 counts are undefined, the first of unit 5; count again'),
    select("scores-saturated", "units that are active nearly everywhere", counted(other_counts(values=NEARLY, **POSITIONS)), "counts: saturated: 100.0% of the units of encoder.0.ffn are active at 99% of the positions of en-de or more (and in 3 more rows and groups); take a criterion that is not how often a unit is active; or accept it: --accept-uninformative, masks.accept_uninformative"),
    select("scores-tied", "counts of few values", counted(other_counts(values=FEW), "--select top:50%"), "counts: tied: 3 of the 6 units that en-de keeps in encoder.0.ffn have the score 0, and so have 6 that are left out: their order alone decides; take another amount, or more text; or accept it: --accept-uninformative, masks.accept_uninformative"),
    select("scores-zero", "layers that are never active", lambda folder: counted(other_counts(values=FEW * 0))(folder).replace(" de-en en-de ", " en-de "), "counts: all zero: no unit of encoder.0.ffn has a score in 1 of 1 rows; take more text, or leave this stack out; or accept it: --accept-uninformative, masks.accept_uninformative"),
    select("select-k-word", "k = ninety on the command line", counted(options="--select mass:ninety"), "select 'mass:ninety': k is 'ninety', not a decimal number such as 95 or 97.5"),
    select("select-k-zero", "k = 0 on the command line", counted(options="--select mass:0"), "select 'mass:0': k is 0, but a share of the activations in percent is above 0"),
    select("select-k-endless", "k = 1e-99999999 on the command line", counted(options="--select mass:1e-99999999"), "select 'mass:1e-99999999': k is 1e-99999999, but a share in percent is from 0.000001 to 1000000", bounded=True),
    select("select-no-k", "no k", counted(options="--select mass"), "select 'mass': 'mass' needs an amount, such as 'mass:95'"),
    select("select-share", "a share of less than one unit", counted(options="--select top:0.1%"), "select top:0.1%: that is less than one of the 12 units of encoder.0.ffn; take at least 8.34%"),
    select("select-stacks", "four selectors, and stacks", counted(options=f"--stacks encoder --pivot de --select {FOUR}"), "--stacks: four selectors name both; write 'all' for the one that is kept whole"),
    select("select-pivot", "a pivot for one selector", counted(options="--select all --pivot de"), '--pivot: goes with four selectors, not with --select all'),
    select("select-families", "families without their groups", lambda folder: "--like masks.npz --directions de-en --rows union --by family --out m.npz", '--families: goes with --by family, and --by family with it'),
    select("select-pairs", "pairs that are a list", lambda folder: "--like masks.npz --directions de-en --rows swapped --pairs [] --out m.npz", '--pairs: not of the shape {"de-en": "fr-en"}'),
    select("select-twice", "a direction named twice", lambda folder: "--activations-root counts --directions de-en de-en --select all --out masks.npz", '--directions names a direction twice: de-en de-en'),
    select("masks-row", "a mask row that is missing", like(lambda _: None, "de-en en-ed"), "like.npz: no mask row 'en-ed'; rows: de-en, en-de (did you mean 'en-de'?)"),
    select("masks-bits", "fewer bits than units", like(masks_of(np.zeros((2, 3), np.uint8))), 'like.npz: not a neuronspec-masks-1 file (bits (2, 3), but its rows and units need (2, 6)); delete it and run the step that writes it again'),
    select("masks-type", "bits that are not bytes", like(masks_of(np.zeros((2, 6)))), 'like.npz: not a neuronspec-masks-1 file (bits of type float64, not bytes); delete it and run the step that writes it again'),
    select("masks-no-bits", "a mask file without bits", like(lambda path: write_archive(path, {"keep": NEGATIVE}, {"format": "neuronspec-masks-1", "rows": ["de-en"], "space": tiny.SPACE.to_json()})), "like.npz: not a neuronspec-masks-1 file ('bits'); delete it and run the step that writes it again"),
    select("masks-rows-twice", "a mask row that stands twice", like(masks_of(np.zeros((2, 6), np.uint8), ["de-en", "de-en"])), "like.npz: not a neuronspec-masks-1 file (row names are not distinct: ('de-en', 'de-en')); delete it and run the step that writes it again"),
    select("masks-space", "units of an unknown kind", like(masks_of(np.zeros((2, 6), np.uint8), space='[{"key": "a", "kind": "fnn", "stack": "encoder", "layer": 0, "size": 48}]')), "like.npz: not a neuronspec-masks-1 file (group 'a': unknown kind 'fnn'); delete it and run the step that writes it again"),
    lape("absent", "LAPE of a direction that was not counted", compared("de-en fr-en"), "counts/fr-en.npz: no activations of direction 'fr-en'; count them first"),
    lape("positions", "LAPE of counts that do not say of how many positions", compared(), 'counts/de-en.npz: does not say at how many positions units were counted; count again'),
    spread("other", "scores of a probe and of something else", analysed(("a.npz", probe()), ("b.npz", probe("decoder", "probeless: mean"))), "b.npz: of another score than a.npz, or of the same units"),
    spread("twice", "scores of one stack twice", analysed(("a.npz", probe()), ("b.npz", probe())), "b.npz: of another score than a.npz, or of the same units"),
    spread("model", "scores of another model's units", analysed(("a.npz", probe(weights="cd" * 32))), "a.npz: scores were made from weights #, the model's are #; make scores from this model's activations"),
    spread("row", "a comparison that lacks a direction", analysed(("a.npz", probe(counting="correlation: min"))), "a.npz: no score row 'de-en'; rows: NOUN"),
]  # fmt: skip
