"""The numbering of units: a bijection, stored and read back unchanged."""

from __future__ import annotations

import pytest

from workflow_scripts.units.space import UnitGroup, UnitSpace, ffn_space, model_space

SPACE = UnitSpace(
    [
        UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 3),
        UnitGroup("decoder.0.ffn", "ffn", "decoder", 0, 2),
        UnitGroup("decoder.0.head", "head", "decoder", 0, 1),
    ]
)


def test_flat_ids_number_groups_in_order():
    table = [SPACE.locate(flat_id) for flat_id in range(6)]
    assert table == [
        ("encoder.0.ffn", 0),
        ("encoder.0.ffn", 1),
        ("encoder.0.ffn", 2),
        ("decoder.0.ffn", 0),
        ("decoder.0.ffn", 1),
        ("decoder.0.head", 0),
    ]
    assert [SPACE.flat(key, index) for key, index in table] == [0, 1, 2, 3, 4, 5]
    assert SPACE.size == 6
    assert SPACE.slices() == {
        "encoder.0.ffn": slice(0, 3),
        "decoder.0.ffn": slice(3, 5),
        "decoder.0.head": slice(5, 6),
    }


@pytest.mark.parametrize("flat_id", [-1, 6])
def test_flat_id_outside_the_space(flat_id):
    with pytest.raises(IndexError):
        SPACE.locate(flat_id)


@pytest.mark.parametrize("index", [-1, 2])
def test_index_outside_its_group(index):
    with pytest.raises(IndexError):
        SPACE.flat("decoder.0.ffn", index)


def test_json_round_trip_and_equality():
    assert UnitSpace.from_json(SPACE.to_json()) == SPACE
    assert hash(UnitSpace.from_json(SPACE.to_json())) == hash(SPACE)
    assert UnitSpace(SPACE.groups[:2]) != SPACE
    assert UnitSpace(SPACE.groups[::-1]) != SPACE
    assert UnitSpace(SPACE.groups[:1]).to_json() == (
        '[{"key":"encoder.0.ffn","kind":"ffn","layer":0,"size":3,"stack":"encoder"}]'
    )


def test_ffn_space_is_encoder_then_decoder():
    space = ffn_space(encoder_layers=2, decoder_layers=1, ffn_dim=4)
    assert space.keys == ("encoder.0.ffn", "encoder.1.ffn", "decoder.0.ffn")
    assert space.size == 12
    assert (space.group("encoder.1.ffn").stack, space.group("encoder.1.ffn").layer) == ("encoder", 1)
    assert ffn_space(6, 6, 4096).size == 49152


def test_bad_groups_are_refused():
    with pytest.raises(ValueError, match="distinct"):
        UnitSpace([SPACE.groups[0], SPACE.groups[0]])
    with pytest.raises(ValueError, match="kind"):
        UnitGroup("encoder.0.x", "x", "encoder", 0, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size 0"):
        UnitGroup("encoder.0.ffn", "ffn", "encoder", 0, 0)


ARCHITECTURE = {"encoder_layers": 1, "decoder_layers": 2, "ffn_dim": 3, "heads": 2, "model_dim": 4}


def test_every_kind_of_unit_has_its_groups_in_order():
    space = model_space(ARCHITECTURE, ["resid", "ffn", "head"])
    assert [(group.key, group.kind, group.layer, group.size) for group in space.groups] == [
        ("encoder.0.ffn", "ffn", 0, 3),
        ("decoder.0.ffn", "ffn", 0, 3),
        ("decoder.1.ffn", "ffn", 1, 3),
        ("encoder.0.self", "head", 0, 2),
        ("decoder.0.self", "head", 0, 2),
        ("decoder.0.cross", "head", 0, 2),
        ("decoder.1.self", "head", 1, 2),
        ("decoder.1.cross", "head", 1, 2),
        ("encoder.0.resid", "resid", 0, 4),
        ("decoder.0.resid", "resid", 0, 4),
        ("decoder.1.resid", "resid", 1, 4),
    ]
    assert space.size == 3 * 3 + 5 * 2 + 3 * 4
    assert model_space(ARCHITECTURE) == ffn_space(1, 2, 3)


def test_a_language_model_has_one_stack():
    space = model_space({**ARCHITECTURE, "encoder_layers": 0, "decoder_layers": 1}, ["ffn", "head", "resid"])
    assert [(group.key, group.size) for group in space.groups] == [
        *(("decoder.0.ffn", 3), ("decoder.0.self", 2), ("decoder.0.resid", 4))
    ]


def test_weights_are_units_of_their_matrices():
    space = model_space({**ARCHITECTURE, "encoder_layers": 1, "decoder_layers": 1}, ["weight"])
    assert [(group.key, group.size) for group in space.groups] == [
        *((f"encoder.0.self.{part}", 16) for part in ("q", "k", "v", "out")),
        *(("encoder.0.fc1", 12), ("encoder.0.fc2", 12)),
        *((f"decoder.0.self.{part}", 16) for part in ("q", "k", "v", "out")),
        *((f"decoder.0.cross.{part}", 16) for part in ("q", "k", "v", "out")),
        *(("decoder.0.fc1", 12), ("decoder.0.fc2", 12)),
    ]
    # The published model's masks of 60 directions: 9.84 GiB at a byte a weight, in bits an eighth.
    big = {"encoder_layers": 6, "decoder_layers": 6, "model_dim": 1024, "ffn_dim": 4096}
    weights = model_space(big, ["weight"]).size
    assert weights == 6 * (4 * 1024**2 + 8 * 1024**2) + 6 * (8 * 1024**2 + 8 * 1024**2) == 176_160_768
    assert round(60 * weights / 2**30, 2) == 9.84


def test_parts_and_the_ids_of_their_units():
    space = model_space(ARCHITECTURE, ["ffn", "head"])
    part = space.part(["head"], ["decoder"])
    assert part.keys == ("decoder.0.self", "decoder.0.cross", "decoder.1.self", "decoder.1.cross")
    assert space.ids_of(part).tolist() == [11, 12, 13, 14, 15, 16, 17, 18]
    assert space.ids_of(space.part(stacks=["encoder"])).tolist() == [0, 1, 2, 9, 10]
    assert space.ids_of(space).tolist() == list(range(19))
    with pytest.raises(ValueError, match="distinct keys"):
        space.part(["resid"])


@pytest.mark.parametrize(
    "other",
    [ffn_space(1, 2, 4), ffn_space(2, 1, 3), UnitSpace(reversed(ffn_space(1, 2, 3).groups))],
    ids=["other sizes", "other layers", "another order"],
)
def test_what_is_no_part(other):
    with pytest.raises(ValueError, match="not a part of this space"):
        model_space(ARCHITECTURE, ["ffn", "head"]).ids_of(other)
