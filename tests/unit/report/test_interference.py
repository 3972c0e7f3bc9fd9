"""report.interference: bilingual against multilingual systems, by resource."""

import pytest

from tests.unit.report.made import plan_of, scores_of, texts
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.group_tables import interference_table, reading_of
from workflow_scripts.report.tables.table import records

DIRECTIONS = ["en-de", "de-en", "en-lb", "lb-en"]
GROUPS = {"family": {"germanic": ["de", "lb"]}, "tier": {"high": ["de"], "low": ["lb"]}}
# Interference at the high tier, transfer at the low one; ns makes up for the former.
VALUES = {
    "bilingual": [30.0, 32.0, 10.0, 12.0],
    "baseline": [28.0, 31.0, 15.0, 20.0],
    "ns": [30.0, 33.0, 16.0, 21.0],
}


def scores():
    values = {(system, 1): of for system, of in VALUES.items()}
    return scores_of(values, DIRECTIONS), plan_of(VALUES, DIRECTIONS)


def test_interference_and_transfer():
    table = interference_table(*scores(), Display("en"), GROUPS, "bilingual")
    [block] = table.blocks
    assert block.spans == [("high", 3), ("low", 3), ("all", 3)]
    assert texts(block) == [
        ["baseline", "-2.00", "-1.00", "-1.50", "+5.00", "+8.00", "+6.50", "+1.50", "+3.50", "+2.50"],
        ["ns", "+0.00", "+1.00", "+0.50", "+6.00", "+9.00", "+7.50", "+3.00", "+5.00", "+4.00"],
    ]
    readings = {(r["system"], r["group"], r["side"]): r["reading"] for r in records(table.frame)}
    assert readings["baseline", "high", "both"] == "interference"
    assert readings["ns", "high", "out of pivot"] == "none"
    assert readings["baseline", "low", "both"] == "transfer"
    assert {row["bilingual"] for row in records(table.frame)} == {"bilingual"}
    # The system's own score beside its difference: of the high tier 28 and 30, so -2.
    out = {
        r["system"]: r for r in records(table.frame) if (r["group"], r["side"]) == ("high", "out of pivot")
    }
    assert [(out[name]["score"], out[name]["difference"]) for name in ("baseline", "ns")] == [
        (28.0, -2.0),
        (30.0, 0.0),
    ]


def test_a_bilingual_system_of_some_directions_is_compared_in_those_and_it_is_said():
    """It has German alone: 28 - 30 and 31 - 32 are -1.5, though the baseline's own mean is of all four."""
    table = {(system, 1): of[:2] if system == "bilingual" else of for system, of in VALUES.items()}
    rows = [one for key, of in table.items() for one in scores_of({key: of}, DIRECTIONS[: len(of)])]
    plan = plan_of(VALUES, DIRECTIONS, partial_systems={"bilingual": DIRECTIONS[:2]})
    made = interference_table(rows, plan, Display("en"), GROUPS, "bilingual")
    said = "`bilingual` lacks some: differences to it are over the directions that both systems have."
    assert made.notes[-1] == said
    found = {(r["system"], r["group"], r["side"]): r for r in records(made.frame)}
    every = found["baseline", "all", "both"]
    assert (every["directions"], every["score"], every["difference"]) == (2, 23.5, -1.5)
    assert found["ns", "low", "both"]["directions"] == 0
    assert interference_table(*scores(), Display("en"), GROUPS, "bilingual").notes[-1] != said


def test_without_a_bilingual_system_it_says_so():
    rows, plan = scores()
    table = interference_table(rows, plan, Display("en"), GROUPS)
    assert table.blocks == []
    assert table.notes == ["n/a: no bilingual system: name one (--bilingual, report.bilingual)."]
    found = records(table.frame)
    assert {row["note"] for row in found} == {"no bilingual system: name one (--bilingual, report.bilingual)"}
    assert {row["difference"] for row in found} == {None} and len(found) == 3 * 9


def test_without_tiers_it_says_so():
    table = interference_table(*scores(), Display("en"), {"family": GROUPS["family"]}, "bilingual")
    assert "high and low resource: no grouping 'tier' of languages (groups.tier)" in table.not_shown
    assert {row["grouping"] for row in records(table.frame)} == {"all"}


@pytest.mark.parametrize(
    ("difference", "metric", "reading"),
    [(1.0, "bleu", "transfer"), (1.0, "ter", "interference"), (-1.0, "ter", "transfer"), (None, "bleu", "")],
)
def test_readings(difference, metric, reading):
    assert reading_of(difference, metric) == reading
