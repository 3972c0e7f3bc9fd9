"""Scores that say nothing are refused, by figures counted by hand; those of real models are not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.select_masks import informative_masks, main, mass_masks, read_scores
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import ffn_space
from workflow_scripts.units.uninformative import ACCEPT, ACCEPTED, saturated_groups

#: An encoder layer and a decoder layer of 100 neurons each.
SPACE = ffn_space(1, 1, 100)
#: 100 counts without any tie.
DISTINCT = np.arange(100) + 1
POSITIONS = {"encoder": 1000, "decoder": 500}


def table(*rows, counted=None):
    names = [f"{chr(97 + number)}a-en" for number in range(len(rows))]
    values = np.array([np.concatenate(row) for row in rows])
    values = values.astype(np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64)
    positions = {"positions": dict.fromkeys(names, counted)} if counted else {}
    return ScoreTable(names, values, SPACE, positions, "counts")


def said(scores, select="top:50", accept=False, **options):
    try:
        return informative_masks(scores, Selection(select, **options), accept=accept).manifest.get(ACCEPTED)
    except UserError as error:
        assert all(line.endswith(f"; {ACCEPT}") for line in str(error).split("\n"))
        return [line.removesuffix(f"; {ACCEPT}") for line in str(error).split("\n")]


def saturated(lines):
    return [line for line in lines or [] if ": saturated: " in line]


def equal(first, last, value=7.0):
    """Distinct scores but for those of the units from ``first`` to ``last``."""
    scores = DISTINCT.astype(float)
    scores[first : last + 1] = value
    return scores


@pytest.mark.parametrize(
    ("active", "counted", "refused"),
    [
        # 990 of 1000 positions; of 95 and of 94 units.
        (95, POSITIONS, True),
        (94, POSITIONS, False),
        # Scores that are no counts have no positions.
        (95, None, False),
    ],
)
def test_a_group_is_saturated_where_nearly_all_units_are_active_nearly_everywhere(active, counted, refused):
    encoder = np.where(np.arange(100) < active, 990 + np.arange(100) % 10, np.arange(100))
    found = said(table((encoder, DISTINCT), counted=counted), "mass:95", accept=True)
    text = (
        "counts: saturated: 95.0% of the units of encoder.0.ffn are active at 99% of the positions of aa-en"
        " or more; take a criterion that is not how often a unit is active"
    )
    assert saturated(found) == [text] * refused
    # One position less, and it is no unit of them.
    encoder[0] = 989
    assert saturated(said(table((encoder, DISTINCT), counted=counted), accept=True)) == []


def test_positions_are_those_of_the_stack():
    """495 of the decoder's 500 positions; of the encoder's 1000 that is half."""
    nearly = 495 + np.arange(100) % 6
    for rows, expected in (((nearly, DISTINCT), 0), ((DISTINCT, nearly), 1)):
        found = said(table(rows, counted=POSITIONS), "mass:95", accept=True)
        assert len(saturated(found)) == expected


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [
        # top:50 keeps the units from 50 on. Six of 50 tie with six others: 12 % of the kept ones.
        (44, 55, True),
        # Two with two: 4 %. One with one: it is the boundary itself.
        (48, 51, False),
        (49, 50, False),
        # Three with two are 5 of 100 units; with three, 6 % of those kept and of all.
        (48, 52, False),
        (47, 52, True),
        # All that tie are kept, or left out: their order decides nothing.
        (50, 80, False),
        (20, 49, False),
        # One is left out of twelve.
        (49, 60, True),
    ],
)
def test_kept_units_of_exactly_the_score_of_others_that_are_left_out(first, last, refused):
    scores = equal(first, last, value=float(DISTINCT[first]))
    found = said(table((DISTINCT.astype(float), scores)))
    kept, out = last - 49, 50 - first
    text = (
        f"counts: tied: {kept} of the 50 units that aa-en keeps in decoder.0.ffn have the score"
        f" {DISTINCT[first]}, and so have {out} that are left out: their order alone decides; take another"
        " amount, or more text"
    )
    assert (found or []) == [text] * refused


def test_a_few_units_of_one_score_are_no_tie_however_few_are_kept():
    """Two of 20 kept units and two others: 10 %, but 4 of 100. Three and three are 6 of 100."""
    few, more = equal(78, 81, 79.0), equal(77, 82, 78.0)
    assert said(table((few, few)), "top:20") is None
    assert "3 of the 20 units" in said(table((more, few)), "top:20")[0]


@pytest.mark.parametrize(("alike", "refused"), [(10, True), (9, False)])
def test_small_ties_count_where_scores_are_coarse(alike, refused):
    """400 units, ten or nine of each score: of 25 kept units five, or seven, tie with as many as are left."""
    space = ffn_space(1, 1, 400)
    values = np.tile(np.arange(400) // alike + 1, 2)[None]
    scores = ScoreTable(["aa-en"], values, space, {}, "counts")
    found = said(scores, "top:25")
    assert (found is not None) == refused
    if refused:
        assert found[0].startswith(
            "counts: tied: 5 of the 25 units that aa-en keeps in encoder.0.ffn have the"
        )


def test_equal_scores_of_any_amount_and_order():
    same = np.full(100, 7)
    for select in ("mass:50", "mass:99", "top:1%", "bottom:30%", "top:30%:abs"):
        found = said(table((DISTINCT, same)), select)
        if select == "top:1%":  # one unit is a tie of its own
            assert found is None
        else:
            assert len(found) == 1
            assert "keeps in decoder.0.ffn have the score 7, and so have" in found[0]
    # What keeps every unit, or looks at no score, chooses by none.
    for select, seed in (("mass:100", None), ("all", None), ("random:30%", 1)):
        assert said(table((same, same)), select, seed=seed) is None
    # Signs differ, magnitudes do not.
    signs = np.where(np.arange(100) % 2, 3.0, -3.0)
    assert said(table((signs, signs)), "top:30%:abs")
    # By the model as a whole 150 units differ, and the 50 that are kept are among them.
    assert said(table((DISTINCT + 50, np.full(100, 20))), "top:25%@model") is None
    assert "keeps in the model" in said(table((DISTINCT, np.full(100, 200))), "top:25%@model")[0]
    # A stack that is kept whole is not looked at.
    assert said(table((DISTINCT, same)), stacks=("encoder",)) is None


def test_units_that_never_fire_are_no_choice_of_the_lowest():
    """Of 40 silent units `bottom:30` would keep the first 30; `bottom:40` keeps all of them."""
    silent = np.maximum(DISTINCT - 40, 0)
    assert "30 of the 30 units" in said(table((silent, silent)), "bottom:30")[0]
    assert said(table((silent, silent)), "bottom:40") is None
    # No share of the sum reaches them.
    for k in (50, 95, 99, 100):
        assert said(table((silent, silent)), f"mass:{k}") is None


def test_a_group_without_any_score_in_more_than_half_of_the_rows():
    zero = np.zeros(100, dtype=np.int64)
    some, none = (DISTINCT, DISTINCT), (DISTINCT, zero)
    assert said(table(some, some, none, none), "mass:95") is None
    assert said(table(some, none, none), "mass:95") == [
        "counts: all zero: no unit of decoder.0.ffn has a score in 2 of 3 rows; take more text, or leave this"
        " stack out"
    ]


def test_a_stack_that_was_never_counted_is_all_zero_and_not_saturated():
    """0 of 0 positions: its units are active nowhere, whether positions are known or those of the counts."""
    zero = np.zeros(100, dtype=np.int64)
    scores = table((DISTINCT, zero))
    lines = []
    for key in ("positions", "least_positions"):
        facts = {key: {"aa-en": {"encoder": 100_000, "decoder": 0}}}
        lines += said(ScoreTable(scores.rows, scores.values, SPACE, facts, "counts"), "mass:95")
    text = "counts: all zero: no unit of decoder.0.ffn has a score in 1 of 1 rows"
    assert [line.partition(";")[0] for line in lines] == [text, text]
    assert saturated_groups(np.zeros(200), 0, SPACE) == {}
    assert saturated_groups(np.ones(200), 1, SPACE) == {"encoder.0.ffn": 1.0, "decoder.0.ffn": 1.0}


def test_four_selectors_are_checked_where_they_look_at_scores():
    four = {
        "out": {"encoder": "all", "decoder": "top:50"},
        "into": {"encoder": "top:50", "decoder": "all"},
    }
    same = np.full(100, 7)
    assert said(table((DISTINCT, same)), four, pivot="en") is None
    assert "keeps in encoder.0.ffn" in said(table((same, DISTINCT)), four, pivot="en")[0]


def test_what_is_accepted_is_in_the_manifest():
    scores = table((np.full(100, 7), DISTINCT))
    with pytest.raises(UserError, match="50 of the 50 units"):
        informative_masks(scores, Selection("top:50"))
    masks = informative_masks(scores, Selection("top:50"), {"ffn": "zero"}, accept=True)
    assert masks.keep[0, :50].all() and not masks.keep[0, 50:100].any()
    assert (masks.gates, len(masks.manifest[ACCEPTED])) == ({"ffn": "zero"}, 1)
    assert masks.manifest[ACCEPTED][0].startswith("counts: tied: 50 of the 50 units that aa-en keeps in")
    # Masks of scores that say something are the same with and without it.
    fine = table((DISTINCT, DISTINCT))
    either = [
        informative_masks(fine, Selection("top:50"), accept=accept).manifest for accept in (True, False)
    ]
    assert either[0] == either[1]


def test_from_count_files_to_the_manifest(tmp_path):
    """Positions are those of the files, with padding where this was counted."""
    nearly = np.full(100, 595)
    facts = {"source_positions": 500, "target_positions": 900, "source_pads": 100, "target_pads": 7}
    for pads in (True, False):
        values = np.concatenate([nearly if pads else nearly - 100, DISTINCT])[None]
        ScoreTable(["aa-en"], values, SPACE, {**facts, "count_pads": pads}).write(tmp_path / "aa-en.npz")
        read = read_scores(tmp_path, ["aa-en"])
        assert read.metadata["positions"] == {
            "aa-en": {"encoder": 600, "decoder": 907} if pads else {"encoder": 500, "decoder": 900}
        }
        with pytest.raises(UserError, match=r"saturated: 100\.0% of the units of encoder\.0\.ffn") as error:
            mass_masks(read, "95")
        assert str(error.value).startswith(f"{tmp_path}: saturated")
    told = f"--activations-root {tmp_path} --directions aa-en --select mass:95 --out {tmp_path / 'm.npz'}"
    main([*told.split(), "--accept-uninformative"])
    manifest = MaskTable.read(tmp_path / "m.npz").manifest
    assert [re.sub(r".*: (\w+): .*", r"\1", line) for line in manifest[ACCEPTED]] == ["saturated", "tied"]
    assert "positions" not in manifest
