"""report.read.system_costs and report.tables.costs: parameters, bytes and seconds, worked out by hand."""

import json
import struct

import numpy as np
import pytest

from tests.unit.report.made import csv_rows, put_scores, tabulate
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.read.system_costs import Way, costs_of, read_ways
from workflow_scripts.report.tables.costs import caution_on_engines
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitGroup, UnitSpace, ffn_space
from workflow_scripts.units.system import SystemFolder

DIRECTIONS = ["en-de", "de-en"]
ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 10}
#: 12 in the embedding; 6 and 3 in the FFN, 4 in the attention: 25.
SHAPES = {"embed": [4, 3], "encoder.0.fc1.weight": [2, 3], "encoder.0.fc2.bias": [3], "encoder.0.q": [2, 2]}
TRAINING = {"updates": 20, "seconds": 3.5, "peak_memory_mb": 100.0}
MASKS = "select_masks/baseline/s{seed}/k70.tsv"


def weights(path, shapes):
    """A file of float32 zeros, and its size."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    return path.stat().st_size


def system(root, name, masked=False, training=TRAINING, own=None, adapters=None):
    folder = root / f"systems/{name}/s1"
    folder.mkdir(parents=True)
    weights(folder / "model.safetensors", SHAPES)
    for direction in own or {}:
        weights(folder / own[direction], SHAPES)
    if adapters:
        weights(folder / "adapters.safetensors", {"row.site.a": [2, 5]})
    for file in ("spm.model", "dict.txt"):
        (folder / file).write_text("x")
    if masked:
        # 20 units in two rows.
        MaskTable(DIRECTIONS, np.ones((2, 20), dtype=np.bool_), ffn_space(1, 1, 10), {}).write(
            folder / "masks.npz"
        )
    SystemFolder.write(
        folder, system=name, seed=1, languages=["en", "de"], architecture=ARCHITECTURE, text={},
        mask_rows={direction: direction if masked else None for direction in DIRECTIONS},
        training=training, own_weights=own, adapters=adapters,
        adapter_rows=dict.fromkeys(DIRECTIONS, "row") if adapters else None,
    )  # fmt: skip
    return folder


def measured(root, place, seconds):
    path = root / "benchmarks" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t9.5\n")


def way(trained="all", extraction=()):
    return Way(trained, "ctranslate2", list(extraction))


def test_a_masked_system(tmp_path):
    folder = system(tmp_path, "ns", masked=True)
    model, masks = ((folder / name).stat().st_size for name in ("model.safetensors", "masks.npz"))
    measured(tmp_path, "count_activations/baseline/s1/en-de.tsv", 2.0)
    measured(tmp_path, "count_activations/baseline/s1/de-en.tsv", 3.0)
    measured(tmp_path, "select_masks/baseline/s1/k70.tsv", 0.5)
    # Of another seed, and on another text.
    measured(tmp_path, "select_masks/baseline/s2/k70.tsv", 9.0)
    measured(tmp_path, "count_activations/baseline/s1/news/en-de.tsv", 9.0)
    measured(tmp_path, "decode/ns/s1/test.en-de.tsv", 1.25)
    measured(tmp_path, "decode/ns/s1/test.de-en.tsv", 1.0)
    # Of a test set that was decoded once.
    measured(tmp_path, "decode/ns/s1/old.de-en.tsv", 9.0)
    made = way(extraction=["count_activations/baseline/s{seed}", MASKS])
    decoded = ["test.en-de", "test.de-en"]
    assert costs_of(folder, tmp_path / "benchmarks", 1, made, decoded) == {
        "parameters": 25, "mask_bits": 40, "mask_bytes": masks, "bytes": model + masks,
        "trained_parameters": 25, "updates": 20, "training_seconds": 3.5, "peak_memory_mb": 100.0,
        "extraction_seconds": 5.5, "decode_seconds": 2.25,
    }  # fmt: skip


def test_files_of_jobs_that_are_no_more_do_not_count(tmp_path):
    """Directions that one job counts now may once have been counted by jobs of their own."""
    folder = system(tmp_path, "ns", masked=True)
    measured(tmp_path, "count_activations/baseline/s1/de-en.tsv", 9.0)
    measured(tmp_path, "count_activations/baseline/s1/en.tsv", 2.0)
    measured(tmp_path, "count_activations/baseline/s1/into_en.tsv", 3.0)
    named = "count_activations/baseline/s{seed}:en into_en"
    found = costs_of(folder, tmp_path / "benchmarks", 1, way(extraction=[named]))
    assert found["extraction_seconds"] == 5.0
    found = costs_of(folder, tmp_path / "benchmarks", 1, way(extraction=[f"{named} fr"]))
    assert found["extraction_seconds"] is None


def test_what_was_not_measured_is_unknown(tmp_path):
    folder = system(tmp_path, "pruned", training=None)
    found = costs_of(folder, tmp_path / "benchmarks", 1, way("nothing", [MASKS]), ["test.en-de"])
    unknown = ("updates", "training_seconds", "peak_memory_mb", "extraction_seconds", "decode_seconds")
    assert {name for name, value in found.items() if value is None} == {*unknown}
    assert found["trained_parameters"] == 0
    # No masks, no jobs: not zero seconds.
    assert costs_of(folder, tmp_path / "benchmarks", 1, way())["extraction_seconds"] is None


def test_a_model_for_each_direction_is_added_up(tmp_path):
    folder = system(tmp_path, "full", own={"en-de": "a.safetensors", "de-en": "b.safetensors"})
    found = costs_of(folder, tmp_path, 1, way())
    assert (found["parameters"], found["trained_parameters"]) == (50, 50)
    # The shared weights are not needed.
    assert found["bytes"] == 2 * (folder / "a.safetensors").stat().st_size
    # One of its own, and the shared one.
    folder = system(tmp_path, "half", own={"en-de": "a.safetensors"})
    assert costs_of(folder, tmp_path, 1, way("ffn"))["trained_parameters"] == 2 * (6 + 3)


def test_two_links_to_one_file_are_one(tmp_path):
    folder = system(tmp_path, "linked", own={"en-de": "a.safetensors"})
    (folder / "a.safetensors").unlink()
    (folder / "a.safetensors").symlink_to("model.safetensors")
    assert costs_of(folder, tmp_path, 1, way())["parameters"] == 25


def test_rows_that_no_direction_may_move_are_not_trained(tmp_path):
    """Two layers of three neurons with two inputs; each direction keeps one neuron of its own. In the encoder
    the third is kept by none, in the decoder the second and the third: three rows of two weights stay."""
    keep = np.array([[1, 0, 0, 1, 0, 0], [0, 1, 0, 1, 0, 0]], dtype=np.bool_)
    names = [f"{stack}.layers.0.fc1.weight" for stack in ("encoder", "decoder")]
    # 12 weights of first layers, 5 of something else.
    shapes = {**{name: [3, 2] for name in names}, "embed": [5]}

    def trained(name, method, trains="all"):
        folder = system(tmp_path, name, training={**TRAINING, "method": method})
        weights(folder / "model.safetensors", shapes)
        MaskTable(DIRECTIONS, keep, ffn_space(1, 1, 3), {}).write(folder / "masks.npz")
        return folder, costs_of(folder, tmp_path, 1, way(trains))["trained_parameters"]

    assert trained("ns", {})[1] == 17
    assert trained("own", {"momentum": "own"})[1] == 17 - 6
    folder, number = trained("gradients", {"train": "gradients", "parameters": "ffn"}, "ffn")
    assert number == 12 - 6
    # Made again, masks may keep any of them.
    assert trained("renewed", {"train": "gradients", "renew": 3})[1] == 17
    # Of a system that was taken from elsewhere the masks of its training are not known.
    (folder / "masks.npz").unlink()
    assert costs_of(folder, tmp_path, 1, way())["trained_parameters"] is None


def test_heads_that_no_direction_may_move_are_not_trained(tmp_path):
    """An attention of two heads, with four by four weights and biases of four: a head has 2 x 4 + 2 of query,
    key and value each, and 4 x 2 of the output projection. The encoder's second head is kept by none."""
    names = [f"encoder.layers.0.self_attn.{part}_proj" for part in ("q", "k", "v", "out")]
    shapes = {f"{name}.weight": [4, 4] for name in names} | {f"{name}.bias": [4] for name in names}
    shapes |= {"encoder.layers.0.fc1.weight": [3, 4]}
    space = UnitSpace([UnitGroup("encoder.0.self", "head", "encoder", 0, 2)])

    def trained(name, method, trains="all"):
        folder = system(tmp_path, name, training={**TRAINING, "method": {"train": "gradients", **method}})
        weights(folder / "model.safetensors", shapes)
        keep = np.array([[1, 0], [0, 0]], dtype=np.bool_)
        MaskTable(DIRECTIONS, keep, space, {}).write(folder / "masks.npz")
        return costs_of(folder, tmp_path, 1, way(trains))["trained_parameters"]

    assert trained("iat", {}) == 4 * 16 + 4 * 4 + 12 - 3 * 10
    assert trained("iat_out", {"head_weights": "qkvo"}) == 92 - 3 * 10 - 8
    assert trained("iat_only", {"parameters": "heads"}, "heads") == 30
    assert trained("only_out", {"parameters": "heads", "head_weights": "qkvo"}, "heads") == 30 + 8
    # Nothing of heads moves where FFNs alone are trained.
    assert trained("ffn", {"parameters": "ffn"}, "ffn") == 12


def test_adapters_are_parameters_of_their_own(tmp_path):
    folder = system(tmp_path, "lora", adapters={"kind": "lora", "size": 2})
    found = costs_of(folder, tmp_path, 1, way("adapters"))
    # One matrix of two by five.
    assert (found["parameters"], found["trained_parameters"]) == (35, 10)
    files = ("model.safetensors", "adapters.safetensors")
    assert found["bytes"] == sum((folder / name).stat().st_size for name in files)


def costs(**systems):
    made = {"trained": "all", "engine": "ctranslate2", "extraction": []}
    return json.dumps({name: {**made, **more} for name, more in {"baseline": {}, **systems}.items()})


def test_the_table(tmp_path):
    for name in ("baseline", "random-1", "random-2"):
        put_scores(tmp_path, name, {"bleu": 10.0}, DIRECTIONS)
    system(tmp_path, "baseline")
    for number, name in enumerate(("random-1", "random-2"), start=1):
        folder = system(tmp_path, name, masked=True, training={**TRAINING, "seconds": 3.0 + number})
        measured(tmp_path, f"decode/{name}/s1/test.en-de.tsv", number - 0.5)
        measured(tmp_path, f"decode/{name}/s1/test.de-en.tsv", 0.5)
    model, masks = ((folder / file).stat().st_size for file in ("model.safetensors", "masks.npz"))
    given = ["--costs", costs(**{"random-1": {}, "random-2": {"engine": "ctranslate2"}})]
    given += ["--systems-root", tmp_path / "systems", "--benchmarks-root", tmp_path / "benchmarks"]
    given += ["--draws", '{"random": ["random-1", "random-2"]}']
    page = tabulate(tmp_path, ["baseline", "random-1", "random-2"], DIRECTIONS, *given)["costs"]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if "|" in line]
    # Means over the draws: 4.5 s of training, 1.5 s of decoding.
    assert lines[3] == [
        *("random (2 draws)", "0", "40", f"{model + masks:,}", f"{(model + masks) / model:.3f}"),
        *("25", "20", "4.5", "100", "–", "1.5", "ctranslate2"),
    ]
    assert lines[2][:5] == ["baseline", "0", "0", f"{model:,}", "1.000"]
    rows = csv_rows(tmp_path / "tables/costs.csv")
    assert [row["system"] for row in rows] == ["baseline", "random-1", "random-2"]


def test_systems_of_another_engine_are_named():
    ways = {"baseline": way(), "ns": way(), "small": Way("adapters", "fairseq", [])}
    [said] = caution_on_engines(ways, "baseline")
    assert said.startswith("Decoded by another engine than `baseline` (ctranslate2): `small` (fairseq).")
    assert caution_on_engines({"baseline": way(), "ns": way()}, "baseline") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"ns": {}}', "not of the shape"),
        (costs().replace('"all"', '"some"'), "not of the shape"),
        (costs(nss={}), r"no system 'nss' \(did you mean 'ns'\?\)"),
        (costs(), "ns is missing"),
    ],
)
def test_costs_of_other_systems_are_refused(text, said):
    with pytest.raises(UserError, match=f"^--costs: {said}"):
        read_ways(text, ["baseline", "ns"])


def test_damaged_weights_are_refused(tmp_path):
    folder = system(tmp_path, "ns")
    (folder / "model.safetensors").write_bytes(b"\x09\x00\x00\x00\x00\x00\x00\x00{")
    with pytest.raises(UserError, match=r"model\.safetensors: not a file of weights"):
        costs_of(folder, tmp_path, 1, way())
