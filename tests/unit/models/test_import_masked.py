"""A checkpoint under the names of the published masked model is a system that was trained under masks."""

from __future__ import annotations

import json

import pytest
import torch

from tests.malformed import tiny
from tests.malformed.model_cases import checkpoint, having
from tests.unit.models.loaded import load_network
from workflow_scripts.common.errors import UserError
from workflow_scripts.models.fairseq import import_checkpoint
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.system import SystemFolder

LINEARS = ("_proj.weight", "fc1.weight", "fc2.weight")
SIZES = {"encoder_layers": 2, "ffn_dim": tiny.UNITS}


def run(folder, words, *options):
    paths = {name: str(folder / name) for name in ("c.pt", "spm.model", "dict.txt", "system")}
    import_checkpoint.main([*(paths.get(word, word) for word in words), *map(str, options)])
    return SystemFolder.read(folder / "system")


def patched(value):
    """As the published model saves itself while a mask is laid: every linear weight is a ``global_weight``,
    beside it what is not masked, masks by direction, and paths of masks in the settings."""
    model = value["model"]
    for name in [name for name in model if name.endswith(LINEARS)]:
        whole = name.removesuffix("weight") + "global_weight"
        model[whole] = model.pop(name)
        if "fc2" in name:
            model[name] = model[whole]
    model["language_mask.de-en.encoder|layers|0|fc1|weight"] = torch.ones(tiny.UNITS, tiny.WIDTH).bool()
    value["args"].mask_path = json.dumps({"de-en": "/theirs/masks/de-en.pt"})
    value["args"].arch = "transformer_vaswani_wmt_en_de_big_with_mask"


@pytest.fixture
def baseline(tmp_path):
    (tmp_path / "baseline").mkdir()
    system = run(tmp_path / "baseline", checkpoint()(tmp_path / "baseline"))
    tiny.masks(system.weights_sha256).write(tmp_path / "masks.npz")
    return system


def of_baseline(folder, baseline):
    return "--system", "ns", "--parent", baseline.folder, "--masks", folder / "masks.npz"


def test_patched_names_are_stock_names(tmp_path, baseline):
    words = checkpoint(patched)(tmp_path)
    stored = torch.load(tmp_path / "c.pt", weights_only=False)["model"]
    assert "encoder.layers.0.fc1.weight" not in stored
    system = run(tmp_path, words, *of_baseline(tmp_path, baseline))
    plain, masked = (load_network(one).state_dict() for one in (baseline, system))
    assert all(torch.equal(plain[name], masked[name]) for name in plain)
    assert (system.system, system.mask_rows) == ("ns", {"de-en": "de-en", "en-de": "en-de"})
    assert system.parent == {"system": "baseline", "weights_sha256": baseline.weights_sha256}
    row = system.masks_of("de-en")
    assert row is not None and system.masks is not None
    assert row.keep.tolist() == [[True, False] * (tiny.SPACE.size // 2)]
    assert MaskTable.read(system.masks).rows == ("de-en", "en-de")


def test_the_true_weight_stands_before_what_is_left_of_it(tmp_path, baseline):
    def half(value):
        name = "encoder.layers.0.fc1."
        value["model"][f"{name}global_weight"] = value["model"][f"{name}weight"] * 2

    words = checkpoint(half)(tmp_path)
    with pytest.raises(UserError, match="a model that translates through masks: give these with --parent"):
        run(tmp_path, words)
    system = run(tmp_path, words, *of_baseline(tmp_path, baseline))
    whole = torch.from_numpy(tiny.weights(12)["encoder.layers.0.fc1.weight"]) * 2
    assert torch.equal(load_network(system).encoder.layers[0].fc1.weight, whole)


@pytest.mark.parametrize("what", ["mask_path", "language_mask.de-en.encoder|layers|0|fc1|weight"])
def test_a_masked_model_is_known_by_paths_or_masks(tmp_path, what):
    def masked(value):
        having(mask_path="{}")(value) if what == "mask_path" else value["model"].update({what: torch.ones(1)})

    with pytest.raises(UserError, match="a model that translates through masks"):
        run(tmp_path, checkpoint(masked)(tmp_path))


def test_masks_of_another_model_or_without_a_direction(tmp_path, baseline):
    words = checkpoint(patched)(tmp_path)
    for masks, said in (
        (tiny.masks("ab" * 32), "masks were made from weights abababababab"),
        (tiny.masks(baseline.weights_sha256, ("de-en",)), "no mask row 'en-de'; rows: de-en"),
    ):
        masks.write(tmp_path / "masks.npz")
        with pytest.raises(UserError, match=said):
            run(tmp_path, words, *of_baseline(tmp_path, baseline))
        assert not (tmp_path / "system").exists()


def test_a_checkpoint_of_another_baseline(tmp_path, baseline):
    words = checkpoint(having(encoder_attention_heads=4, decoder_attention_heads=4, dropout=0.3))(tmp_path)
    with pytest.raises(UserError) as error:
        run(tmp_path, words, *of_baseline(tmp_path, baseline))
    assert str(error.value).endswith("c.pt: heads is 4, its baseline has 2: it is of another one")


def test_a_model_that_the_config_says_otherwise(tmp_path):
    words = checkpoint()(tmp_path)
    assert run(tmp_path, words, "--architecture", json.dumps(SIZES)).architecture["heads"] == 2
    with pytest.raises(UserError) as error:
        run(tmp_path, words, "--architecture", json.dumps({**SIZES, "heads": 4, "pre_norm": False}))
    said = [line.partition("c.pt: ")[2] for line in str(error.value).split("\n")]
    assert said == [
        "heads is 2, the config's model has 4; leave model out",
        "pre_norm is True, the config's model has False; leave model out",
    ]
