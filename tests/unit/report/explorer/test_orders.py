"""In which orders directions stand."""

from tests.made_up_experiment import KEPT, write_masks
from workflow_scripts.report.explorer.orders import group_of, group_orders, similar
from workflow_scripts.units.mask_table import MaskTable

FAMILY = {"germanic": ["de", "nl"], "romance": ["fr"]}


def test_a_direction_is_of_the_group_that_has_all_its_languages_but_the_pivot():
    assert group_of("de-en", FAMILY, "en") == "germanic"
    assert group_of("nl-de", FAMILY, "en") == "germanic"
    assert group_of("de-fr", FAMILY, "en") is None
    assert group_of("de-en", FAMILY, "") is None
    assert group_of("fr", FAMILY, "") == "romance"
    assert group_of("en", FAMILY, "en") is None


def test_groups_stand_together_in_their_order_and_those_of_none_come_last():
    directions = ["fr-en", "sw-en", "de-en", "en-fr", "en-nl"]
    assert group_orders(directions, {"family": FAMILY, "other": {"x": ["xx"]}}, "en") == [
        {
            "name": "family",
            "order": [2, 4, 0, 3, 1],
            "groups": ["germanic", "germanic", "romance", "romance", ""],
        }
    ]
    assert group_orders(directions, {}, "en") == []


def test_rows_that_keep_the_same_units_stand_side_by_side(tmp_path):
    # 1 - IoU: rows 0 and 2 are equal, rows 1 and 3 share one of three.
    layers = {
        "encoder.0.ffn": [[0, 1], [5, 6], [0, 1], [6, 7]],
        "decoder.0.ffn": KEPT["k70"]["decoder.0.ffn"],
    }
    write_masks(tmp_path / "k70.npz", layers)
    order = similar(MaskTable.read(tmp_path / "k70.npz"))
    assert set(order) == {"encoder.0.ffn", "decoder.0.ffn"}
    assert {frozenset(order["encoder.0.ffn"][:2]), frozenset(order["encoder.0.ffn"][2:])} == {
        frozenset({0, 2}),
        frozenset({1, 3}),
    }


def test_one_row_has_an_order_too(tmp_path):
    write_masks(tmp_path / "k70.npz", {"encoder.0.ffn": [[0]]}, ["de-en"])
    assert similar(MaskTable.read(tmp_path / "k70.npz"))["encoder.0.ffn"] == [0]
