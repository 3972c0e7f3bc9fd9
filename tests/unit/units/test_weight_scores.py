"""Masks of single weights, selected from the weights of each direction."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.malformed import tiny
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.select_masks import main
from workflow_scripts.units.space import model_space
from workflow_scripts.units.system import SystemFolder

WEIGHTS = model_space(tiny.ARCHITECTURE, ["weight"])
#: Parameters that are never masked.
WHOLE = ("embed_tokens", "layer_norm", "bias")


@pytest.fixture
def system(tmp_path: Path) -> SystemFolder:
    """Of which de-en has weights of its own."""

    def own(folder: Path) -> None:
        values = load_file(folder / "model.safetensors")
        other = tiny.weights(len(values["decoder.embed_tokens.weight"]), seed=2)
        # 64 weights of known order: -0, 1, -2, … 63.
        signs = np.where(np.arange(8) % 2, 1, -1)
        numbers = np.arange(64, dtype=np.float32).reshape(8, 8)
        other["encoder.layers.0.self_attn.k_proj.weight"] = (numbers * signs).astype(np.float32)
        save_file(other, folder / "de.safetensors")

    def describe(value: dict) -> None:
        value["directions"]["de-en"]["weights"] = "de.safetensors"
        value["sha256"]["de.safetensors"] = sha256_of(tmp_path / "system/de.safetensors")
        value["parent"] = {"system": "baseline", "weights_sha256": "ab" * 32}

    tiny.system(tmp_path, spoil=own, describe=describe)
    return SystemFolder.read(tmp_path / "system")


def select(system: SystemFolder, how: str, *more: str) -> MaskTable:
    out = system.folder.parent / "masks.npz"
    words = ["--weights-of", str(system.folder), "--directions", "de-en", "en-de", "--select", how, *more]
    main([*words, "--out", str(out)])
    return MaskTable.read(out)


def test_the_largest_weights_of_each_directions_own_matrices(system):
    table = select(system, "top:75%")
    assert table.space == WEIGHTS and table.rows == ("de-en", "en-de")
    key = WEIGHTS.slice_of("encoder.0.self.k")
    assert table.row("de-en")[key].tolist() == [False] * 16 + [True] * 48
    # Exact numbers in each matrix, whatever the values.
    for group in WEIGHTS.groups:
        kept = table.keep[:, WEIGHTS.slice_of(group.key)].sum(axis=1)
        assert kept.tolist() == [group.size * 3 // 4] * 2
    weights = load_file(system.folder / "model.safetensors")
    shared = np.abs(weights["decoder.layers.1.fc2.weight"].ravel())
    kept = table.row("en-de")[WEIGHTS.slice_of("decoder.1.fc2")]
    assert shared[kept].min() > shared[~kept].max()
    # All that is masked are weights of attention and FFN.
    assert WEIGHTS.size == sum(
        tensor.size for name, tensor in weights.items() if not any(word in name for word in WHOLE)
    )


def test_equal_magnitudes_keep_the_exact_number(system):
    """Weights that went through a coarser type tie; the one of lower index comes first."""
    path = system.folder / "de.safetensors"
    tied = load_file(path)
    tied["encoder.layers.0.self_attn.k_proj.weight"][:] = -1.0
    save_file(tied, path)
    described = json.loads((system.folder / "system.json").read_text())
    described["sha256"]["de.safetensors"] = sha256_of(path)
    (system.folder / "system.json").write_text(json.dumps(described))
    changed, how = SystemFolder.read(system.folder), ("top:30%", "--stacks", "encoder")
    with pytest.raises(UserError, match=r"de\.safetensors: tied: 19 of the 19 units that de-en keeps in"):
        select(changed, *how)
    table = select(changed, *how, "--accept-uninformative")
    (accepted,) = table.manifest["accepted_uninformative"]
    assert accepted.startswith(f"{path}: tied: 19 of the 19 units")
    row = table.row("de-en")
    assert row[WEIGHTS.slice_of("encoder.0.self.k")].tolist() == [True] * 19 + [False] * 45
    assert row[WEIGHTS.slice_of("decoder.1.fc1")].all()


def test_masks_are_for_the_parent_and_say_what_they_were_scored_on(system):
    table = select(system, "top:70%")
    assert table.manifest["weights_sha256"] == "ab" * 32
    scored = {name: system.weights_sha256_of(name) for name in ("de-en", "en-de")}
    assert table.manifest["scored_on"] == scored and len(set(scored.values())) == 2
    assert (table.manifest["counting"], table.select) == ("weights: their magnitude", "top:70%")


def test_bits_are_a_thirtieth_of_the_weights(tmp_path):
    """On disk and in memory, for two directions of half a million weights."""
    shape = {"encoder_layers": 1, "decoder_layers": 1, "model_dim": 128, "ffn_dim": 512, "heads": 2}
    space = model_space(shape, ["weight"])
    keep = np.random.default_rng(1).random((2, space.size)) < 0.7
    table = MaskTable(["de-en", "en-de"], keep, space, {})
    table.write(tmp_path / "m.npz")
    floats = 2 * 4 * space.size
    assert table.bits.nbytes * 30 < floats and (tmp_path / "m.npz").stat().st_size * 30 < floats


def test_what_has_no_weights_to_score(system):
    with pytest.raises(
        UserError, match="'tiny' has weights of its own for each direction, and none for de-fr"
    ):
        main(["--weights-of", str(system.folder), "--directions", "de-fr", "--select", "all", "--out", "x"])
    with pytest.raises(UserError, match="--weights-of: goes without --activations-root"):
        select(system, "all", "--activations-root", "x")
    described = json.loads((system.folder / "system.json").read_text())
    described["adapters"] = {"file": "de.safetensors", "kind": "lora", "size": 2}
    described["directions"]["en-de"]["adapter_row"] = "de"
    (system.folder / "system.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match="en-de has an adapter, and its weights were not trained"):
        select(SystemFolder.read(system.folder), "all")
