"""report.tables.summary: averages, spreads and differences, worked out by hand."""

from dataclasses import replace

import pytest

from tests.unit.report.made import plan_of, scores_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.read.layout import BOTH, INTO, OTHER, OUT, layout, main_side, members
from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.tables.averages import Estimate, estimate
from workflow_scripts.report.tables.summary import display_order, summarise, sweep_key
from workflow_scripts.report.tables.writing import (
    Digits,
    decimal_difference,
    decimal_mean,
    digits_of,
    rounded,
    stored,
    written,
)


def find(cells, **wanted):
    [cell] = [cell for cell in cells if all(getattr(cell, key) == value for key, value in wanted.items())]
    return cell


DIRECTIONS = ["en-de", "en-fr", "de-en", "fr-en"]
TABLE = {
    ("baseline", 1): [10.0, 20.0, 30.0, 50.0],
    ("baseline", 2): [12.0, 22.0, 30.0, 52.0],
    ("continued", 1): [11.0, 21.0, 30.0, 50.0],
    ("continued", 2): [11.0, 21.0, 30.0, 50.0],
    ("ns-k95", 1): [13.0, 23.0, 31.0, 51.0],
    ("ns-k95", 2): [13.0, 23.0, 35.0, 55.0],
}
SYSTEMS = ["baseline", "continued", "ns-k95"]


def test_estimate_has_n_minus_one():
    # Deviations -1, 0, 1: variance 2 / (3 - 1) = 1.
    assert estimate([1.0, 2.0, 3.0]) == Estimate(2.0, 1.0, 3)
    assert estimate([5.0]) == Estimate(5.0, None, 1)


def test_means_and_deviations_by_side():
    cells = summarise(scores_of(TABLE, DIRECTIONS), plan_of(SYSTEMS, DIRECTIONS, [1, 2]), "en", {}).cells
    # Out of the pivot, baseline: 15 and 17 by seed; mean 16, sd sqrt(1 + 1) = 1.41421356.
    out = find(cells, grouping="all", side=OUT, system="baseline")
    assert out.value == Estimate(16.0, pytest.approx(2**0.5), 2)
    assert (out.directions, out.scores, out.scores_expected) == (2, 4, 4)
    # Into it: 40 and 41.
    into = find(cells, grouping="all", side=INTO, system="baseline")
    assert into.value == Estimate(40.5, pytest.approx(0.5**0.5), 2)
    # Both: (15 + 40) / 2 and (17 + 41) / 2.
    both = find(cells, grouping="all", side=BOTH, system="baseline")
    assert both.value == Estimate(28.25, pytest.approx(1.5 / 2**0.5), 2)
    assert both.directions == 4


def test_differences_are_paired_by_seed():
    cells = summarise(scores_of(TABLE, DIRECTIONS), plan_of(SYSTEMS, DIRECTIONS, [1, 2]), "en", {}).cells
    out = find(cells, grouping="all", side=OUT, system="ns-k95")
    # ns 18, 18; baseline 15, 17; so 3 and 1. Continued 16, 16; so 2 and 2.
    assert out.to_baseline == Estimate(2.0, pytest.approx(2**0.5), 2)
    assert out.to_control == Estimate(2.0, 0.0, 2)
    assert out.k == "95"
    itself = find(cells, grouping="all", side=OUT, system="continued")
    assert itself.to_control == Estimate(None, None, 0, "is continued")
    assert itself.to_baseline.mean == 0.0


def test_no_baseline_is_said_and_one_seed_has_no_deviation():
    table = {("ns-k95", 1): [13.0, 23.0, 31.0, 51.0]}
    cells = summarise(scores_of(table, DIRECTIONS), plan_of(["ns-k95"], DIRECTIONS), "en", {}).cells
    out = find(cells, grouping="all", side=OUT)
    assert out.value == Estimate(18.0, None, 1)
    assert out.to_baseline == Estimate(None, None, 0, "no system baseline")
    assert out.to_control == Estimate(None, None, 0, "no system continued")


def test_groups_take_directions_whose_languages_they_hold():
    directions = ["en-de", "de-en", "de-nl", "nl-fr"]
    assert members(directions, "en", ["de", "nl"]) == {OUT: ["en-de"], INTO: ["de-en"], OTHER: ["de-nl"]}
    assert members(directions, "en", None) == {OUT: ["en-de"], INTO: ["de-en"], OTHER: ["de-nl", "nl-fr"]}
    # Without a pivot English is a language like any other.
    assert members(directions, "", ["de", "nl"]) == {OTHER: ["de-nl"]}
    # A group that holds the pivot itself changes nothing.
    assert members(directions, "en", ["en", "de"]) == {OUT: ["en-de"], INTO: ["de-en"]}
    # What is told of several sides where there is room for one.
    assert [main_side(sides) for sides in ([OUT, INTO, BOTH], [INTO, OTHER])] == [BOTH, INTO]


def test_empty_groups_are_skipped_and_named():
    rows, skipped = layout(
        ["en-de", "de-en", "en-fr"], "en", {"family": {"romance": ["fr"], "slavic": ["cs"]}}
    )
    assert [row[:3] for row in rows] == [
        ("all", "all", OUT),
        ("all", "all", INTO),
        ("all", "all", BOTH),
        ("family", "romance", OUT),
        ("direction", "en-de", OUT),
        ("direction", "de-en", INTO),
        ("direction", "en-fr", OUT),
    ]
    assert skipped == [
        "family/romance: no direction into pivot",
        "family/slavic: no direction out of pivot and none into pivot",
    ]


def test_sweep_is_ascending_as_numbers():
    systems = ["baseline", "ns-k100", "ns-k97.5", "continued", "ns-k70", "random-k95"]
    ordered = ["baseline", "ns-k70", "ns-k97.5", "ns-k100", "continued", "random-k95"]
    assert display_order(systems) == ordered
    assert sweep_key("ns-k97.5") == ("ns", "97.5")
    assert sweep_key("baseline") is None and sweep_key("ns-kxl") is None


def test_partial_differences_compare_only_what_both_have():
    scores = scores_of({("baseline", 1): [10.0, 20.0], ("ns-k95", 1): [13.0, 40.0]}, ["en-de", "en-fr"])
    partial = [score for score in scores if (score.system, score.direction) != ("ns-k95", "en-fr")]
    summary = summarise(partial, plan_of(["baseline", "ns-k95"], ["en-de", "en-fr"]), "en", {})
    cell = find(summary.cells, grouping="all", system="ns-k95")
    assert cell.value.mean == 13.0 and (cell.scores, cell.scores_expected) == (1, 2)
    assert cell.to_baseline.mean == 3.0  # not 13 - 15
    assert (summary.missing, summary.expected) == (1, 4)
    gap = find(summary.cells, grouping="direction", group="en-fr", system="ns-k95")
    assert gap.value == Estimate(None, None, 0, "scores missing")


def test_both_sides_of_one_side_are_no_mean():
    """Of the second seed the scores into English are missing: out of it there are two seeds, of both one."""
    table = {("baseline", 1): [10.0, 20.0, 30.0, 50.0], ("baseline", 2): [12.0, 22.0, 30.0, 52.0]}
    partial = [s for s in scores_of(table, DIRECTIONS) if (s.seed, s.direction[-2:]) != (2, "en")]
    cells = summarise(partial, plan_of(["baseline"], DIRECTIONS, [1, 2]), "en", {}).cells
    values = {cell.side: cell.value for cell in cells if cell.grouping == "all"}
    assert values[OUT] == Estimate(16.0, pytest.approx(2**0.5), 2)
    assert values[INTO] == Estimate(40.0, None, 1)
    # (15 + 40) / 2 of the first seed; the 17 of the second is of one side alone.
    assert values[BOTH] == Estimate(27.5, None, 1)


def test_two_profiles_are_never_averaged():
    raw = scores_of({("baseline", 1): [10.0]}, ["en-de"])
    paper = scores_of({("baseline", 1): [30.0]}, ["en-de"], profile="paper")
    plan = Plan("e", ["baseline"], [1], ["test"], ["en-de"], ["bleu"], ["raw", "paper"])
    summary = summarise(raw + paper, plan, "en", {})
    overall = [(c.profile, c.value.mean) for c in summary.cells if c.grouping == "all"]
    assert overall == [("raw", 10.0), ("paper", 30.0)]
    assert (summary.missing, summary.expected) == (0, 2)


def test_rounding_is_half_up_and_once():
    assert rounded(25.55, Digits(1)) == "25.6"
    assert rounded(18.85, Digits(1)) == "18.9"
    assert rounded(18.8465, Digits(1)) == "18.8"  # by way of 18.85 it would be 18.9
    # As the published table was: 55.05 is 55.04999… as a binary number, 18.85 is 18.85000…1.
    as_published = Digits(1, as_published=True)
    assert [rounded(x, as_published) for x in (55.05, 18.85, 27.05, 25.55)] == [
        "55.0", "18.9", "27.1", "25.6",
    ]  # fmt: skip
    assert rounded(55.05, Digits(1)) == "55.1"
    assert rounded(-0.001, Digits(2), sign=True) == "+0.00"
    assert rounded(-0.125, Digits(2), sign=True) == "-0.13"
    assert written(39.614, 0.125, 3, "") == "39.61 ± 0.13 (3)"
    assert written(39.614, None, 1, "") == "39.61"
    assert written(None, None, 0, "no system baseline") == "n/a (no system baseline)"


def test_decimal_means_and_differences_do_not_see_binary_numbers():
    # 0.1 + 0.2 is 0.30000000000000004 in binary, and 34.3 - 31.6 is 2.6999999999999957.
    assert decimal_mean([0.1, 0.2]) == 0.15 and decimal_difference(34.3, 31.6) == 2.7
    # Ten numbers of one decimal whose mean is 18.85: as floats they sum up to 188.49999999999997.
    ten = [22.7, 39.0, 35.9, 7.8, 21.4, 4.4, 13.7, 9.4, 7.0, 27.2]
    assert rounded(decimal_mean(ten), Digits(1)) == "18.9"
    assert decimal_mean(ten) == 18.85


def test_stored_scores_have_one_decimal_in_the_profile_paper():
    assert stored(38.125, "bleu", "paper") == 38.1
    assert stored(38.15, "chrf", "paper") == 38.2  # half up, also where the binary number is below
    assert stored(0.82745, "comet", "paper") == 0.8275
    assert stored(38.125, "bleu", "raw") == 38.125
    assert digits_of("bleu", "raw") == (2, False) and digits_of("ter", "paper") == (1, True)
    assert digits_of("comet", "raw") == (4, False) and digits_of("kiwi", "paper") == (3, True)


def test_averages_without_named_directions_stand_beside():
    scores = scores_of({("baseline", 1): [10.0, 20.0, 30.0, 50.0]}, DIRECTIONS)
    plan = plan_of(["baseline"], DIRECTIONS)
    cells = summarise(scores, plan, "en", {}, without={"french": ["en-fr", "fr-en"]}).cells
    found = {(c.without, c.side): (c.value.mean, c.directions) for c in cells if c.grouping == "all"}
    assert found == {
        ("", OUT): (15.0, 2),
        ("", INTO): (40.0, 2),
        ("", BOTH): (27.5, 4),
        ("french", OUT): (10.0, 1),
        ("french", INTO): (30.0, 1),
        ("french", BOTH): (20.0, 2),
    }
    assert not [c for c in cells if c.without and c.grouping == "direction"]


def test_tokenizers_may_differ_between_directions_and_are_listed():
    one = scores_of({("a", 1): [1.0], ("b", 1): [2.0]}, ["en-de"], signature="nrefs:1|tok:13a|version:2.6.0")
    two = scores_of(
        {("a", 1): [1.0], ("b", 1): [2.0]}, ["en-ja"], signature="nrefs:1|tok:ja-mecab|version:2.6.0"
    )
    cells = summarise(one + two, plan_of(["a", "b"], ["en-de", "en-ja"]), "en", {}).cells
    overall = find(cells, grouping="all", system="a")
    assert overall.signature == "nrefs:1|tok:13a|version:2.6.0; nrefs:1|tok:ja-mecab|version:2.6.0"
    assert find(cells, group="en-ja", system="a").signature == "nrefs:1|tok:ja-mecab|version:2.6.0"
    # Anything but the tokenizer must be the same.
    older = scores_of(
        {("a", 1): [1.0], ("b", 1): [2.0]}, ["en-ja"], signature="nrefs:1|tok:char|version:2.3.1"
    )
    with pytest.raises(UserError, match=r"table test/BLEU: two signatures, .*\(a s1 en-de\).*\(a s1 en-ja\)"):
        summarise(one + older, plan_of(["a", "b"], ["en-de", "en-ja"]), "en", {})


def test_two_systems_with_two_tokenizers_in_a_direction_are_an_error():
    one = scores_of({("a", 1): [1.0]}, ["en-ja"], signature="tok:13a")
    two = scores_of({("b", 1): [1.0]}, ["en-ja"], signature="tok:char")
    with pytest.raises(UserError, match=r"two signatures, 'tok:13a'.* and 'tok:char'"):
        summarise(one + two, plan_of(["a", "b"], ["en-ja"]), "en", {})


def test_flags_are_those_of_a_cells_directions():
    scores = scores_of({("a", 1): [1.0, 2.0]}, ["en-de", "en-lb"])
    flags = {("bleu", "en-lb"): ["language not known to the model: lb"], ("chrf", "en-de"): ["another's"]}
    cells = summarise(scores, plan_of(["a"], ["en-de", "en-lb"]), "en", {}, flags=flags).cells
    assert [(c.group, c.flags) for c in cells] == [
        ("all", "language not known to the model: lb"),
        ("en-de", ""),
        ("en-lb", "language not known to the model: lb"),
    ]


def test_both_sides_weigh_alike_however_many_directions_they_have():
    """One direction out of English, three into it: (10 + 40) / 2, where the mean of the four is 32.5."""
    directions = ["en-de", "de-en", "fr-en", "cs-en"]
    scores = scores_of({("baseline", 1): [10.0, 30.0, 40.0, 50.0]}, directions)
    cells = summarise(scores, plan_of(["baseline"], directions), "en", {}).cells
    both = find(cells, grouping="all", side=BOTH)
    assert (both.value.mean, both.directions) == (25.0, 4)


def test_averages_are_over_the_directions_that_a_test_set_has():
    """flickr has en-de and de-en alone: 13 and 31 out of and into the pivot, (13 + 31) / 2 = 22 of both."""
    values = dict(zip(DIRECTIONS, TABLE["ns-k95", 1], strict=True))
    places = [("ntrex", direction) for direction in DIRECTIONS] + [("flickr", "en-de"), ("flickr", "de-en")]
    scores = [Score("e", "ns-k95", 1, t, "raw", d, "bleu", values[d], 10, "sig") for t, d in places]
    plan = Plan("e", ["ns-k95"], [1], ["ntrex", "flickr"], DIRECTIONS, ["bleu"])
    plan = replace(plan, partial={"flickr": ["en-de", "de-en"]})
    assert (plan.size, plan.directions_of("ntrex"), plan.directions_of("flickr")) == (
        6,
        DIRECTIONS,
        ["en-de", "de-en"],
    )
    groups = {"family": {"germanic": ["de"], "romance": ["fr"]}}
    summary = summarise(scores, plan, "en", groups, without={"german": ["en-de"], "french": ["en-fr"]})
    wanted = {"grouping": "all", "without": ""}
    for testset, side, mean, number in (
        *(("ntrex", OUT, 18.0, 2), ("ntrex", INTO, 41.0, 2), ("ntrex", BOTH, 29.5, 4)),
        *(("flickr", OUT, 13.0, 1), ("flickr", INTO, 31.0, 1), ("flickr", BOTH, 22.0, 2)),
    ):
        cell = find(summary.cells, testset=testset, side=side, **wanted)
        assert (cell.value.mean, cell.directions, cell.scores, cell.scores_expected) == (mean, *[number] * 3)
    assert (summary.missing, summary.expected) == (0, 6)
    of_flickr = [cell for cell in summary.cells if cell.testset == "flickr"]
    assert {cell.group for cell in of_flickr} == {"all", "germanic", "en-de", "de-en"}
    # Without en-de one direction is left; en-fr is not among those of flickr, and leaves nothing out.
    assert {(cell.without, cell.side) for cell in of_flickr if cell.without} == {("german", INTO)}
    assert summary.skipped[:2] == [
        "without german, family/germanic: no direction out of pivot",
        "without french, family/romance: no direction out of pivot",
    ]
    assert summary.skipped[2] == "flickr: averages are over the 2 of 4 directions that it has"
    assert "flickr, family/romance: no direction out of pivot and none into pivot" in summary.skipped
