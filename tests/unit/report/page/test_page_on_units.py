"""The parts of the page on units: shares, overlaps, own units, the strongest ones and their removal."""

import pytest

from tests.unit.report.page.made_page import (
    SAME,
    facts,
    lines_of,
    mask_set,
    rows_of,
    side,
    strongest,
)
from workflow_scripts.report.page.material import Material
from workflow_scripts.report.page.short_answer import short_answer
from workflow_scripts.report.page.strongest_section import effects_of, strongest_section
from workflow_scripts.report.page.units_section import units_section

LANGUAGES = ["de", "nl", "fr"]


def with_units(*sets, **more):
    return Material(facts(**more), units={"sets": list(sets)})


def test_shares_of_units_by_direction_and_layer():
    rows = rows_of(units_section(with_units(mask_set())), "direction | encoder.0.ffn | decoder.0.ffn | all")
    assert rows[0] == ["`en-de`", "40.0%", "50.0%", "45.0%"]
    assert len(rows) == 6


def test_of_several_seeds_mean_and_standard_deviation():
    blocks = units_section(with_units(mask_set(), mask_set(seed=2, shift=2)))
    # en-de keeps 5 and 7 of 10; de's own are 2 and 4 units of 20.
    assert rows_of(blocks, "direction")[0] == ["`en-de`", "40.0% ± 0.0", "60.0% ± 14.1", "50.0% ± 7.1"]
    assert rows_of(blocks, "kept by")[1] == ["`de`", "3.0 ± 1.4", "15.0% ± 7.1", "decoder.0.ffn: 1, 2"]
    assert "over 2 seeds; ids are those of seed 1" in lines_of(blocks)[0]


def test_languages_stand_by_family_and_an_encoder_of_the_same_text_tells_nothing():
    blocks = units_section(with_units(mask_set()))
    # The file has them as fr, nl, de: 0.6 is fr and nl, 0.2 fr and de, 0.3 nl and de.
    assert rows_of(blocks, " | de | nl | fr") == [
        ["`de` (germanic)", "–", "0.30", "0.20"],
        ["`nl` (germanic)", "0.30", "–", "0.60"],
        ["`fr` (romance)", "0.20", "0.60", "–"],
    ]
    said = " ".join(lines_of(blocks))
    assert (
        "In the encoder all these languages keep the same units (IoU 1): their directions read the same"
        in said
    )
    assert "Decoder: 0.30 (n = 1 pair) within a family, 0.40 ± 0.28 (n = 2 pairs) across families." in said
    assert "Encoder: 0.40 (n = 1 pair) within a family, 0.65 ± 0.21 (n = 2 pairs) across families." in said


def test_decoder_above_the_diagonal_and_encoder_below_it():
    only = mask_set()
    del only["sides"]["out of en"]
    assert rows_of(units_section(with_units(only)), " | de | nl | fr") == [
        ["`de` (germanic)", "–", "0.30", "0.20"],
        ["`nl` (germanic)", "0.40", "–", "0.60"],
        ["`fr` (romance)", "0.50", "0.80", "–"],
    ]


def test_shared_and_own_units_with_their_ids():
    rows = rows_of(units_section(with_units(mask_set())), "kept by | units | of all | such as")
    assert rows == [
        ["all 3 languages", "2", "10.0%", "decoder.0.ffn: 8, 9"],
        ["`de`", "2", "10.0%", "decoder.0.ffn: 1, 2"],
        ["`nl`", "1", "5.0%", "decoder.0.ffn: 7"],
        ["`fr`", "0", "0.0%", "–"],
    ]


def test_many_ids_are_cut():
    rows = rows_of(units_section(with_units(mask_set(shift=9))), "kept by")
    assert rows[1] == ["`de`", "11", "55.0%", "decoder.0.ffn: 1, 2, 3, 4, 5, 6, 7, 8 … 3 more"]


def test_the_set_of_the_smallest_k_is_shown_and_the_others_named():
    blocks = units_section(with_units(mask_set("k70"), mask_set("k95", k="95")))
    assert lines_of(blocks)[0] == (
        "Masks k70, which keep the units that carry 70 % of a direction's activations; the model has 20 FFN"
        " neurons. 1 other mask set: tables/units.md."
    )


def test_another_selection_is_named():
    found = mask_set("top", k=None, rule="top", select="top:25%")
    assert lines_of(units_section(with_units(found)))[0].startswith(
        "Masks top, selected by top:25%; the model"
    )


def test_one_direction_without_groups_and_one_layer():
    one = mask_set(layers={"decoder.0.ffn": 10}, kept={"en-de": {"decoder.0.ffn": 5}}, sides={})
    blocks = units_section(with_units(one, directions=["en-de"], groups={}))
    assert rows_of(blocks, "direction | decoder.0.ffn | all") == [["`en-de`", "50.0%", "50.0%"]]
    assert "No side has two languages" in lines_of(blocks)[-1]


def test_without_groups_the_order_is_the_files():
    rows = rows_of(units_section(with_units(mask_set(), groups={})), " | fr | nl | de")
    assert rows[0] == ["`fr`", "–", "0.60", "0.20"]


def test_units_of_two_kinds_have_a_matrix_each():
    one = mask_set()
    about = side({"de": ["en-de"], "fr": ["en-fr"]}, {}, [], SAME, SAME)
    about["iou"] = {"decoder.ffn.mean": [[1, 0.25], [0.25, 1]], "decoder.head.mean": [[1, 0.5], [0.5, 1]]}
    one["sides"] = {"out of en": about}
    text = " ".join(lines_of(units_section(with_units(one))))
    assert "of ffn units, mean over layers: decoder alone" in text
    assert "of head units, mean over layers: decoder alone" in text
    assert "Decoder.ffn" not in text  # two languages of two families: no pair within one


def test_layers_of_a_deep_model_are_stacks():
    deep = {f"{stack}.{n}.ffn": 10 for stack in ("encoder", "decoder") for n in range(12)}
    kept = {"en-de": dict.fromkeys(deep, 2) | {"encoder.0.ffn": 8}}
    rows = rows_of(
        units_section(with_units(mask_set(layers=deep, kept=kept, sides={}))), "direction | encoder.ffn"
    )
    assert rows == [["`en-de`", "25.0%", "20.0%", "22.5%"]]


def test_without_masks_it_says_which_key_brings_them():
    [line] = lines_of(units_section(Material(facts())))
    assert line.startswith("No table of units: this experiment selects no masks of neurons.")
    [line] = lines_of(units_section(Material(facts(), missing=["tables/units.json"])))
    assert line == "Missing: tables/units.json, which units the masks keep."


def test_in_short_whose_units():
    said = lines_of(short_answer(with_units(mask_set())))
    assert said[1] == (
        "Whose units, languages as targets (out of en): de has the most units that no other language keeps"
        " (2 of 20 FFN neurons;"
        " fewest:"
        " fr 0); all 3 languages share 10.0%. Overlap (IoU) in the decoder: 0.30 (n = 1 pair) within a"
        " family,"
        " 0.40 ± 0.28 (n = 2 pairs) across families."
    )
    assert said[2].startswith(
        "Whose units, languages as sources (into en): fr and nl and de have the most units"
    )


def test_in_short_a_tie_of_many_languages_names_some_and_counts_all():
    even = mask_set()
    languages = ["de", "nl", "fr", "es", "it"]
    kept = {one: [f"en-{one}"] for one in languages}
    same = [[1.0] * 5] * 5
    even["sides"] = {"out of en": side(kept, {one: [1] for one in languages}, [], same, same)}
    [_, said, *_] = lines_of(short_answer(with_units(even)))
    assert said.startswith(
        "Whose units, languages as targets (out of en): de and nl and fr and 2 more have the most units"
    )


def test_the_strongest_units_and_their_words():
    blocks = strongest_section(Material(facts(), strongest=[strongest()]))
    assert rows_of(blocks, "language | side | unit") == [
        ["`de`", "target", "`decoder.0.ffn:7`", "0.41", "52%", "8%", "Haus 7 of 9, \\<b>x\\</b> 3 of 3"]
    ]
    assert (
        "at most 300 sentences a direction of valid. Score: share here minus share elsewhere."
        in lines_of(blocks)[1]
    )


def test_what_removal_does_beside_random_units_as_a_distribution():
    blocks = strongest_section(Material(facts(), strongest=[strongest()]))
    assert rows_of(blocks, "units of | itself") == [
        ["`de`", "+0.310", "+0.020 ± 0.014 (2)", "+0.143 ± 0.222 (3)", "+0.010 to +0.400", "2 of 3"],
        ["`fr`", "+0.100", "+0.000", "+0.020 ± 0.010 (3)", "+0.010 to +0.030", "3 of 3"],
    ]
    assert rows_of(blocks, "without units of | de | fr") == [
        ["`de`", "+0.310", "+0.010"],
        ["`fr`", "+0.000", "+0.100"],
    ]


def test_removal_over_two_seeds():
    other = strongest(seed=2)
    other["removed"] = {
        **other["removed"],
        "matrix": {"de": {"de": {"mean": 0.3304}}},
        "random": {"de": [0.0]},
    }
    effects = effects_of([strongest(), other])
    assert effects["de"]["own"] == [0.3104, 0.3304]
    assert effects["de"]["random"] == [0.01, 0.02, 0.4, 0.0]
    rows = rows_of(strongest_section(Material(facts(), strongest=[strongest(), other])), "units of")
    assert rows[0][1] == "+0.320 ± 0.014 (2)"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"removed": None, "why_not_removed": "it reads much"}, "This was not measured: it reads much."),
        ({"removed": None}, "This was not measured."),
    ],
)
def test_a_removal_that_was_not_measured_has_no_cell(more, said):
    lines = lines_of(strongest_section(Material(facts(), strongest=[strongest(**more)])))
    assert lines[-1] == said
    assert "units of" not in lines


def test_without_the_analysis_the_page_names_the_key():
    [_, said] = lines_of(strongest_section(Material(facts(without_analyses=True))))
    assert "analysis: none turns these analyses off. Without that key the next run adds them." in said
    [_, said] = lines_of(strongest_section(Material(facts())))
    assert said.endswith("this experiment has no such analysis.")
    assert strongest_section(Material(facts(outputs=True))) == []


def test_in_short_what_removal_does():
    [_, said, _] = lines_of(short_answer(Material(facts(), strongest=[strongest()])))
    assert said == (
        "What they do: without its strongest units (at most 16) a language loses +0.205 ± 0.149 (2 languages)"
        " nats a token (most: de +0.310, least: fr +0.100); another language +0.013 ± 0.015 (3 pairs); the"
        " language without as many random units +0.082 ± 0.156 (6 draws), at most +0.400."
    )


def test_shades_of_two_stacks_are_said_not_to_compare():
    """Each has its own lightest and darkest cell: .4 of the encoder is as light as .2 of the decoder."""
    both = mask_set()
    del both["sides"]["out of en"]
    [grid] = [one for one in units_section(with_units(both)) if getattr(one, "header", [""])[1:] == LANGUAGES]
    shades = [[getattr(cell, "share", None) for cell in row[1:]] for row in grid.rows]
    # de, nl, fr: the decoder's .3, .2, .6 above the diagonal; the encoder's .4, .5, .8 below it.
    assert shades[0][1:] == [pytest.approx(0.25), 0.0] and shades[1][2] == 1.0
    assert (shades[1][0], shades[2][0], shades[2][1]) == (0.0, pytest.approx(0.25), 1.0)
    assert grid.caption.endswith("Darker is more alike among the cells of the same stack.")
