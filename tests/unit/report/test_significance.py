"""read_significance and its tables: corrections, outcomes, marks and spreads, worked out by hand."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from tests.unit.report.made import plan_of, put_job, scores_of
from workflow_scripts.report.read.read_significance import (
    Compared,
    Comparison,
    corrected,
    marks_of,
    others_of,
    read_significance,
)
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.score_tables import direction_table
from workflow_scripts.report.tables.significance_tables import (
    COLUMNS,
    seeds_table,
    significance_table,
    too_few_resamples,
    wins_table,
)
from workflow_scripts.report.tables.table import Shown, records, write_table

DIRECTIONS = ["en-de", "en-fr", "de-en"]
DISPLAY = Display("en")
ONE, TWO = (plan_of(["baseline", "ns"], DIRECTIONS, range(1, seeds + 1)) for seeds in (1, 2))


def comparison(direction, difference, p, seed=1, against="baseline", metric="bleu"):
    return Comparison(
        *("e", "ns", against, seed, "test", "raw", direction, metric),
        *(difference, difference - 0.5, difference + 0.5, 0.3, p / 2, p),
    )


def done(*rows, level=0.05):
    """Rows of direction, difference, p and more of `comparison`, corrected together."""
    return corrected([comparison(*row) for row in rows], level)


def test_whom_a_system_is_compared_with():
    plan = plan_of(["baseline", "continued", "ns"], DIRECTIONS)
    others = {system: others_of(system, plan, "baseline", "continued") for system in plan.systems}
    assert others == {"baseline": [], "continued": ["baseline"], "ns": ["baseline", "continued"]}
    assert others_of("ns", plan_of(["ns"], DIRECTIONS), "baseline", "continued") == []


def test_correction_is_over_directions():
    """p = .01, .04, .03: Holm .03, .06 (.03 × 2, then no less than that); BH .03, .04, .04 (.045 is more)."""
    found = done(("en-de", 1.0, 0.01), ("en-fr", 1.0, 0.04), ("de-en", -1.0, 0.03))
    assert [one.p_holm for one in found] == pytest.approx([0.03, 0.06, 0.06])
    assert [one.p_bh for one in found] == pytest.approx([0.03, 0.04, 0.04])
    assert [one.outcome for one in found] == ["win", "tie", "tie"]


def test_families_are_not_mixed():
    """Each seed, other and metric has a correction of its own: two tests each, the smaller p doubled."""
    families = [
        (1, "baseline", "bleu"),
        (2, "baseline", "bleu"),
        (2, "continued", "bleu"),
        (2, "continued", "ter"),
    ]
    rows = [(*row, *one) for one in families for row in (("en-de", 1.0, 0.02), ("en-fr", -1.0, 0.5))]
    found = done(*rows)
    assert [one.p_holm for one in found] == pytest.approx([0.04, 0.5] * 4)
    # More errors are a loss.
    assert [one.outcome for one in found] == [*["win", "tie"] * 3, "loss", "tie"]


@pytest.mark.parametrize(
    "other", [{"system": "continued"}, {"testset": "talks"}, {"profile": "paper"}], ids=str
)
def test_families_of_other_systems_test_sets_and_references_are_not_mixed(other):
    """p of .02 and .5: in a family of two .04 is a win, in one of four .08 would be none."""
    pair = [comparison("en-de", 1.0, 0.02), comparison("en-fr", -1.0, 0.5)]
    found = corrected([*pair, *(replace(one, **other) for one in pair)], 0.05)
    assert [one.p_holm for one in found] == pytest.approx([0.04, 0.5] * 2)


def test_outcomes_are_of_the_level_that_is_asked_for(tmp_path):
    """Three tests of p = .002, so .006 after Holm: a win at .05 and at .006, a tie at .005."""
    write(tmp_path)
    for level, said in ((0.05, "win"), (0.0061, "win"), (0.005, "tie")):
        read = read_significance(tmp_path, ONE, level=level)
        assert {one.outcome for one in read.comparisons} == {said}, level
    notes = significance_table(read, ONE, DISPLAY, 0.005).notes
    assert any("correction over directions, is at most 0.005; all others are ties" in note for note in notes)


def test_wins_against_each_other_stand_apart():
    """Against the baseline two wins and a loss, against the control three ties."""
    tests = [
        replace(one, against=against, outcome=outcome)
        for against, outcomes in (("baseline", ("win", "win", "loss")), ("continued", ("tie",) * 3))
        for one, outcome in zip(compared(1).comparisons, outcomes, strict=True)
    ]
    table = wins_table(Compared(tests, [], 6, 1000), ONE, DISPLAY, 0.05)
    assert [(block.section, block.rows) for block in table.blocks] == [
        ("test, BLEU, against baseline", [["ns", "2 / 0 / 0", "0 / 1 / 0", "2 / 1 / 0"]]),
        ("test, BLEU, against continued", [["ns", "0 / 0 / 2", "0 / 0 / 1", "0 / 0 / 3"]]),
    ]


def test_marks_are_of_every_seed_and_of_one_sense():
    found = [
        *done(("en-de", 1.0, 0.01), ("en-fr", 1.0, 0.01)),
        *done(("en-de", 1.0, 0.01, 2), ("en-fr", -1.0, 0.01, 2)),
        *done(("en-de", -1.0, 0.01, 1, "continued"), ("en-de", -1.0, 0.01, 2, "continued")),
    ]
    place = ("test", "raw", "bleu")
    marks = {(*place, "en-de", "ns"): "†‡", (*place, "en-fr", "ns"): ""}
    assert marks_of(found, 2, "continued") == marks
    assert marks_of(found, 3, "continued")[(*place, "en-de", "ns")] == ""  # a seed is lacking


def test_marks_of_draws_are_of_every_draw_too():
    """Two draws, a seed: both win in en-de, one of them in en-fr; of de-en one was not tested."""
    rows = [("en-de", "random-1", "win"), ("en-de", "random-2", "win"), ("en-fr", "random-1", "win")]
    rows += [("en-fr", "random-2", "tie"), ("de-en", "random-1", "win")]
    found = [
        replace(comparison(direction, 1.0, 0.01), system=system, outcome=outcome)
        for direction, system, outcome in rows
    ]
    marks = marks_of(found, 1, "continued", {"random": ["random-1", "random-2"]})
    place = ("test", "raw", "bleu")
    assert marks == {
        (*place, "en-de", "random"): "†",
        (*place, "en-fr", "random"): "",
        (*place, "de-en", "random"): "",
    }


def test_marks_stand_in_the_table_of_directions():
    scores = scores_of({("baseline", 1): [10.0] * 3, ("ns", 1): [12.0] * 3}, DIRECTIONS)
    marks = {("test", "raw", "bleu", "en-fr", "ns"): "†"}
    [block] = direction_table(scores, ONE, DISPLAY, marks, {("bleu", "de-en"): ["not known: de"]}).blocks
    assert block.rows == [
        [Shown("en-de"), Shown("10.00"), Shown("12.00", bold=True)],
        [Shown("en-fr"), Shown("10.00"), Shown("12.00", bold=True, marks="†")],
        [Shown("de-en", marks="§"), Shown("10.00"), Shown("12.00", bold=True)],
    ]
    assert block.notes[-1] == "§ among the directions: not known: de."


def compared(seeds=2):
    tests = []
    for seed, differences in ((1, (2.0, 1.0, -3.0)), (2, (4.0, 1.0, -3.0)))[:seeds]:
        rows = zip(DIRECTIONS, differences, (0.001, 0.9, 0.001), strict=True)
        tests += done(*((*row, seed) for row in rows))
    return Compared(tests, [], len(tests), 1000)


def test_wins_losses_and_ties_by_side():
    table = wins_table(compared(), TWO, DISPLAY, 0.05)
    keys = ("side", "seed", "directions", "wins", "losses", "ties")
    assert [tuple(row[key] for key in keys) for row in records(table.frame)] == [
        ("out of pivot", 1, 2, 1, 0, 1),
        ("out of pivot", 2, 2, 1, 0, 1),
        ("into pivot", 1, 1, 0, 1, 0),
        ("into pivot", 2, 1, 0, 1, 0),
        ("both", 1, 3, 1, 1, 1),
        ("both", 2, 3, 1, 1, 1),
    ]
    [block] = table.blocks
    assert block.header == ["system", "out of en", "into en", "all directions"]
    assert block.rows == [["ns", "2 / 0 / 2", "0 / 2 / 0", "2 / 2 / 2"]]


def test_every_test_is_in_the_frame():
    table = significance_table(compared(), TWO, DISPLAY, 0.05)
    named = "experiment system against seed testset profile direction metric difference low high sentence_sd"
    ps = "p_bootstrap p_randomisation p_holm p_bh p_holm_bootstrap p_bh_bootstrap outcome"
    assert list(table.frame.columns) == COLUMNS == [*named.split(), *ps.split()]
    assert len(table.frame) == 6
    assert [block.title for block in table.blocks] == ["against baseline, seed 1", "against baseline, seed 2"]
    assert table.blocks[0].rows == [
        ["en-de", Shown("+2.00 [+1.50, +2.50]", marks="↑")],
        ["en-fr", Shown("+1.00 [+0.50, +1.50]")],
        ["de-en", Shown("-3.00 [-3.50, -2.50]", marks="↓")],
    ]


def test_the_notes_say_what_an_interval_and_a_difference_are():
    notes = significance_table(compared(), TWO, DISPLAY, 0.01).notes
    assert "95 % confidence interval, of this direction alone" in notes[0]
    assert not [note for note in notes if "unrounded" in note]
    both = replace(TWO, profiles=["raw", "paper"])
    for table in (
        significance_table(compared(), both, DISPLAY, 0.05),
        seeds_table(compared(), both, DISPLAY),
    ):
        assert [note for note in table.notes if "differences are of unrounded scores" in note]


def test_seeds_beside_sentences():
    table = seeds_table(compared(), TWO, DISPLAY)
    row = records(table.frame)[0]
    # 2 and 4: mean 3, sd sqrt 2; sentences 0.3 in both; mixed sqrt(0.09 + 2 / 2).
    assert (row["seeds"], row["difference"], row["wins"]) == (2, 3.0, 2)
    spreads = [row[key] for key in ("seed_sd", "sentence_sd", "mixed_sd")]
    assert spreads == pytest.approx([2**0.5, 0.3, 1.09**0.5])
    assert table.blocks[0].rows[0] == ["en-de", "+3.00 (1.41; 0.30)"]
    alone = seeds_table(compared(1), ONE, DISPLAY)
    assert records(alone.frame)[0]["mixed_sd"] is None
    assert alone.blocks[0].rows[0] == ["en-de", "+2.00 (n/a; 0.30)"]


def test_the_spread_over_sentences_is_a_root_of_a_mean_square():
    """0.1 and 0.7 in two seeds: the root of (0.01 + 0.49) / 2 is 0.5, their mean would be 0.4."""
    one, two = comparison("en-de", 2.0, 0.001, 1), comparison("en-de", 4.0, 0.001, 2)
    tests = corrected([replace(one, sentence_sd=0.1), replace(two, sentence_sd=0.7)], 0.05)
    [row] = records(seeds_table(Compared(tests, [], 2, 10_000), TWO, DISPLAY).frame)
    assert row["sentence_sd"] == pytest.approx(0.5)
    assert row["mixed_sd"] == pytest.approx((0.25 + 2 / 2) ** 0.5)


def test_too_few_resamples_are_told():
    """Of 1000 resamples the smallest p is 1 / 1001; sixty times that is 0.0599."""
    [said] = too_few_resamples(1000, 60, 0.05)
    assert "smallest p-value, corrected, is 0.060, so that all are ties; take at least 1199 " in said
    assert "(evaluation.significance.resamples)" in said
    assert "(--resamples)" in too_few_resamples(1000, 60, 0.05, as_option=True)[0]
    assert too_few_resamples(1199, 60, 0.05) == [] == too_few_resamples(1000, 50, 0.05)


def write(root, metric="bleu", file="test.raw", resamples=1000, directions=DIRECTIONS):
    entry = {"difference": 1.0, "low": 0.5, "high": 1.5, "sentence_sd": 0.3, "n": 10}
    entry |= {"p_bootstrap": 0.001, "p_randomisation": 0.002}
    against = {"baseline": {direction: {metric: entry} for direction in directions}}
    given = {"profile": "raw", "resamples": resamples, "random_seed": 1, "against": against}
    put_job(root / f"ns/s1/{file}.json", "ns", **given)


def test_files_are_read(tmp_path):
    write(tmp_path)
    read = read_significance(tmp_path, ONE)
    assert (len(read.comparisons), read.missing, read.expected, read.resamples) == (3, [], 3, 1000)
    first = read.comparisons[0]
    # Three directions of equal p: 0.002 of the randomisation, which decides, and 0.001 of the bootstrap.
    assert (first.p_holm, first.p_holm_bootstrap) == pytest.approx((0.006, 0.003))
    assert (first.p_bh, first.p_bh_bootstrap) == pytest.approx((0.002, 0.001))
    assert first.outcome == "win"


def test_a_comet_model_has_a_file_of_its_own(tmp_path):
    """What it has not, is missing of it alone; tests are in the order of directions, then metrics."""
    plan = plan_of(["baseline", "ns"], DIRECTIONS, metrics=["bleu", "kiwi"], comet=["kiwi"])
    write(tmp_path)
    read = read_significance(tmp_path, plan, allow_partial=True)
    path = str(tmp_path / "ns/s1/test.raw.kiwi.json")
    assert (len(read.comparisons), read.missing, read.expected) == (3, [path] * 3, 6)
    write(tmp_path, "kiwi", "test.raw.kiwi", 500)
    read = read_significance(tmp_path, plan)
    wanted = [(direction, metric) for direction in DIRECTIONS for metric in ("bleu", "kiwi")]
    assert [(one.direction, one.metric) for one in read.comparisons] == wanted
    assert (read.missing, read.resamples) == ([], 500)


def test_partial_tests_are_said(tmp_path):
    write(tmp_path, directions=DIRECTIONS[:2])
    read = read_significance(tmp_path, ONE, allow_partial=True)
    assert significance_table(read, ONE, DISPLAY, 0.05).partial == "1 of 3 tests missing"


def test_one_system_alone_has_nothing_to_compare(tmp_path):
    plan = plan_of(["baseline"], DIRECTIONS)
    read = read_significance(tmp_path, plan)
    for table in (
        significance_table(read, plan, DISPLAY, 0.05),
        wins_table(read, plan, DISPLAY, 0.05),
        seeds_table(read, plan, DISPLAY),
    ):
        write_table(tmp_path, table)
        assert len(table.frame) == 0 and table.blocks == [] and not table.missing
        assert pq.read_table(tmp_path / f"{table.name}.parquet").num_rows == 0


def test_the_randomisation_decides():
    """Bootstrap's p is half of the randomisation's: 0.03 / 2 would be a win."""
    [one] = done(("en-de", 2.0, 0.06))
    assert (one.p_bootstrap, one.p_holm, one.outcome) == (0.03, 0.06, "tie")
