"""Warnings where counts rest on too few sentences, by the best that is known of them."""

import pytest

from tests.unit.report.page.made_page import facts, lines_of, mask_set, strongest
from workflow_scripts.report.page.closing_sections import guidance_section
from workflow_scripts.report.page.material import Material


def card(sentences):
    pairs = {pair: {"sentences": 1000} for pair in ("en-nl", "en-fr")} | {"de-en": {"sentences": sentences}}
    return {"subsets": {"valid": pairs}}


def curve(iou):
    last = {"sentences": "all", "mean_iou": iou}
    layers = {
        "encoder.mean": [{"sentences": 50, "mean_iou": 0.5}, last],
        "decoder.mean": [{"mean_iou": 0.97}],
    }
    return {"seed": 2, "directions": {"de-en": {"sentences": 120, "layers": layers}}}


def said(**more):
    return lines_of(
        guidance_section(Material(facts(texts={"k70": "valid"}), units={"sets": [mask_set()]}, **more))
    )


def test_by_their_number_where_nothing_was_analysed():
    lines = said(card=card(199))
    assert lines[1:4] == [
        "Too few sentences",
        "en-de: 199 sentences counted. Masks of two texts of this size differ much by chance alone: take at"
        " least"
        " 200, or let analysis.stability say how much.",
        "de-en: 199 sentences counted. Masks of two texts of this size differ much by chance alone: take at"
        " least"
        " 200, or let analysis.stability say how much.",
    ]
    assert said(card=card(200))[1] == (
        "Units were counted on 200 or more sentences a direction. On Multi30k masks of two texts of 200"
        " sentences"
        " agree to 0.9; whether they do here is not known: analysis.stability measures it."
    )


def test_by_the_curve_where_stability_was_analysed():
    [warning] = said(card=card(1000), stability=[curve(0.8949)])[2:]
    assert warning == (
        "de-en (seed 2): masks of two samples of its 120 sentences agree to 0.89 only (encoder); at least"
        " 0.9 is"
        " needed before small differences between languages mean something. Count more sentences."
    )
    assert said(card=card(10), stability=[curve(0.9)])[1].startswith(
        "Masks of two samples of the counted sentences agree to at least 0.9 in every direction"
    )


def test_by_halves_of_the_text_where_the_strongest_units_were_analysed():
    halves = {"level": 0.8, "directions": {"en-de": {"iou": 0.83}, "de-en": {"iou": 0.87}}}
    fine = strongest(halves=halves, cautions=[])
    assert said(card=card(10), strongest=[fine])[1].startswith(
        "Masks of two separate parts of the counted sentences agree to at least 0.83 (IoU) in every"
        " direction; below 0.8"
    )
    few = strongest(halves=halves, cautions=["WARNING: units were counted on too few sentences in `en-de`."])
    lines = said(card=card(10), strongest=[few])
    assert lines[1:3] == ["Too few sentences", "WARNING: units were counted on too few sentences in en-de."]


@pytest.mark.parametrize("missing", [{"card": None}, {"card": {"subsets": {}}}])
def test_what_is_not_known_is_not_said(missing):
    assert said(**missing) == ["5. How far do the counts carry, and where to look next?"]
