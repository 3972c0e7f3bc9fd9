"""report.tables.health_table: figures beside scores, wrong languages, and what is out of the ordinary."""

import json
from dataclasses import replace

import pytest

from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.tables.health_table import health_table, read_off_target, unusual
from workflow_scripts.report.tables.table import records

PLAN = Plan("e", ["baseline", "ns"], [1], ["test"], ["en-de", "de-en"], ["bleu"])
FIGURES = {"length_ratio": 1.0, "empty_hypotheses": 0, "repeated_4gram_rate": 0.01, "copied_source_rate": 0.0}
RATES = {
    "without_letters": 0, "off_target_rate": 0.02, "references_off_target_rate": 0.01,
    "packaged_off_target_rate": None, "packaged_reason": "not known: de",
}  # fmt: skip


def entry(system, direction, **changes):
    job = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
    return {**job, "direction": direction, "n": 200, **FIGURES, **changes}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"length_ratio": 0.8}, []),
        ({"length_ratio": 0.79}, ["length_ratio"]),
        ({"length_ratio": 1.26}, ["length_ratio"]),
        ({"empty_hypotheses": 2}, []),  # of 200: one in a hundred
        ({"empty_hypotheses": 3}, ["empty_hypotheses"]),
        ({"n": 50, "empty_hypotheses": 1}, ["empty_hypotheses"]),
        ({"n": 400, "without_letters": 4}, []),
        (
            {"repeated_4gram_rate": 0.06, "copied_source_rate": 0.051},
            ["repeated_4gram_rate", "copied_source_rate"],
        ),
        ({"without_letters": 2}, []),
        ({"without_letters": 3}, ["without_letters"]),
        ({"without_letters": 200, "off_target_rate": None}, ["without_letters"]),  # all are numbers
        ({"off_target_rate": 0.5}, ["off_target_rate"]),
        ({"off_target_rate": 0.055}, []),  # of the references one in a hundred
        ({"off_target_rate": 0.5, "references_off_target_rate": 0.46}, []),
        ({"off_target_rate": 0.06, "references_off_target_rate": None}, ["off_target_rate"]),
        ({"copied_source_rate": None, "off_target_rate": None}, []),
    ],
)
def test_what_is_out_of_the_ordinary(changes, names):
    assert unusual({**entry("ns", "en-de"), **RATES, **changes}) == names


def test_the_table():
    health = [
        entry("baseline", "en-de"),
        entry("baseline", "de-en", length_ratio=1.1, copied_source_rate=None),
        entry("ns", "en-de", empty_hypotheses=4),
        entry("ns", "de-en"),
    ]
    rates = {("ns", 1, "test", "en-de"): {**RATES, "off_target_rate": 0.25, "packaged_off_target_rate": 0.2}}
    rates |= {("ns", 1, "test", "de-en"): {**RATES, "without_letters": 2}}
    table = health_table(health, PLAN, rates)
    rows = records(table.frame)
    assert [row["out_of_ordinary"] for row in rows] == ["", "", "empty_hypotheses; off_target_rate", ""]
    assert rows[0]["off_target_rate"] is None and rows[2]["packaged_off_target_rate"] == 0.2
    assert rows[3]["packaged_reason"] == "not known: de"
    means, odd = table.blocks
    assert means.rows == [
        # Mean ratio 1.05; of copies only one direction's share is known.
        ["baseline", "1.05", "0.0%", "n/a", "1.0%", "0.0%", "n/a", "n/a", "n/a", "0 of 2"],
        # Empty 4 of 200 and none, so one in a hundred; without letters 2 and none; off target (25 + 2) / 2.
        ["ns", "1.00", "1.0%", "0.5%", "1.0%", "0.0%", "13.5%", "1.0%", "20.0%", "1 of 2"],
    ]
    assert odd.rows == [
        ["ns s1 en-de", "1.00", "2.0%", "0.0%", "1.0%", "0.0%", "25.0%", "1.0%", "20.0%", "empty, off target"]
    ]
    assert "below 0.8 or above 1.25" in table.notes[-1] and "more than 5% off target" in table.notes[-1]


def test_each_kind_of_references_has_its_own_means():
    """Rebuilt references are of another length."""
    health = [
        entry("baseline", "en-de", length_ratio=1.0),
        entry("baseline", "en-de", length_ratio=1.2, profile="paper"),
    ]
    table = health_table(health, replace(PLAN, profiles=["raw", "paper"]))
    assert [(block.section, block.rows[0][:2], block.rows[0][-1]) for block in table.blocks] == [
        ("test", ["baseline", "1.00"], "0 of 1"),
        ("test, paper references", ["baseline", "1.20"], "0 of 1"),
    ]


def test_without_identification_it_is_said():
    table = health_table([entry("baseline", "en-de")], PLAN)
    assert "Off target, without letters: n/a, no language was identified." in table.notes
    assert len(table.blocks) == 1  # nothing is out of the ordinary


def write(root, system, change=None):
    directions = {
        direction: {
            "n": 200,
            "without_letters": 0,
            "off_target_rate": 0.02,
            "references_off_target_rate": 0.01,
            "labels": {"de": 200},
        }
        | {"packaged": {"off_target_rate": None, "reason": "not known: de"}}
        for direction in PLAN.directions
    }
    content = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "directions": directions}
    if change:
        change(content)
    path = root / system / "s1" / "test.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def test_rates_are_read(tmp_path):
    write(tmp_path, "baseline")
    write(tmp_path, "ns")
    found, missing = read_off_target(tmp_path, PLAN)
    assert missing == [] and len(found) == 4 and found["ns", 1, "test", "de-en"] == RATES
