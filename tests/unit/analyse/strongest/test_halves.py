"""Whether counts rest on enough sentences: the parts of a text, their overlap by hand, what is said."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the fairseq environment")

from workflow_scripts.analyse.strongest.halves import (
    LEVEL,
    caution,
    lines_of_first_part,
    overlap_of_parts,
    too_few,
)
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import model_space

SPACE = model_space({"encoder_layers": 1, "decoder_layers": 1, "ffn_dim": 4})


def counts(values=(9, 9, 9, 9, 9, 9, 9, 9), **facts):
    table = np.array([values], dtype=np.int64)
    return ScoreTable(["de-en"], table, SPACE, {"sentences": 20, "skipped_sentences": 1, **facts})


@pytest.mark.parametrize(
    ("facts", "most", "lines"),
    [
        ({}, 300, 10),  # half of 21 lines, one of them skipped
        ({}, 6, 6),  # no more than are read
        ({}, None, 10),
        ({"sentences": 1, "skipped_sentences": 0}, 300, 0),
        ({"count_pads": True}, 300, 0),  # their counts have padding, of other batches
        ({"sentences": None}, 300, 0),  # counted by another program
    ],
)
def test_the_first_part(facts, most, lines):
    assert lines_of_first_part(counts(**facts), most) == lines


def test_overlap_by_hand():
    """top:2 of the first part are 0, 1 and 4, 5, as of the whole; of the rest 0, 2 and 4, 5."""
    whole = counts((9, 7, 6, 1, 9, 9, 2, 2))
    first = np.array([5, 4, 1, 1, 6, 5, 1, 1])
    found = overlap_of_parts("de-en", whole, first, 10, Selection("top:2"))
    # Two of four units by chance: 1/4 of all in both, 3/4 in either.
    assert found == {
        "iou": pytest.approx(1 / 3), "chance": pytest.approx(1 / 3), "stack": "encoder", "sentences": [10, 11]
    }  # fmt: skip
    # A count that rounding made larger than that of the whole is none.
    more = overlap_of_parts("de-en", whole, first + [0, 0, 0, 2, 0, 0, 0, 0], 10, Selection("top:2"))
    assert more["iou"] == pytest.approx(1 / 3)


def test_what_is_said():
    def of(iou):
        return {"iou": iou, "chance": 0.2, "stack": "encoder", "sentences": [10, 11]}

    assert LEVEL == 0.8
    parts = {"de-en": of(0.8), "fr-en": of(0.79), "en-de": of(0.5), "en-fr": of(0.9)}
    assert too_few(parts) == ["en-de", "fr-en"]
    assert caution(parts, "mass:70") == (
        "WARNING: units were counted on too few sentences in 2 of 4 directions. Masks (mass:70) of two parts"
        " of the validation text overlap less than 0.8 (IoU): en-de (0.50, 10 and 11 sentences), fr-en (0.79,"
        " 10 and 11 sentences). Give more validation text, or read their masks with care."
    )
    many = {f"a{number}-en": of(0.1) for number in range(5)}
    assert "a2-en (0.10, 10 and 11 sentences) and 2 more. Give" in caution(many, "mass:95")
    assert caution({"de-en": of(0.8)}, "mass:70") == caution({}, "mass:70") == ""
