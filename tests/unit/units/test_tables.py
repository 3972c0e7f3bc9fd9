"""Score and mask files: round trips, size, determinism, and what they refuse."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space

SPACE = ffn_space(1, 1, 5)  # ten units: a row does not fill its last byte
KEEP = np.array([[1, 0, 1, 1, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]], dtype=bool)
MANIFEST = {"rule": "mass", "k": "97.5", "ties": "stable", "counting": "no pads", "weights_sha256": "ab" * 32}


def masks(keep=KEEP, space=SPACE, **more):
    return MaskTable(["de-en", "en-de"], keep, space, {**MANIFEST, **more})


def test_scores_round_trip_exactly(tmp_path):
    counts = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 2**62]], dtype=np.int64)
    ScoreTable(["de-en"], counts, SPACE, {"sentences": 7, "name": "Ä"}).write(tmp_path / "a.npz")
    table = ScoreTable.read(tmp_path / "a.npz")
    assert table.values.dtype == np.int64
    assert table.row("de-en").tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 4611686018427387904]
    assert (table.rows, table.space, table.metadata) == (("de-en",), SPACE, {"sentences": 7, "name": "Ä"})


def test_undefined_scores_survive(tmp_path):
    values = np.full((1, 10), np.nan)
    ScoreTable(["x"], values, SPACE, {}).write(tmp_path / "a.npz")
    assert np.isnan(ScoreTable.read(tmp_path / "a.npz").values).all()


def test_scores_refuse_other_types_and_shapes():
    with pytest.raises(TypeError, match="float32"):
        ScoreTable(["x"], np.zeros((1, 10), dtype=np.float32), SPACE, {})
    with pytest.raises(ValueError, match="do not fit"):
        ScoreTable(["x"], np.zeros((1, 9)), SPACE, {})
    with pytest.raises(ValueError, match="distinct"):
        ScoreTable(["x", "x"], np.zeros((2, 10)), SPACE, {})


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        masks().write(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    ScoreTable(["x"], np.zeros((1, 10)), SPACE, {"a": 1, "b": 2}).write(tmp_path / "a.npz")
    ScoreTable(["x"], np.zeros((1, 10)), SPACE, {"b": 2, "a": 1}).write(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_masks_pack_bits_and_round_trip(tmp_path):
    masks(data_sha256={"de-en": "00"}).write(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        # 10110000 11000000 and 00000111 10000000: eight units a byte, first unit highest
        assert archive["bits"].tolist() == [[0b10110000, 0b11000000], [0b00000111, 0b10000000]]
    table = MaskTable.read(tmp_path / "m.npz")
    assert table.keep.tolist() == KEEP.tolist()
    assert table.row("en-de").tolist() == KEEP[1].tolist()
    assert table.space == SPACE
    assert table.manifest == {**MANIFEST, "data_sha256": {"de-en": "00"}}


def test_sixty_directions_of_the_big_model_take_less_than_a_megabyte(tmp_path):
    space = ffn_space(6, 6, 4096)
    keep = np.random.default_rng(0).random((60, space.size)) < 0.5
    rows = [f"d{row}" for row in range(60)]
    MaskTable(rows, keep, space, {**MANIFEST, "data_sha256": dict.fromkeys(rows, "0" * 64)}).write(
        tmp_path / "m.npz"
    )
    assert 60 * 49152 // 8 < (tmp_path / "m.npz").stat().st_size < 1_000_000
    assert (MaskTable.read(tmp_path / "m.npz").keep == keep).all()


def test_row_hash_depends_on_its_bits_and_the_space_only():
    expected = hashlib.sha256(SPACE.to_json().encode() + bytes([0b10110000, 0b11000000])).hexdigest()
    assert masks().row_sha256("de-en") == expected
    changed = KEEP.copy()
    changed[1, 0] = True
    assert masks(changed).row_sha256("de-en") == expected
    assert masks(changed).row_sha256("en-de") != masks().row_sha256("en-de")
    assert masks(space=ffn_space(2, 3, 2)).row_sha256("de-en") != expected
    assert masks(k="5").row_sha256("de-en") == expected


def test_the_wrong_model_is_refused():
    masks().check_model(SPACE, "ab" * 32)
    with pytest.raises(UserError, match=r"10 units in 2 groups, not 12 in 2"):
        masks().check_model(ffn_space(1, 1, 6), "ab" * 32)
    with pytest.raises(UserError, match=r"made from weights abababababab, the model's are cdcdcdcdcdcd"):
        masks().check_model(SPACE, "cd" * 32)
    with pytest.raises(UserError, match="made from weights None"):
        masks(weights_sha256=None).check_model(SPACE, "cd" * 32)


def test_unknown_rows_name_the_nearest():
    with pytest.raises(UserError, match=re.escape("(did you mean 'de-en'?)")):
        masks().row("de-e")


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "plain.npz", a=np.zeros(3))
    ScoreTable(["x"], np.zeros((1, 10)), SPACE, {}).write(tmp_path / "scores.npz")
    for name in ("text.npz", "plain.npz", "scores.npz"):
        with pytest.raises(UserError, match=name):
            MaskTable.read(tmp_path / name)


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    masks().write(tmp_path / "m.npz")
    before = (tmp_path / "m.npz").read_bytes()
    with pytest.raises(TypeError):
        masks(note=object()).write(tmp_path / "m.npz")
    assert (tmp_path / "m.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["m.npz"]
