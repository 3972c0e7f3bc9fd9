"""report.tables.group_tables: the paper's forms, against the published table itself."""

import pytest

from tests.unit.report.made import plan_of, scores_of, texts
from tests.unit.report.published_scores import TIERS, published
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.group_tables import DIFFERENCES_COLUMNS, differences_table, groups_table
from workflow_scripts.report.tables.score_tables import summary_table
from workflow_scripts.report.tables.summary import summarise
from workflow_scripts.report.tables.table import Shown, records
from workflow_scripts.report.tables.writing import Digits, best

# High O2M M2O Avg | Med O2M M2O Avg | Low O2M M2O Avg | All O2M M2O Avg (spec 4.1).
PAPER_TABLE = {
    ("BLEU", "baseline"): "28.1 31.6 29.9 | 29.7 31.6 30.6 | 18.9 26.0 22.4 | 25.6 29.7 27.6",
    ("BLEU", "ns-k95"): "29.9 33.0 31.5 | 31.0 32.7 31.9 | 20.2 26.9 23.5 | 27.1 30.9 29.0",
    ("chrF2++", "baseline"): "52.4 57.6 55.0 | 54.0 56.6 55.3 | 42.5 50.0 46.2 | 49.6 54.7 52.2",
    ("chrF2++", "ns-k95"): "53.9 58.7 56.3 | 55.0 57.5 56.3 | 43.6 50.7 47.2 | 50.8 55.6 53.2",
    ("COMET", "baseline"): ".824 .839 .831 | .811 .801 .806 | .738 .734 .736 | .791 .791 .791",
    ("COMET", "ns-k95"): ".837 .849 .843 | .820 .808 .814 | .747 .741 .744 | .801 .799 .800",
}
# The gains of spec 4.1, out of and into English.
GAINS = {"high": (1.77, 1.40), "med": (1.38, 1.13), "low": (1.35, 0.86), "all": (1.50, 1.13)}


def test_the_published_table_is_reproduced():
    scores, plan = published()
    table = groups_table(summarise(scores, plan, "en", {"tier": TIERS}), Display("en"))
    assert [block.section for block in table.blocks] == [
        f"flores, {name}, paper references" for name in ("BLEU", "chrF2++", "COMET")
    ]
    for block in table.blocks:
        assert block.title == "tier × side"
        assert block.spans == [("high", 3), ("med", 3), ("low", 3), ("all", 3)]
        assert block.header == ["system", *["out of en", "into en", "avg"] * 4]
        name = block.section.split(", ")[1]
        for system, *numbers in texts(block):
            wanted = PAPER_TABLE[name, system].replace(" .", " 0.").replace("|", "").split()
            assert numbers == [f"0{one}" if one.startswith(".") else one for one in wanted], (name, system)
        # NS is the best of all groups, as shown.
        assert [isinstance(cell, Shown) and cell.bold for cell in block.rows[1][1:]] == [True] * 12


def test_the_published_gains_are_reproduced():
    scores, plan = published()
    summary = summarise(scores, plan, "en", {"tier": TIERS})
    table = differences_table(summary, Display("en"))
    assert "differences to continued: no such system" in table.not_shown
    rows = [row for row in records(table.frame) if row["metric"] == "bleu" and row["side"] != "both"]
    gains = {(row["group"], row["side"]): row["difference"] for row in rows}
    for group, (out, into) in GAINS.items():
        assert gains[group, "out of pivot"] == pytest.approx(out, abs=0.005)
        assert gains[group, "into pivot"] == pytest.approx(into, abs=0.005)
    assert {row["against"] for row in rows} == {"baseline"} and {row["system"] for row in rows} == {"ns-k95"}


def test_unrounded_published_averages():
    """Spec 4.1: "Unrounded means of stored scores"."""
    scores, plan = published()
    table = groups_table(summarise(scores, plan, "en", {"tier": TIERS}), Display("en"))
    means = {
        (row["system"], row["group"], row["side"]): row["mean"]
        for row in records(table.frame)
        if row["metric"] == "bleu"
    }
    assert means["baseline", "high", "out of pivot"] == 28.14
    assert means["baseline", "low", "out of pivot"] == 18.85  # not 18.849999…: shown as 18.9
    assert means["baseline", "all", "out of pivot"] == 25.55  # not 25.549999…: shown as 25.6
    assert means["baseline", "all", "into pivot"] == pytest.approx(29.743, abs=0.0005)
    assert means["ns-k95", "all", "out of pivot"] == 27.05


DISPLAY = Display("en", excluded={"french": ["en-fr", "fr-en"]})
DIRECTIONS = ["en-de", "de-en", "en-fr", "fr-en"]
SYSTEMS = ["baseline", "continued", "ns"]
VALUES = {
    ("baseline", 1): [10.0, 30.0, 20.0, 40.0],
    ("baseline", 2): [12.0, 30.0, 20.0, 40.0],
    ("continued", 1): [10.0, 31.0, 20.0, 40.0],
    ("continued", 2): [10.0, 31.0, 20.0, 40.0],
    ("ns", 1): [13.0, 29.0, 20.0, 40.0],
    ("ns", 2): [13.0, 29.0, 20.0, 40.0],
}


def summary_of(metric="bleu", lacking=None, groups=2, flags=None):
    """Scores of three systems and two seeds; one system's direction may be lacking in seed 2."""
    every = scores_of(VALUES, DIRECTIONS, metric)
    scores = [one for one in every if lacking != (one.system, one.direction) or one.seed == 1]
    plan = plan_of(SYSTEMS, DIRECTIONS, [1, 2], [metric])
    by = {"g": ["de"], "r": ["fr"]} if groups == 2 else {f"g{n}": ["de"] for n in range(groups)}
    return summarise(scores, plan, "en", {"family": by}, without={"french": ["en-fr", "fr-en"]}, flags=flags)


def test_averages_with_a_direction_that_the_model_does_not_know_are_marked():
    summary = summary_of(flags={("bleu", "de-en"): ["not known: de"]})
    [block] = [b for b in groups_table(summary, DISPLAY).blocks if b.title == "family × side"]
    # German out of, into, avg; French out of, into, avg; all out of, into, avg.
    wanted = ["", "§", "§", "", "", "", "", "§", "§"]
    assert [[cell.marks for cell in row if isinstance(cell, Shown)] for row in block.rows] == [wanted] * 3
    differences = differences_table(summary, DISPLAY).blocks[0]
    assert [cell.marks for cell in differences.rows[0] if isinstance(cell, Shown)] == wanted
    overall = summary_table(summary, DISPLAY).blocks[0]
    assert overall.title == "All directions (2 out of en, 2 into en)"
    # Differences beside them are texts.
    assert [cell.marks for cell in overall.rows[0] if isinstance(cell, Shown)] == ["", "§", "§"]


def test_numbers_deviations_and_the_best():
    table = groups_table(summary_of(), DISPLAY)
    block, without = table.blocks
    assert without.title == "family × side, without french (en-fr, fr-en)"
    # Out of en, de: 10 and 12, so 11 ± sqrt 2; both: 20 and 21.
    assert texts(block)[0][1:4] == ["11.00 ± 1.41 (2)", "30.00 ± 0.00 (2)", "20.50 ± 0.71 (2)"]
    bold = [[cell.bold for cell in row if isinstance(cell, Shown)][:4] for row in block.rows]
    # de out: ns; de into: continued; de avg: baseline 20.5, continued 20.5, ns 21; fr: all the same.
    assert bold == [[False, False, False, True], [False, True, False, True], [True, False, True, True]]
    # Without French all is what German is.
    assert texts(without)[0][-3:] == texts(block)[0][1:4]


def test_of_ter_the_lowest_is_bold():
    block = groups_table(summary_of("ter"), DISPLAY).blocks[0]
    assert [row[1].bold for row in block.rows if isinstance(row[1], Shown)] == [False, True, False]


def test_one_system_alone_is_not_the_best():
    assert best([1.0], "bleu", Digits()) == [False]
    assert best([1.0, None], "bleu", Digits()) == [False, False]
    assert best([1.001, 1.0, 0.99], "bleu", Digits()) == [True, True, False]


def test_differences_to_both():
    table = differences_table(summary_of(), DISPLAY)
    sections = list(dict.fromkeys(block.section for block in table.blocks))
    assert sections == ["Difference to baseline, test, BLEU", "Difference to continued, test, BLEU"]
    to_baseline = texts(table.blocks[0])
    assert [row[0] for row in to_baseline] == ["continued", "ns"]
    # By seed 13 - 10 and 13 - 12.
    assert to_baseline[1][1] == "+2.00 ± 1.41 (2)"
    to_control = texts(table.blocks[2])
    assert [row[:3] for row in to_control] == [
        ["baseline", "+1.00 ± 1.41 (2)", "-1.00 ± 0.00 (2)"],
        ["ns", "+3.00 ± 0.00 (2)", "-2.00 ± 0.00 (2)"],
    ]
    assert list(table.frame.columns) == DIFFERENCES_COLUMNS


def test_differences_name_the_system_that_they_are_to():
    """Not the column of the summary that they come from."""
    scores, plan = scores_of(VALUES, DIRECTIONS), plan_of(SYSTEMS, DIRECTIONS, [1, 2])
    table = differences_table(summarise(scores, plan, "en", {}, control="ns"), Display("en", control="ns"))
    rows = [row for row in records(table.frame) if row["side"] == "out of pivot"]
    # Out of en: 15 and 16, 15 and 15, 16.5 twice.
    assert {(row["system"], row["against"]): row["difference"] for row in rows} == {
        ("continued", "baseline"): -0.5,
        ("ns", "baseline"): 1.0,
        ("baseline", "ns"): -1.0,
        ("continued", "ns"): -1.5,
    }


def test_an_average_that_lacks_scores_is_never_the_best():
    summary = summary_of(lacking=("ns", "en-de"))
    table = groups_table(summary, DISPLAY)
    cells = [row[1] for row in table.blocks[0].rows]
    assert [cell.text for cell in cells if isinstance(cell, Shown)] == [
        "11.00 ± 1.41 (2)",
        "10.00 ± 0.00 (2)",
        "13.00 [1/2]",
    ]
    assert [cell.bold for cell in cells if isinstance(cell, Shown)] == [True, False, False]
    assert table.partial == "1 of 24 scores missing"


def test_more_groups_than_fit_beside_each_other_are_a_block_for_each_side():
    table = groups_table(summary_of(groups=4), DISPLAY)
    assert [block.title for block in table.blocks[:3]] == [
        "family × side: out of en",
        "family × side: into en",
        "family × side: both (mean)",
    ]
    assert table.blocks[0].spans == [(name, 1) for name in ("g0", "g1", "g2", "g3", "all")]


def test_what_is_better_below_is_said():
    assert groups_table(summary_of("ter"), DISPLAY).blocks[0].section == "test, TER (lower is better)"
    assert groups_table(summary_of("bleu"), DISPLAY).blocks[0].section == "test, BLEU"


def test_where_the_baseline_lacks_a_score_differences_to_it_say_so():
    """Of en-fr the baseline has no score: ns is 2 above it in en-de, 12.0 to 10.0, and has 16 on average."""
    directions = ["en-de", "en-fr"]
    scores = scores_of({("baseline", 1): [10.0], ("ns", 1): [12.0]}, ["en-de"])
    scores += scores_of({("ns", 1): [20.0]}, ["en-fr"])
    summary = summarise(scores, plan_of(["baseline", "ns"], directions), "en", {})
    said = "`baseline` lacks some: differences to it are over the directions that both systems have."
    for table in (summary_table(summary, Display("en")), differences_table(summary, Display("en"))):
        assert said in table.notes
    [block] = summary_table(summary, Display("en")).blocks
    assert texts(block) == [["baseline", "10.00 [1/2]", "n/a (is baseline)"], ["ns", "16.00", "+2.00"]]
    whole = scores_of({("baseline", 1): [10.0, 20.0], ("ns", 1): [12.0, 22.0]}, directions)
    summary = summarise(whole, plan_of(["baseline", "ns"], directions), "en", {}, without={"fr": ["en-fr"]})
    assert said not in summary_table(summary, Display("en", excluded={"fr": ["en-fr"]})).notes
