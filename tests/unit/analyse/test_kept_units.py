"""Which units masks keep, by side and language, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from workflow_scripts.analyse.kept_units import kept_units, sides_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space

# Two layers of four units, encoder and decoder.
ROWS = {
    "en-a": "1100 1100",
    "en-b": "1100 1010",
    "en-c": "1100 1001",
    "a-en": "1000 1110",
    "b-en": "0100 1110",
    "c-en": "0110 1111",
}


def table(rows: dict[str, str]) -> MaskTable:
    keep = np.array([[bit == "1" for bit in bits.replace(" ", "")] for bits in rows.values()])
    return MaskTable(rows, keep, ffn_space(1, 1, 4), {"rule": "mass", "k": "70", "weights_sha256": "00"})


def test_kept_units_are_counted_by_direction_and_layer() -> None:
    found = kept_units(table(ROWS), "en")
    assert found["layers"] == {"encoder.0.ffn": 4, "decoder.0.ffn": 4}
    assert found["kept"]["en-b"] == {"encoder.0.ffn": 2, "decoder.0.ffn": 2}
    assert found["kept"]["c-en"] == {"encoder.0.ffn": 2, "decoder.0.ffn": 4}


def test_out_of_the_pivot_targets_share_units_and_have_some_alone() -> None:
    side = kept_units(table(ROWS), "en")["sides"]["out of en"]
    assert side["languages"] == {"a": ["en-a"], "b": ["en-b"], "c": ["en-c"]}
    assert side["all"] == {"encoder.0.ffn": [0, 1], "decoder.0.ffn": [0]}
    nothing: list[int] = []
    assert side["own"] == {
        "a": {"encoder.0.ffn": nothing, "decoder.0.ffn": [1]},
        "b": {"encoder.0.ffn": nothing, "decoder.0.ffn": [2]},
        "c": {"encoder.0.ffn": nothing, "decoder.0.ffn": [3]},
    }
    # Of two kept units each, one is the same: 1 of 3.
    assert side["iou"]["decoder.0.ffn"][0] == [1.0, 0.333333, 0.333333]
    assert side["iou"]["encoder.mean"][0] == [1.0, 1.0, 1.0]


def test_into_the_pivot_sources_do() -> None:
    side = kept_units(table(ROWS), "en")["sides"]["into en"]
    assert side["all"] == {"encoder.0.ffn": [], "decoder.0.ffn": [0, 1, 2]}
    assert [side["own"][lang]["encoder.0.ffn"] for lang in "abc"] == [[0], [], [2]]
    assert [side["own"][lang]["decoder.0.ffn"] for lang in "abc"] == [[], [], [3]]
    # a and b share none; b and c one of two; in the decoder c keeps one more than the others.
    assert side["iou"]["encoder.0.ffn"] == [[1, 0, 0], [0, 1, 0.5], [0, 0.5, 1]]
    assert side["iou"]["decoder.0.ffn"][2] == [0.75, 0.75, 1]


def test_without_a_pivot_a_language_has_what_any_of_its_directions_keeps() -> None:
    rows = {"a-b": "1000 1000", "b-a": "0100 0100", "a-c": "0010 0010", "c-b": "0001 0001"}
    sides = kept_units(table(rows), None)["sides"]
    assert sides["as targets"]["languages"] == {"b": ["a-b", "c-b"], "a": ["b-a"], "c": ["a-c"]}
    assert sides["as targets"]["own"]["b"]["encoder.0.ffn"] == [0, 3]
    assert sides["as sources"]["own"]["a"]["decoder.0.ffn"] == [0, 2]


@pytest.mark.parametrize(
    ("rows", "pivot", "sides"),
    [
        (["en-a", "a-en"], "en", {}),  # one language: nothing to compare
        (["en-a", "en-b", "a-en"], "en", {"out of en": {"a": ["en-a"], "b": ["en-b"]}}),
        # What does not touch the pivot belongs to neither side.
        (["en-a", "en-b", "a-b"], "en", {"out of en": {"a": ["en-a"], "b": ["en-b"]}}),
        (
            ["a-b", "b-a"],
            None,
            {"as targets": {"b": ["a-b"], "a": ["b-a"]}, "as sources": {"a": ["a-b"], "b": ["b-a"]}},
        ),
        # Texts of language models have no source and no target.
        (["a", "b"], None, {"languages": {"a": ["a"], "b": ["b"]}}),
        (["a"], None, {}),
    ],
)
def test_a_side_needs_two_languages(rows: list[str], pivot: str | None, sides: object) -> None:
    assert sides_of(rows, pivot) == sides


def test_a_row_that_is_no_direction_is_told() -> None:
    with pytest.raises(UserError, match="'everything' is not two language codes"):
        sides_of(["everything"], "en")
