"""System folders: what is written is what the contract says, and wrong use is refused."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}
WEIGHTS = b"weights"
WEIGHTS_SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def make(folder, *, mask_rows, made_from=WEIGHTS_SHA256, ffn_dim=3, parent=None):
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "spm.model").write_bytes(b"subwords")
    (folder / "dict.txt").write_text("a 1\n")
    if any(mask_rows.values()):
        keep = np.array([[1, 0, 0, 1, 1, 0], [1, 1, 0, 0, 0, 1]], dtype=bool)[:, : 2 * ffn_dim]
        masks = MaskTable(["de-en", "en-de"], keep, ffn_space(1, 1, ffn_dim), {"weights_sha256": made_from})
        masks.write(folder / "masks.npz")
    return SystemFolder.write(
        folder, system="ns-k95", seed=1, languages=["en", "de"], mask_rows=mask_rows,
        architecture=ARCHITECTURE, text={"moses": False}, parent=parent, training={"updates": 5},
    )  # fmt: skip


def test_the_written_description(tmp_path):
    make(tmp_path / "s", mask_rows={"de-en": "de-en", "en-de": None})
    value = json.loads((tmp_path / "s/system.json").read_text())
    assert value["format"] == "neuronspec-system-1"
    assert (value["system"], value["seed"], value["languages"]) == ("ns-k95", 1, ["en", "de"])
    assert value["directions"] == {"de-en": {"mask_row": "de-en"}, "en-de": {"mask_row": None}}
    assert value["files"] == {
        "weights": "model.safetensors",
        "subwords": "spm.model",
        "dictionary": "dict.txt",
        "masks": "masks.npz",
    }
    assert value["sha256"]["model.safetensors"] == WEIGHTS_SHA256
    assert set(value["sha256"]) == {"model.safetensors", "spm.model", "dict.txt", "masks.npz"}
    assert (value["parent"], value["training"]) == (None, {"updates": 5})


def test_read_gives_what_was_written(tmp_path):
    written = make(tmp_path / "s", mask_rows={"de-en": "de-en"})
    read = SystemFolder.read(tmp_path / "s")
    assert read == written
    assert read.weights_sha256 == WEIGHTS_SHA256
    assert read.space == ffn_space(1, 1, 3)
    assert (read.weights, read.masks) == (tmp_path / "s/model.safetensors", tmp_path / "s/masks.npz")


def test_keep_row(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": "de-en", "fr-en": "en-de", "cs-en": None})
    assert system.keep_row("de-en").tolist() == [True, False, False, True, True, False]
    assert system.keep_row("fr-en").tolist() == [True, True, False, False, False, True]
    assert system.keep_row("cs-en") is None


def test_without_masks(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None})
    assert json.loads((tmp_path / "s/system.json").read_text())["files"]["masks"] is None
    assert (system.masks, system.keep_row("de-en")) == (None, None)
    system.verify()


def test_unknown_direction_names_the_nearest(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None, "fr-en": None})
    with pytest.raises(
        UserError, match=re.escape("has no direction 'de-em'; it has de-en, fr-en (did you mean")
    ):
        system.keep_row("de-em")


def test_masks_from_the_parent_are_accepted_and_from_elsewhere_refused(tmp_path):
    rows = {"de-en": "de-en"}
    parent = {"system": "baseline", "weights_sha256": "cd" * 32}
    assert (
        make(tmp_path / "a", mask_rows=rows, made_from="cd" * 32, parent=parent).keep_row("de-en") is not None
    )
    assert make(tmp_path / "b", mask_rows=rows, parent=parent).keep_row("de-en") is not None
    with pytest.raises(UserError, match="made from weights cdcdcdcdcdcd"):
        make(tmp_path / "c", mask_rows=rows, made_from="cd" * 32).keep_row("de-en")
    with pytest.raises(UserError, match="another model"):
        make(tmp_path / "d", mask_rows=rows, ffn_dim=2).keep_row("de-en")


def test_verify_names_the_changed_file(tmp_path):
    system = make(tmp_path / "s", mask_rows={"de-en": None})
    system.verify()
    (tmp_path / "s/dict.txt").write_text("b 1\n")
    with pytest.raises(UserError, match=r"dict\.txt: SHA-256"):
        system.verify()


def test_a_folder_without_a_system(tmp_path):
    with pytest.raises(UserError, match="no system here"):
        SystemFolder.read(tmp_path)
    (tmp_path / "system.json").write_text('{"format": "neuronspec-system-9"}')
    with pytest.raises(UserError, match="neuronspec-system-9"):
        SystemFolder.read(tmp_path)
    (tmp_path / "system.json").write_text('{"format": "neuronspec-system-1"}')
    with pytest.raises(UserError, match="system is missing; export the system again"):
        SystemFolder.read(tmp_path)


def test_a_direction_added_for_evaluation_brings_its_own_row(tmp_path):
    system = make(tmp_path / "masked", mask_rows={"de-en": "de-en"})
    assert system.mask_row("en-de") == "en-de"
    # The folder's own file is not asked, even where it has such a row: only trained directions are its.
    with pytest.raises(UserError, match=r"en-de was not trained, .* give it with --masks FILE"):
        system.keep_row("en-de")
    row = np.array([[0, 1, 1, 0, 0, 1]], dtype=bool)
    MaskTable(["en-de"], row, ffn_space(1, 1, 3), {"weights_sha256": WEIGHTS_SHA256}).write(
        tmp_path / "m.npz"
    )
    more = system.with_masks(tmp_path / "m.npz")
    assert more.keep_row("en-de").tolist() == [False, True, True, False, False, True]
    assert more.keep_row("de-en").tolist() == [True, False, False, True, True, False]
    MaskTable(["en-de"], row, ffn_space(1, 1, 3), {"weights_sha256": "ef" * 32}).write(tmp_path / "m.npz")
    with pytest.raises(UserError, match="masks were made from weights efefefefefef"):
        more.keep_row("en-de")
    plain = make(tmp_path / "plain", mask_rows={"de-en": None})
    assert (plain.mask_row("en-de"), plain.with_masks(tmp_path / "m.npz").keep_row("en-de")) == (None, None)
    with pytest.raises(UserError, match="no direction 'de-de'"):
        system.mask_row("de-de")
