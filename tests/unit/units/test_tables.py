"""Score and mask files: round trips, size, determinism, and what they refuse."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from workflow_scripts.common.archive import read_archive
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.gating import Gate, parse_gate
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import ffn_space, model_space

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


ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 5, "heads": 2, "model_dim": 4}
MODEL = model_space(ARCHITECTURE, ["ffn", "head", "resid"])


@pytest.mark.parametrize("kinds", [["head"], ["ffn", "head"], ["ffn", "resid"]])
def test_a_part_fits_a_model_that_has_it_and_no_other(kinds):
    space = MODEL.part(kinds)
    made_from = {"weights_sha256": "ab" * 32}
    scores = ScoreTable(["x"], np.linspace(-1, 1, space.size)[None], space, made_from)
    for table in (scores, MaskTable(["x"], scores.values > 0, space, made_from)):
        table.check_model(MODEL, "ab" * 32)
        with pytest.raises(UserError, match="are for another model"):
            table.check_model(MODEL.part(["ffn"]), "ab" * 32)
        with pytest.raises(UserError, match="are for another model"):
            table.check_model(
                model_space({**ARCHITECTURE, "ffn_dim": 6, "heads": 4}, ["ffn", "head"]), "ab" * 32
            )
        with pytest.raises(UserError, match=r"s were made from weights abababababab"):
            table.check_model(MODEL, "cd" * 32)


def test_scores_of_mixed_kinds_and_signs_round_trip(tmp_path):
    values = np.linspace(-2, 2, MODEL.size)[None]
    ScoreTable(["de-en"], values, MODEL, {}).write(tmp_path / "a.npz")
    table = ScoreTable.read(tmp_path / "a.npz")
    assert (table.values == values).all() and table.space == MODEL


def test_the_manifest_says_selector_and_gate_only_where_they_are_not_implied(tmp_path):
    space = MODEL.part(["ffn", "head"])
    keep = np.ones((1, space.size), dtype=bool)

    def written(**manifest):
        table = MaskTable(["x"], keep, space, {**MANIFEST, **manifest})
        table.write(tmp_path / "m.npz")
        read = MaskTable.read(tmp_path / "m.npz")
        assert (read.select, read.gates) == (table.select, table.gates)
        said = read_archive(tmp_path / "m.npz", MaskTable.FORMAT)[1]
        return {key: said[key] for key in ("select", "gate") if key in said}, read

    implied, read = written(select="mass:97.5", gate={"ffn": "row", "head": "zero"})
    assert (implied, read.select, read.gates) == ({}, "mass:97.5", {"ffn": "row", "head": "zero"})
    assert written(rule="all", k=None)[1].select == "all"
    assert written(rule="random", like_rule="mass")[1].select == "mass:97.5"
    said, read = written(rule="top", k=None, select="top:30%@model", gate={"head": "scale:0.50"})
    assert said == {"select": "top:30%@model", "gate": {"head": "scale:0.5"}}
    assert read.gates == {"ffn": "row", "head": "scale:0.5"}
    four = {"out": {"encoder": "mass:95", "decoder": "mass:70"}}
    assert written(rule="mass", k=None, select=four)[1].select == four


def test_another_gate_is_another_row():
    gated = masks(gate={"ffn": "zero"})
    assert gated.row_sha256("de-en") != masks().row_sha256("de-en")


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (
            {"ffn": "zeor"},
            "gate.ffn: 'zeor' is not row, zero, mean, scale:0.5 or gradient (did you mean 'zero'?)",
        ),
        ({"ffn": "scale"}, "gate.ffn: 'scale' is not row"),
        ({"ffn": "zero:1"}, "gate.ffn: 'zero:1' is not row"),
        ({"ffn": "scale:big"}, "'big' is not a number; write 'scale:0.5'"),
        ({"ffn": "scale:1"}, "other than 0 ('zero') and 1 (no change)"),
        ({"ffn": "scale:nan"}, "other than 0"),
        ({"head": "zero"}, "masks: gate: no 'head' units in these masks, but ffn"),
    ],
)
def test_gates_that_are_refused(gate, message):
    with pytest.raises(UserError, match=re.escape(message)):
        masks(gate=gate)


def test_a_factor_keeps_its_digits():
    assert parse_gate("scale:0.123456789", "head") == Gate("scale:0.123456789", "scale", 0.123456789)
    assert parse_gate("scale:-2.50", "ffn").text == "scale:-2.5"
    # What a file says is what was computed with: a factor has the digits of its text.
    many = parse_gate("scale:0.12345678901234567", "head")
    assert many == Gate("scale:0.123456789012346", "scale", 0.123456789012346)
    assert many == parse_gate(many.text, "head")
    with pytest.raises(UserError, match="other than 0"):
        parse_gate("scale:0.9999999999999999", "head")


def test_a_row_gate_is_for_neurons():
    with pytest.raises(
        UserError, match=r"gate.weight: 'scale:0.5' is for units with values; a weight .* 'zero'"
    ):
        parse_gate("scale:0.5", "weight")
    with pytest.raises(UserError, match=r"gate.head: 'row' is for FFN neurons; write 'zero'"):
        parse_gate("row", "head")
    with pytest.raises(
        UserError, match=re.escape("'heads' is not a kind of unit: ffn, head, resid, weight (did you mean")
    ):
        parse_gate("zero", "heads")


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


def test_masks_in_memory_are_bits():
    """Sixty directions of the published model: 12 layers of 4,096 neurons, one bit each."""
    space = ffn_space(6, 6, 4096)
    keep = np.random.default_rng(1).random((60, space.size)) < 0.5
    table = MaskTable([f"x-{n}" for n in range(60)], keep, space, {})
    assert table.bits.nbytes == 60 * 49_152 // 8 == 368_640
    assert (table.keep == keep).all() and (table.row("x-7") == keep[7]).all()
    assert table.keep.dtype == table.row("x-7").dtype == np.bool_
    again = MaskTable(table.rows, table.bits, space, {})
    assert again.bits is table.bits and again.row_sha256("x-7") == table.row_sha256("x-7")
    with pytest.raises(ValueError, match="do not fit 60 rows and 49152 units"):
        MaskTable(table.rows, keep[:, :-1], space, {})
    with pytest.raises(TypeError, match="masks are bool or bytes of bits, not float64"):
        MaskTable(table.rows, keep.astype(float), space, {})
