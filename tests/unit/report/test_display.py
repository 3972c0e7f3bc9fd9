"""What stands beside numbers: signatures, flags, rules, and how many scores an average lacks."""

import pytest

from tests.unit.report.made import plan_of, scores_of, text_of
from workflow_scripts.report.tables.display import PAPER_RULE, Display, averaging_notes, signature_notes
from workflow_scripts.report.tables.score_tables import direction_table, summary_table
from workflow_scripts.report.tables.show import render_console
from workflow_scripts.report.tables.summary import CSV_COLUMNS, row_of, summarise

DIRECTIONS = ["en-de", "de-en", "en-fr", "fr-en"]
GROUPS = {"family": {"g": ["de"], "r": ["fr"]}}
WITHOUT = {"french": ["en-fr", "fr-en"]}


def scores(*systems):
    table = {(s, seed): [10.0 * n + seed for n in (1, 2, 3, 4)] for s in systems for seed in (1, 2)}
    return scores_of(table, DIRECTIONS)


def plan(*systems):
    return plan_of(systems, DIRECTIONS, [1, 2])


def test_signatures_and_flags_are_said_once():
    rows = [
        {"signature": "a|tok:13a; a|tok:zh", "flags": "not known: lb; not known: sd", "profile": "paper"},
        {"signature": "a|tok:13a", "flags": "not known: lb", "profile": "paper"},
    ]
    assert signature_notes(rows) == [
        "Signatures (the tokenizer is the target language's) of all numbers of this section: `a|tok:13a`,"
        " `a|tok:zh`; references: paper.",
        "§ among the directions: not known: lb; not known: sd.",
    ]
    assert signature_notes([{"signature": "a", "flags": None, "profile": "raw"}] * 2) == [
        "Signature of all numbers of this section: `a`; references: raw."
    ]


@pytest.mark.parametrize(("profiles", "rules"), [(["raw"], 1), (["paper"], 1), (["raw", "paper"], 2)])
def test_the_rules_of_averages_are_those_of_the_profiles(profiles, rules):
    notes = averaging_notes([{"profile": profile} for profile in profiles])
    assert len(notes) == rules
    assert (PAPER_RULE in notes) == ("paper" in profiles)


def test_the_blocks_of_the_summary():
    """Averages without named directions of all, not of groups; a sweep is of at least two k."""
    for systems, sweeps in ((["ns-k95"], []), (["ns-k95", "ns-k70"], ["Sweep of k: ns, all directions"])):
        summary = summarise(
            scores("baseline", *systems), plan("baseline", *systems), "en", GROUPS, without=WITHOUT
        )
        table = summary_table(summary, Display("en", excluded=WITHOUT))
        assert [block.title for block in table.blocks] == [
            "All directions (2 out of en, 2 into en)",
            "family: g (1 out of en, 1 into en)",
            "family: r (1 out of en, 1 into en)",
            "All directions, without french (en-fr, fr-en) (1 out of en, 1 into en)",
            *sweeps,
        ]
        assert {block.section for block in table.blocks} == {"test, BLEU"}


def test_the_terminal_shows_averages_of_all_directions():
    """Out of en 11 and 31 in seed 1, into it 21 and 41; without French it would be 11 and 21."""
    summary = summarise(scores("baseline"), plan("baseline"), "en", GROUPS, without=WITHOUT)
    rows = [
        {name: "" if value is None else str(value) for name, value in zip(CSV_COLUMNS, row, strict=True)}
        for row in map(row_of, summary.cells)
    ]
    [line] = [line for line in render_console(rows).splitlines() if line.startswith("baseline")]
    assert [cell.strip() for cell in line.split("  ") if "±" in cell] == [
        "21.50 ± 0.71",
        "31.50 ± 0.71",
        "26.50 ± 0.71",
    ]


def test_a_direction_that_lacks_a_seed_says_so():
    found = [
        one for one in scores("baseline", "ns") if (one.system, one.seed, one.direction) != ("ns", 2, "en-fr")
    ]
    found = [one for one in found if (one.system, one.direction) != ("ns", "fr-en")]
    table = direction_table(found, plan("baseline", "ns"), Display("en"))
    cells = {text_of(row[0]): [text_of(cell) for cell in row[1:]] for row in table.blocks[0].rows}
    # Of seeds 1 and 2: 11 and 12, 21 and 22, 31 and 32, 41 and 42.
    assert cells["en-de"] == ["11.50 ± 0.71 (2)"] * 2
    assert cells["en-fr"] == ["31.50 ± 0.71 (2)", "31.00 [1/2]"]
    assert cells["fr-en"] == ["41.50 ± 0.71 (2)", "n/a (scores missing) [0/2]"]
    assert table.partial == "3 of 16 scores missing"


def test_the_table_of_directions_says_what_daggers_are():
    display = Display("en", "base", "control")
    given, planned = scores("baseline"), plan("baseline")
    assert (
        "No significance was tested, so nothing is marked as significant."
        in direction_table(given, planned, display).notes
    )
    [rule] = [note for note in direction_table(given, planned, display, {}).notes if "†" in note]
    assert rule.startswith("†: differs significantly from `base`, ‡: from `control` (")
