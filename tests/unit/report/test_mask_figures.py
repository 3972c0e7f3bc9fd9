"""Figures of masks: the overlap of languages under the names of its matrix, means by layer, shares kept."""

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection

from tests.figure_layout import assert_layout
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures import plot_masks
from workflow_scripts.report.figures.kept import kept_figure, kept_rows
from workflow_scripts.report.figures.layers import layer_places, shown_layer
from workflow_scripts.report.figures.overlaps import (
    by_layer_figure,
    by_layer_rows,
    overlap_figure,
    overlap_rows,
    scale,
)
from workflow_scripts.report.read.read_units import Side, UnitSet

FAMILIES = {"uralic": ["fi"], "germanic": ["de", "nl"]}
LAYERS = {"encoder.0.ffn": 10, "decoder.0.ffn": 10}
#: IoU of de, fi and nl with one another, by layer; the order of languages is that of the config.
ENCODER = [[1.0, 0.2, 0.6], [0.2, 1.0, 0.3], [0.6, 0.3, 1.0]]
DECODER = [[1.0, 0.5, 0.7], [0.5, 1.0, 0.4], [0.7, 0.4, 1.0]]


def unit_set(seed=1, encoder=ENCODER, kept=5, masks="k70"):
    iou = {
        "encoder.0.ffn": encoder,
        "decoder.0.ffn": DECODER,
        "encoder.mean": encoder,
        "decoder.mean": DECODER,
    }
    of = {language: [f"en-{language}"] for language in ("de", "fi", "nl")}
    units = {f"en-{language}": {"encoder.0.ffn": kept, "decoder.0.ffn": 8} for language in of}
    return UnitSet(masks, seed, LAYERS, units, {"out of en": Side(list(of), of, iou)})


def test_each_pair_is_the_mean_over_seeds_with_what_chance_gives():
    other = [[1.0, 0.4, 0.8], [0.4, 1.0, 0.5], [0.8, 0.5, 1.0]]
    rows = overlap_rows([unit_set(1), unit_set(2, other)])
    assert [
        (one["layer"], one["language"], one["other"], round(one["iou"], 9), one["n"]) for one in rows
    ] == [
        ("encoder.0.ffn", "de", "fi", 0.3, 2),
        ("encoder.0.ffn", "de", "nl", 0.7, 2),
        ("encoder.0.ffn", "fi", "nl", 0.4, 2),
        ("decoder.0.ffn", "de", "fi", 0.5, 2),
        ("decoder.0.ffn", "de", "nl", 0.7, 2),
        ("decoder.0.ffn", "fi", "nl", 0.4, 2),
    ]
    # Halves of the units share a quarter, of three quarters in the union; of 8 of 10: .64 of .96.
    assert [round(one["chance"], 6) for one in rows] == [0.333333] * 3 + [0.666667] * 3


def test_a_cell_is_the_iou_of_the_languages_that_its_row_and_column_name():
    figure = overlap_figure(overlap_rows([unit_set()]), FAMILIES, "k70")
    encoder, decoder = figure.axes[:2]
    assert [axis.get_title().replace("\n", " ") for axis in (encoder, decoder)] == [
        "out of en: encoder 0",
        "out of en: decoder 0",
    ]
    for axis, matrix in ((encoder, ENCODER), (decoder, DECODER)):
        named = [
            [label.get_text() for label in labels]
            for labels in (axis.get_yticklabels(), axis.get_xticklabels())
        ]
        # Families in their order; the file has de, fi, nl.
        assert named == [["fi", "de", "nl"]] * 2
        shown = axis.images[0].get_array()
        at = {"de": 0, "fi": 1, "nl": 2}
        for y, one in enumerate(named[0]):
            for x, other in enumerate(named[1]):
                assert shown.mask[y, x] if one == other else shown[y, x] == matrix[at[one]][at[other]]
    # One bar for all maps, in IoU: its ends are those of the values.
    for axis in (encoder, decoder):
        [image] = axis.images
        assert (image.norm.vmin, image.norm.vmax) == pytest.approx((0.2, 0.7))
    [bar] = decoder.child_axes
    assert bar.get_ylabel() == "IoU" and bar.get_ylim() == pytest.approx((0.2, 0.7))
    assert [text.get_text().strip() for text in decoder.texts] == ["uralic", "germanic"]
    assert_layout(figure)


def test_the_ends_of_the_bar_are_multiples_of_a_twentieth():
    assert (scale([0.31, 0.68]).vmin, scale([0.31, 0.68]).vmax) == pytest.approx((0.3, 0.7))
    assert (scale([0.5]).vmin, scale([0.5]).vmax) == pytest.approx((0.5, 0.55))


def test_means_by_layer_are_within_and_across_families():
    rows = by_layer_rows(overlap_rows([unit_set()]), FAMILIES)
    shown = {(one["layer"], one["pairs"]): one for one in rows}
    within, across = (shown["encoder.0.ffn", pairs] for pairs in ("within a family", "across families"))
    # Of de-nl; of de-fi and fi-nl: .2 and .3, quartiles .225 and .275.
    assert (within["mean_iou"], within["n_pairs"]) == (0.6, 1)
    assert (across["mean_iou"], across["n_pairs"]) == (pytest.approx(0.25), 2)
    assert (across["quarter"], across["three_quarters"]) == (pytest.approx(0.225), pytest.approx(0.275))
    # A language of no family is in no pair: of de-fi, de-nl and fi-nl one is left.
    known = by_layer_rows(overlap_rows([unit_set()]), {"uralic": ["fi"], "germanic": ["de"]})
    assert {(one["pairs"], one["n_pairs"]) for one in known} == {("across families", 1)}
    [first, *_] = known
    assert (first["layer"], first["mean_iou"]) == ("encoder.0.ffn", 0.2)


def test_where_no_two_languages_have_families_the_means_are_of_all_pairs():
    for families in ({}, {"uralic": ["fi"]}):
        every = by_layer_rows(overlap_rows([unit_set()]), families)
        assert {(one["pairs"], one["n_pairs"]) for one in every} == {("all pairs", 3)}


def test_the_means_are_drawn_by_layer():
    [axis] = by_layer_figure(by_layer_rows(overlap_rows([unit_set()]), FAMILIES)).axes
    lines = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axis.get_lines()}
    assert lines["within a family"] == ([0.0], [0.6])
    assert lines["across families"] == ([0.0], [pytest.approx(0.25)])
    assert lines["random sets of these sizes"] == ([0.0], [pytest.approx(1 / 3)])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["encoder 0", "decoder 0"]
    # The decoder stands apart from the encoder.
    assert list(axis.get_xticks()) == [0.0, 1.6]
    assert axis.get_ylim() == (0, 1.02)


def test_layers_have_names_and_places_by_stack():
    names = ["encoder.0.ffn", "encoder.11.self", "decoder.0.cross"]
    assert [shown_layer(one) for one in names] == ["encoder 0", "encoder 11, self", "decoder 0, cross"]
    assert layer_places(names) == {"encoder.0.ffn": 0.0, "encoder.11.self": 1.0, "decoder.0.cross": 2.6}


def test_the_share_kept_is_a_mean_over_directions_with_its_interval():
    directions = {
        f"en-{language}": {"encoder.0.ffn": units, "decoder.0.ffn": 8}
        for language, units in (("de", 2), ("fi", 4), ("nl", 6))
    }
    directions["de-en"] = {"encoder.0.ffn": 9, "decoder.0.ffn": 1}
    rows = kept_rows([UnitSet("k70", 1, LAYERS, directions, {})], "en")
    first, *_, last = rows
    # .2, .4, .6: a standard deviation of .2, and half of the t interval of three 2.4841 times that.
    assert (first["side"], first["layer"], first["kept"]) == (
        "out of pivot",
        "encoder.0.ffn",
        pytest.approx(0.4),
    )
    assert (first["low"], first["high"]) == pytest.approx((0.4 - 0.49683, 0.4 + 0.49683), abs=1e-4)
    assert (first["n_directions"], first["n_seeds"]) == (3, 1)
    assert (last["side"], last["kept"], last["low"], last["n_directions"]) == ("into pivot", 0.1, None, 1)
    out, into = kept_figure(rows).axes
    assert (
        out.get_title() == "out of pivot (3 directions)" and into.get_title() == "into pivot (1 directions)"
    )
    encoder, decoder = out.get_lines()
    assert (list(encoder.get_ydata()), list(decoder.get_ydata())) == (
        [pytest.approx(0.4)],
        [pytest.approx(0.8)],
    )
    assert len([one for one in out.collections if isinstance(one, FillBetweenPolyCollection)]) == 2
    assert not into.collections


def test_two_seeds_are_one_value_of_a_direction():
    rows = kept_rows([unit_set(1, kept=4), unit_set(2, kept=6)], "en")
    assert (rows[0]["kept"], rows[0]["n_directions"], rows[0]["n_seeds"]) == (0.5, 3, 2)
    assert rows[0]["low"] == rows[0]["high"] == 0.5


def written(folder, languages=("de", "fi", "nl"), layers=LAYERS):
    """A file units.json of one seed, with overlaps of one half."""
    of = {language: [f"en-{language}"] for language in languages}
    half = np.where(np.eye(len(of)), 1, 0.5).tolist()
    sides = {"out of en": {"languages": of, "iou": dict.fromkeys(layers, half)}} if len(of) > 1 else {}
    kept = {f"en-{language}": dict.fromkeys(layers, 4) for language in languages}
    sets = [{"masks": "k70", "seed": 1, "layers": dict(layers), "kept": kept, "sides": sides}]
    (folder / "tables").mkdir(parents=True)
    (folder / "tables/units.json").write_text(json.dumps({"sets": sets}))
    words = [
        "--units",
        str(folder / "tables/units.json"),
        "--pivot",
        "en",
        "--out-dir",
        str(folder / "figures"),
    ]
    return [*words, "--groups", json.dumps({"family": FAMILIES})]


def test_the_files_of_one_direction_have_empty_cells_and_say_why(tmp_path):
    plot_masks.main([*written(tmp_path, ["de"]), "--masks", "k70", "--maps", "k70"])
    rows = pd.read_csv(tmp_path / "figures/iou_k70.csv")
    assert rows["iou"].isna().all() and list(rows["n"]) == [0]
    shares = pd.read_csv(tmp_path / "figures/kept_by_layer.csv", float_precision="round_trip")
    assert list(shares["kept"]) == [0.4, 0.4] and shares["low"].isna().all()
    assert "figures/kept\\_by\\_layer.csv" in (tmp_path / "figures/kept_by_layer.rst").read_text()
    said = overlap_figure([], {}, "k70").axes[0].texts[0].get_text()
    assert said.replace("\n", " ") == "k70: no side has two languages"


def test_a_mask_set_that_is_not_there(tmp_path):
    words = written(tmp_path)
    with pytest.raises(UserError, match=r"--masks: .*units\.json has no set 'k7' \(did you mean 'k70'\?\)"):
        plot_masks.main([*words, "--masks", "k7"])
    with pytest.raises(UserError, match=r"--maps: .*units\.json has no set 'k7'"):
        plot_masks.main([*words, "--masks", "k70", "--maps", "k7"])


def test_maps_are_drawn_of_the_sets_that_are_named(tmp_path):
    plot_masks.main([*written(tmp_path), "--masks", "k70"])
    pictures = sorted(path.name for path in (tmp_path / "figures").glob("*.png"))
    assert pictures == ["iou_by_layer.png", "kept_by_layer.png"]
    means = pd.read_csv(tmp_path / "figures/iou_by_layer.csv")
    assert set(means["masks"]) == {"k70"} and set(means["mean_iou"]) == {0.5}


def many(languages, layers, masks):
    """A set of so many languages in two families of long names, and layers."""
    names = [f"x{n}" for n in range(languages)]
    of = {name: [f"en-{name}"] for name in names}
    matrix = np.where(np.eye(languages), 1, 0.5).tolist()
    keys = [f"{stack}.{n}.ffn" for stack in ("encoder", "decoder") for n in range(layers)]
    kept = {f"en-{name}": dict.fromkeys(keys, 5) for name in names}
    side = Side(names, of, dict.fromkeys(keys, matrix))
    return UnitSet(masks, 1, dict.fromkeys(keys, 10), kept, {"out of en": side, "into en": side})


@pytest.mark.parametrize(
    ("languages", "layers", "families", "masks"),
    [
        (2, 1, {}, "k70"),
        (
            30,
            2,
            {"a family of a very long name": ["x0", "x1"], "b": ["x2"]},
            "a_mask_set_of_a_very_long_name_" * 3,
        ),
    ],
)
def test_layout(languages, layers, families, masks):
    """60 directions are 30 languages on each side; more layers are more panels of the same size."""
    rows = overlap_rows([many(languages, layers, masks)])
    assert_layout(overlap_figure(rows, families, masks))
    assert_layout(by_layer_figure(by_layer_rows(rows, families)))
    assert_layout(kept_figure(kept_rows([many(languages, layers, masks)], "en")))
    assert_layout(overlap_figure([], families, masks))
