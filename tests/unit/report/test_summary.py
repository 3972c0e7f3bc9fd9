"""report.summary: averages, spreads and differences, worked out by hand."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.report.layout import BOTH, INTO, OTHER, OUT, layout, members
from workflow_scripts.report.rounding import rounded, written
from workflow_scripts.report.scores import Plan, Score
from workflow_scripts.report.summary import (
    Cell,
    Estimate,
    display_order,
    estimate,
    summarise,
    sweep_key,
)

SHARED = Path(os.environ.get("NEURONSPEC_SHARED", Path(__file__).parents[4] / "shared"))
PUBLISHED = SHARED / "reference" / "published_scores.csv"


def frame(table: dict[tuple[str, int], list[float]], directions: list[str], **changes: str) -> list[Score]:
    """Scores from {(system, seed): one value a direction}."""
    fixed = {"profile": "raw", "signature": "sig"} | changes
    return [
        Score("e", system, seed, "test", fixed["profile"], direction, "bleu", value, 10, fixed["signature"])
        for (system, seed), values in table.items()
        for direction, value in zip(directions, values, strict=True)
    ]


def plan_of(systems: list[str], seeds: list[int], directions: list[str]) -> Plan:
    return Plan("e", systems, seeds, ["test"], directions, ["bleu"])


def find(cells: list[Cell], **wanted: str) -> Cell:
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
    cells = summarise(frame(TABLE, DIRECTIONS), plan_of(SYSTEMS, [1, 2], DIRECTIONS), "en", {}).cells
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
    cells = summarise(frame(TABLE, DIRECTIONS), plan_of(SYSTEMS, [1, 2], DIRECTIONS), "en", {}).cells
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
    cells = summarise(frame(table, DIRECTIONS), plan_of(["ns-k95"], [1], DIRECTIONS), "en", {}).cells
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
    scores = frame({("baseline", 1): [10.0, 20.0], ("ns-k95", 1): [13.0, 40.0]}, ["en-de", "en-fr"])
    partial = [score for score in scores if (score.system, score.direction) != ("ns-k95", "en-fr")]
    summary = summarise(partial, plan_of(["baseline", "ns-k95"], [1], ["en-de", "en-fr"]), "en", {})
    cell = find(summary.cells, grouping="all", system="ns-k95")
    assert cell.value.mean == 13.0 and (cell.scores, cell.scores_expected) == (1, 2)
    assert cell.to_baseline.mean == 3.0  # not 13 - 15
    assert (summary.missing, summary.expected) == (1, 4)
    gap = find(summary.cells, grouping="direction", group="en-fr", system="ns-k95")
    assert gap.value == Estimate(None, None, 0, "scores missing")


def test_two_signatures_in_a_table_are_an_error():
    odd = frame({("ns", 1): [1.0]}, ["en-de"], signature="odd")
    with pytest.raises(UserError, match=r"table test/bleu: two signatures, .*ns s1 en-de"):
        summarise(
            frame({("baseline", 1): [1.0]}, ["en-de"]) + odd,
            plan_of(["baseline", "ns"], [1], ["en-de"]),
            "en",
            {},
        )


def test_two_profiles_are_never_averaged():
    raw = frame({("baseline", 1): [10.0]}, ["en-de"])
    paper = frame({("baseline", 1): [30.0]}, ["en-de"], profile="paper")
    plan = Plan("e", ["baseline"], [1], ["test"], ["en-de"], ["bleu"], ["raw", "paper"])
    summary = summarise(raw + paper, plan, "en", {})
    overall = [(c.profile, c.value.mean) for c in summary.cells if c.grouping == "all"]
    assert overall == [("raw", 10.0), ("paper", 30.0)]
    assert (summary.missing, summary.expected) == (0, 2)


def test_rounding_is_half_up_and_once():
    assert rounded(25.55, 1) == "25.6"
    assert rounded(18.85, 1) == "18.9"
    assert rounded(18.8465, 1) == "18.8"  # by way of 18.85 it would be 18.9
    assert rounded(-0.001, 2, sign=True) == "+0.00"
    assert rounded(-0.125, 2, sign=True) == "-0.13"
    assert written(39.614, 0.125, 3, "") == "39.61 ± 0.13 (3)"
    assert written(39.614, None, 1, "") == "39.61 ± n/a (1)"
    assert written(None, None, 0, "no system baseline") == "n/a (no system baseline)"


@pytest.mark.shared
@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"no {PUBLISHED}")
def test_published_averages_are_reproduced():
    tiers = {
        "high": ["de", "nl", "fr", "es", "ru", "cs", "hi", "bn", "ar", "he"],
        "med": ["sv", "da", "it", "pt", "pl", "bg", "kn", "mr", "mt", "ha"],
        "low": ["af", "lb", "ro", "oc", "uk", "sr", "sd", "gu", "ti", "am"],
    }
    with PUBLISHED.open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["metric"] in ("BLEU", "chrF++")]
    systems = {"mT-big": "baseline", "mT-big-NS": "ns-k95"}
    metrics = {"BLEU": "bleu", "chrF++": "chrf"}
    scores = [
        Score(
            *("e", systems[row["system"]], 1, "flores", "paper", row["direction"]),
            *(metrics[row["metric"]], float(row["score"]), 2009, "sig"),
        )
        for row in rows
    ]
    directions = sorted({score.direction for score in scores})
    assert len(directions) == 60
    plan = Plan("e", ["baseline", "ns-k95"], [1], ["flores"], directions, ["bleu", "chrf"], ["paper"])
    cells = summarise(scores, plan, "en", {"tier": tiers}).cells

    def shown(metric: str, system: str) -> list[str]:
        groups = [("tier", "high"), ("tier", "med"), ("tier", "low"), ("all", "all")]
        found = [
            find(cells, metric=metric, system=system, grouping=grouping, group=group, side=side).value.mean
            for grouping, group in groups
            for side in (OUT, INTO, BOTH)
        ]
        return [rounded(mean, 1) for mean in found if mean is not None]

    # The published table, from stored scores of one decimal.
    assert shown("bleu", "baseline")[-3:] == ["25.6", "29.7", "27.6"]
    assert shown("bleu", "ns-k95")[-3:] == ["27.1", "30.9", "29.0"]
    assert shown("bleu", "ns-k95")[:9] == [
        "29.9",
        "33.0",
        "31.5",
        "31.0",
        "32.7",
        "31.9",
        "20.2",
        "26.9",
        "23.5",
    ]
    assert shown("bleu", "baseline")[:9] == [
        "28.1",
        "31.6",
        "29.9",
        "29.7",
        "31.6",
        "30.6",
        "18.9",
        "26.0",
        "22.4",
    ]
    assert shown("chrf", "baseline")[-3:] == ["49.6", "54.7", "52.2"]
    assert shown("chrf", "ns-k95")[-3:] == ["50.8", "55.6", "53.2"]
    gains = [
        find(cells, metric="bleu", system="ns-k95", grouping="all", side=side).to_baseline.mean
        for side in (OUT, INTO)
    ]
    assert gains == [pytest.approx(1.50), pytest.approx(1.13)]
