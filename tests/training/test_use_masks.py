"""train.use_masks: a system of another one's weights, each direction through its own mask row."""

import json

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.use_masks import main
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.system import SystemFolder

ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 3}
KEEP = {"de-en": [1, 0, 1, 0, 1, 1], "en-de": [1, 1, 0, 1, 0, 0]}


@pytest.fixture
def parent(tmp_path):
    folder = tmp_path / "systems/baseline/s2"
    folder.mkdir(parents=True)
    for name in ("model.safetensors", "spm.model", "dict.txt"):
        (folder / name).write_text(name)
    SystemFolder.write(
        folder, system="baseline", seed=2, languages=["en", "de"], mask_rows=dict.fromkeys(KEEP),
        architecture=ARCHITECTURE, text={"moses": False},
    )  # fmt: skip
    described = json.loads((folder / "system.json").read_text())
    (folder / "system.json").write_text(json.dumps({**described, "encoder_langtok": "tgt"}))
    return SystemFolder.read(folder)


def masks(folder, rows, weights_sha256):
    keep = np.array([KEEP[row] for row in rows], dtype=np.bool_)
    MaskTable(rows, keep, ffn_space(1, 1, 3), {"rule": "top", "weights_sha256": weights_sha256}).write(
        folder / "masks.npz"
    )
    return folder / "masks.npz"


def make(parent, table, out):
    main(["--system", "pruned", "--parent", str(parent.folder), "--masks", str(table), "--out", str(out)])
    return SystemFolder.read(out)


def test_weights_are_linked_and_each_direction_has_its_row(tmp_path, parent):
    out = tmp_path / "systems/pruned/s2"
    made = make(parent, masks(tmp_path, ["en-de", "de-en"], parent.weights_sha256), out)
    made.verify()
    links = {path.name: str(path.readlink()) for path in out.iterdir() if path.is_symlink()}
    # Relative: results may be moved.
    assert links == {
        name: f"../../baseline/s2/{name}" for name in ("model.safetensors", "spm.model", "dict.txt")
    }
    assert (made.system, made.seed, made.languages) == ("pruned", 2, ("en", "de"))
    assert made.parent == {"system": "baseline", "weights_sha256": parent.weights_sha256}
    assert made.training is None
    # All else is the parent's, what other commands wrote there too.
    assert made.encoder_langtok == parent.encoder_langtok == "tgt"
    for direction, row in KEEP.items():
        kept = made.masks_of(direction)
        assert kept is not None and kept.row(direction).astype(int).tolist() == row


def test_masks_of_another_model_and_a_missing_row_are_refused(tmp_path, parent):
    out = tmp_path / "systems/pruned/s2"
    with pytest.raises(UserError, match="masks were made from weights abababababab"):
        make(parent, masks(tmp_path, ["de-en", "en-de"], "ab" * 32), out)
    with pytest.raises(UserError, match="no mask row 'en-de'; rows: de-en"):
        make(parent, masks(tmp_path, ["de-en"], parent.weights_sha256), out)
    assert not out.exists()


def test_only_a_network_without_masks_is_looked_at_as_it_is(tmp_path, parent):
    """Counts and importance of a masked system would be of the network without its masks."""
    parent.check_whole("de-en")
    keep = {"de-en": [True] * 6, "en-de": [True] * 5 + [False]}
    facts = {"weights_sha256": parent.weights_sha256}
    table = MaskTable(keep, np.array([*keep.values()]), ffn_space(1, 1, 3), facts)
    table.write(tmp_path / "masks.npz")
    made = make(parent, tmp_path / "masks.npz", tmp_path / "systems/pruned/s2")
    made.check_whole("de-en")
    message = "'pruned' translates en-de through a mask, which this stage would leave out; take baseline"
    with pytest.raises(UserError, match=message):
        made.check_whole("en-de")
    # Nor is it pruned once more: the first masks would be gone.
    with pytest.raises(UserError, match=message):
        make(made, tmp_path / "masks.npz", tmp_path / "systems/twice/s2")
    with pytest.raises(UserError, match="has no direction 'de-ne'"):
        made.check_whole("de-ne")
