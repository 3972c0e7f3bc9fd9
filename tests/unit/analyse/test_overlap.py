"""Overlap within and across groups, against values worked out by hand."""

from __future__ import annotations

import csv
import json
from math import sqrt

import numpy as np
import pytest

from workflow_scripts.analyse.overlap import (
    iou_matrix,
    layer_matrices,
    main,
    overlap,
)
from workflow_scripts.analyse.overlap_tables import markdown
from workflow_scripts.analyse.permutations import count_labelings, labelings, relabel
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import ffn_space, model_space

# Encoder: all four rows equal. Decoder: a, b share {0,1}; c, d share {4,5}; b and c share {3}.
DECODER = {
    "a": [1, 1, 1, 0, 0, 0, 0, 0],
    "b": [1, 1, 0, 1, 0, 0, 0, 0],
    "c": [0, 0, 0, 1, 1, 1, 0, 0],
    "d": [0, 0, 0, 0, 1, 1, 1, 0],
}
GROUPS = {"first": ["a", "b"], "second": ["c", "d"]}


def table(prefix="en-", suffix="", decoder=DECODER):
    keep = np.array([[1, 0, 1, 0, 0, 0, 0, 0] + bits for bits in decoder.values()], dtype=bool)
    rows = [f"{prefix}{language}{suffix}" for language in decoder]
    return MaskTable(rows, keep, ffn_space(1, 1, 8), {"rule": "mass", "k": "70", "weights_sha256": "00"})


def test_iou():
    keep = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    third = 1 / 3
    assert iou_matrix(keep).tolist() == [[1, third, 0], [third, 1, 0], [0, 0, 1]]


def test_means_of_stacks_are_by_kind_where_there_are_several():
    space = model_space({"encoder_layers": 1, "decoder_layers": 1, "heads": 2, "ffn_dim": 2}, ["ffn", "head"])
    keep = np.array([[1, 0, 1, 1, 1, 0, 1, 1, 1, 1], [1, 1, 0, 1, 1, 0, 1, 0, 1, 1]], dtype=bool)
    found = layer_matrices(MaskTable(["a", "b"], keep, space, {}), ["a", "b"])
    assert {name: matrix[0, 1] for name, matrix in found.items() if name.endswith("mean")} == {
        "encoder.ffn.mean": 0.5,
        "decoder.ffn.mean": 0.5,
        "encoder.head.mean": 1,
        "decoder.head.mean": 0.75,  # self 0.5, cross 1
    }


def test_labelings_are_each_distinct_order_once():
    assert list(labelings([0, 0, 1])) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    assert count_labelings([0, 0, 1, 1]) == 6 == len(set(labelings([0, 0, 1, 1])))
    assert count_labelings([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]) == 34650


def test_relabel_is_exact_when_few():
    orders, exact = relabel([0, 0, 1], permutations=3, seed=1)
    assert exact and orders.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    orders, exact = relabel([0, 0, 1], permutations=2, seed=1)
    assert not exact and orders.shape == (2, 3) and (np.sort(orders, axis=1) == [0, 0, 1]).all()


def test_one_side_by_hand():
    side = overlap(table(), GROUPS, "en", permutations=100, seed=1)["sides"]["out_of_pivot"]
    assert side["languages"] == ["a", "b", "c", "d"]
    assert (side["orders"], side["exact"]) == (6, True)
    decoder = side["layers"]["decoder.0.ffn"]
    # ab and cd: 2 shared of 4; bc: 1 shared of 5; ac, ad, bd: none
    assert decoder["within"] == pytest.approx(0.5)
    assert decoder["across"] == pytest.approx(0.05)
    assert decoder["difference"] == pytest.approx(0.45)
    # squares within: 0; across: 3 * 0.05^2 + 0.15^2 = 0.03; 6 pairs - 2
    assert decoder["effect_size"] == pytest.approx(0.45 / sqrt(0.03 / 4))
    # aabb and bbaa of the six orders are as good
    assert decoder["p"] == pytest.approx(2 / 6)
    assert decoder["groups"] == [
        {"group_a": "first", "group_b": "first", "pairs": 1, "mean_iou": pytest.approx(0.5)},
        {"group_a": "first", "group_b": "second", "pairs": 4, "mean_iou": pytest.approx(0.05)},
        {"group_a": "second", "group_b": "second", "pairs": 1, "mean_iou": pytest.approx(0.5)},
    ]
    assert decoder["iou"][1] == [0.5, 1, 0.2, 0]
    encoder = side["layers"]["encoder.0.ffn"]
    assert (encoder["within"], encoder["across"], encoder["effect_size"], encoder["p"]) == (1, 1, None, 1)
    assert side["layers"]["decoder.mean"]["difference"] == pytest.approx(0.45)


def test_wrong_labels_show_no_effect():
    groups = {"first": ["a", "c"], "second": ["b", "d"]}
    layer = overlap(table(), groups, "en", 100, 1)["sides"]["out_of_pivot"]["layers"]["decoder.0.ffn"]
    # within: ac 0, bd 0; the other pairings hold 0.5 + 0.5 and 0.2 + 0: every order is at least as good
    assert (layer["within"], layer["p"]) == (0, 1)


def test_random_orders_count_the_given_one():
    rng = np.random.default_rng(0)
    base = rng.random((2, 64)) < 0.4
    decoder = {f"{family}{n}": [] for family in "xy" for n in range(6)}
    keep = np.array([np.where(rng.random(64) < 0.15, ~base[n // 6], base[n // 6]) for n in range(12)])
    rows = [f"{language}-en" for language in decoder]
    masks = MaskTable(rows, keep, ffn_space(0, 1, 64), {})
    groups = {family: [f"{family}{n}" for n in range(6)] for family in "xy"}
    side = overlap(masks, groups, "en", permutations=99, seed=1)["sides"]["into_pivot"]
    assert (side["orders"], side["exact"]) == (99, False)  # 924 orders in all
    layer = side["layers"]["decoder.0.ffn"]
    assert layer["effect_size"] > 2
    assert layer["p"] in (0.01, 0.02)  # (ties of the mirrored labels + 1) / 100
    # the same groups with labels dealt across them: no effect
    mixed = {"x": rows_of("x", 0, 3) + rows_of("y", 0, 3), "y": rows_of("x", 3, 6) + rows_of("y", 3, 6)}
    layer = overlap(masks, mixed, "en", 99, 1)["sides"]["into_pivot"]["layers"]["decoder.0.ffn"]
    assert layer["p"] > 0.3


def rows_of(family, start, stop):
    return [f"{family}{n}" for n in range(start, stop)]


def test_sides_are_separate_and_ungrouped_languages_left_out():
    result = overlap(table("", "-en"), {"first": ["a", "b"], "second": ["c"]}, "en", 100, 1)
    assert list(result["sides"]) == ["into_pivot"]
    side = result["sides"]["into_pivot"]
    assert (side["languages"], side["ungrouped"]) == (["a", "b", "c"], ["d"])
    assert side["layers"]["decoder.0.ffn"]["within"] == pytest.approx(0.5)
    assert side["layers"]["decoder.0.ffn"]["across"] == pytest.approx(0.1)


def test_nothing_to_compare_is_said():
    side = overlap(table(), {"first": ["a"], "second": ["c"]}, "en", 100, 1)["sides"]["out_of_pivot"]
    assert "nothing to compare" in side["note"] and "p" not in side["layers"]["decoder.0.ffn"]
    side = overlap(table(), {"first": ["a"]}, "en", 100, 1)["sides"]["out_of_pivot"]
    assert side["note"] == "fewer than two languages"
    with pytest.raises(UserError, match="no mask row has it"):
        overlap(table(), GROUPS, "fr", 100, 1)


def test_command_line(tmp_path):
    table().write(tmp_path / "m.npz")
    arguments = ["--masks", str(tmp_path / "m.npz"), "--pivot", "en", "--out-json", str(tmp_path / "o.json")]
    arguments += ["--out-csv", str(tmp_path / "o.csv"), "--out-markdown", str(tmp_path / "o.md")]
    main([*arguments, "--groups", json.dumps(GROUPS)])
    result = json.loads((tmp_path / "o.json").read_text())
    assert result["masks"] == {"rule": "mass", "k": "70", "weights_sha256": "00"}
    with (tmp_path / "o.csv").open() as handle:
        rows = [row for row in csv.DictReader(handle) if row["layer"] == "decoder.0.ffn"]
    assert [list(row.values()) for row in rows] == [
        ["out_of_pivot", "decoder.0.ffn", "first", "first", "1", "0.500000"],
        ["out_of_pivot", "decoder.0.ffn", "first", "second", "4", "0.050000"],
        ["out_of_pivot", "decoder.0.ffn", "second", "second", "1", "0.500000"],
    ]
    for bad in ("[1]", "nonsense", '{"x": ["a"], "y": ["a"]}'):
        with pytest.raises(UserError, match="--groups"):
            main([*arguments, "--groups", bad])


def test_tables_of_every_layer_group_by_group():
    # third: one language, equal to a: 1 and 0.5 with first, 0 and 0 with second, no pair of its own
    masks = table(decoder={**DECODER, "e": DECODER["a"]})
    text = markdown(overlap(masks, {**GROUPS, "third": ["e"], "absent": ["x"]}, "en", 1000, 1))
    assert text.startswith("# Overlap of masks (mass, k 70)\n")
    assert "\n## Out of en\n" in text and "Into" not in text
    # 10 pairs: within ab and cd 0.5 each; across bc 0.2, ea 1, eb 0.5, the other five 0: 1.7 / 8 = 0.2125
    assert "\n| decoder.0.ffn | 0.500 | 0.21" in text
    # all orders: 5! / (2! 2! 1!)
    assert "share of 30 all orders" in text
    assert (
        "### decoder.0.ffn\n\n"
        "|  | first | second | third |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| first | 0.500 | 0.050 | 0.750 |\n"
        "| second | 0.050 | 0.500 | 0.000 |\n"
        "| third | 0.750 | 0.000 | – |\n"
    ) in text
    layers = ["encoder.0.ffn", "decoder.0.ffn", "encoder.mean", "decoder.mean"]
    assert [line[4:] for line in text.splitlines() if line.startswith("### ")] == layers


def test_the_title_names_the_selector():
    masks = table()
    masks = MaskTable(masks.rows, masks.keep, masks.space, {"rule": "top", "select": "top:30%@model"})
    result = overlap(masks, GROUPS, "en", 100, 1)
    assert result["masks"]["select"] == "top:30%@model"
    assert markdown(result).startswith("# Overlap of masks (top:30%@model)\n")


def test_tables_say_what_is_left_out():
    text = markdown(overlap(table(), {"first": ["a"], "second": ["c"]}, "en", 100, 1))
    assert "Of no group, left out: b, d." in text
    assert "No two languages within one group, or none across: nothing to compare." in text
    assert "| layer |" not in text
