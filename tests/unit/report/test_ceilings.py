"""report.read.ceilings: what stands beside scores, and above the tables."""

import json

from tests.unit.report.made import plan_of, put_scores, tabulate
from workflow_scripts.report.read.ceilings import ceiling_notes, read_ceilings
from workflow_scripts.report.read.read_scores import Plan

DIRECTIONS = ["en-bn", "en-de", "bn-en", "de-en"]
WHOLE = {"en-bn": 100.0, "en-de": 99.5, "bn-en": 99.0, "de-en": 99.0}
LOW = {**WHOLE, "en-bn": 80.125}
CUT = {
    "split_words": 63, "words": 2614, "cuts_words": True, "lines": 9, "changed_lines": 9, "examples": ["x"],
}  # fmt: skip


def write(root, bleu, testset="test", **changes):
    entries = {
        direction: {
            "n": 9,
            "changed_lines": 1,
            "references_sha256": direction,
            "scores": [
                {"metric": "bleu", "score": value, "signature": "tok:13a"},
                {"metric": "chrf", "score": value + 0.5, "signature": "nw:2"},
            ],
            "moses": None,
            **changes,
        }
        for direction, value in bleu.items()
    }
    content = {"experiment": "e", "testset": testset, "directions": entries}
    (root / "ceiling").mkdir(exist_ok=True)
    (root / "ceiling" / f"{testset}.json").write_text(json.dumps(content))


def tables_of(root, profiles=("raw",)):
    """The tables of two systems beside the ceilings."""
    for system, value in (("baseline", 20.0), ("ns", 30.0)):
        for profile in profiles:
            put_scores(root, system, {"bleu": value, "ter": value}, DIRECTIONS, profile=profile)
    more = ["--groups", '{"family": {"indic": ["bn"], "germanic": ["de"]}}', "--profiles", *profiles]
    more += ["--ceiling-root", root / "ceiling"]
    return tabulate(root, ["baseline", "ns"], DIRECTIONS, *more, metrics=["bleu", "ter"])


def test_where_nothing_is_taken_nothing_is_shown(tmp_path):
    write(tmp_path, WHOLE)
    assert all("ceiling" not in text for text in tables_of(tmp_path).values())


def test_a_low_ceiling_is_a_column_beside_the_scores(tmp_path):
    write(tmp_path, LOW)
    tables = tables_of(tmp_path)
    scores = tables["scores"].split("\n## ")
    assert "| direction | baseline | ns | ceiling |" in scores[1]
    assert "| en-bn | 20.00 | **30.00** | 80.13 |" in scores[1]
    assert "| de-en | 20.00 | **30.00** | 99.00 |" in scores[1]
    assert "ceiling" not in scores[2]  # TER


def test_averages_have_the_ceilings_average(tmp_path):
    """Out of en (80.125 + 99.5) / 2 = 89.8125, into en 99; both (89.8125 + 99) / 2 = 94.40625."""
    write(tmp_path, LOW)
    tables = tables_of(tmp_path)
    last = "| ceiling | 89.81 |  | 99.00 |  | 94.41 |  |"
    assert last in tables["summary"]
    assert (
        "| ceiling | 80.13 | 99.00 | 89.56 | 99.50 | 99.00 | 99.25 | 89.81 | 99.00 | 94.41 |"
        in tables["groups"]
    )
    assert "| ceiling" not in tables["differences"]


def test_rebuilt_references_have_none(tmp_path):
    write(tmp_path, LOW)
    tables = tables_of(tmp_path, ("raw", "paper"))
    sections = tables["scores"].split("\n## ")
    assert ["ceiling" in section for section in sections[1:]] == [True, False, False, False]


def test_the_note_names_the_languages_and_what_loses_less(tmp_path):
    write(tmp_path, LOW)
    tables = tables_of(tmp_path)
    note = tables["health"].split("\n")[2]
    assert note.startswith("- The text processing itself takes from every score: ")
    assert "have BLEU bn 80.13. No system" in note
    assert note.endswith(
        "A training that loses less: subwords: {normalization: identity, character_coverage: 1.0}"
    )


def test_words_that_moses_cuts_are_a_warning_also_where_the_ceiling_is_high(tmp_path):
    write(tmp_path, WHOLE, moses=CUT)
    plan = plan_of(["baseline"], DIRECTIONS)
    found = read_ceilings(tmp_path / "ceiling", plan, "en", {}, {})
    assert found.directions == {}
    (note,) = ceiling_notes(found)
    assert note == (
        "WARNING: Moses' tokenisation cuts words into pieces that detokenisation does not join, in the first "
        "lines of bn (63 of 2,614), de (63 of 2,614), en (63 of 2,614): it is not made for their script. "
        "Train without it: text: {moses: false}"
    )


def test_a_test_set_whose_ceilings_are_high_is_not_shown_beside_one_whose_are_low(tmp_path):
    write(tmp_path, LOW)
    write(tmp_path, WHOLE, "other")
    plan = Plan("e", ["baseline"], [1], ["test", "other"], DIRECTIONS, ["bleu"])
    found = read_ceilings(tmp_path / "ceiling", plan, "en", {}, {})
    assert {testset for testset, *_ in found.directions} == {"test"}
    assert {testset for testset, *_ in found.averages} == {"test"}
