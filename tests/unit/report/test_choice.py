"""report.tables.choice: k is chosen by validation losses alone; and how the choice is shown."""

import pytest

from tests.small_config import put_system
from tests.unit.report.made import csv_rows, plan_of, put_job, put_scores, tabulate
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.tables.choice import NO_FIGURE, choose, sweep_of

DIRECTIONS = ["en-de", "de-en"]
SYSTEMS = ["baseline", "ns-k70", "ns-k95", "ns-k9"]
#: By seed; means 2.5, 2.2 and 3.1.
LOSSES = {"ns-k70": (2.0, 3.0), "ns-k95": (2.2, 2.2), "ns-k9": (3.1, 3.1)}
SCORES = {"baseline": 10.0, "ns-k70": 12.0, "ns-k95": 11.0, "ns-k9": 15.0}


def put_systems(root, losses=LOSSES):
    for system, by_seed in losses.items():
        for seed, loss in enumerate(by_seed, start=1):
            training = None if loss is None else {"best_valid_loss": loss}
            put_system(root, system, seed, training)


def made(root, scores, *more):
    for system in SYSTEMS:
        for seed in (1, 2):
            put_scores(root, system, {"bleu": scores[system]}, DIRECTIONS, seed)
    given = ["--choose", "ns", "--systems-root", str(root / "systems"), *more]
    pages = tabulate(root, SYSTEMS, DIRECTIONS, *given, seeds=(1, 2))
    return pages, csv_rows(root / "tables/choice.csv")


def test_the_lowest_loss_is_chosen_and_of_equal_ones_the_larger_k():
    assert choose({"a-k70": 2.0, "a-k90": 1.5, "a-k95": 1.7}) == "a-k90"
    assert choose({"a-k70": 1.5, "a-k90": 1.5, "a-k95": 1.7}) == "a-k90"


def test_k_are_compared_as_numbers(tmp_path):
    put_systems(tmp_path, dict.fromkeys(LOSSES, (2.0, 2.0)))
    sweep = sweep_of("ns", tmp_path / "systems", plan_of(SYSTEMS, DIRECTIONS, [1, 2]))
    assert list(sweep.losses) == ["ns-k9", "ns-k70", "ns-k95"] and sweep.chosen == "ns-k95"


def test_test_scores_cannot_change_the_choice(tmp_path):
    """Every score file has another score, in the opposite order: the same k is chosen."""
    put_systems(tmp_path)
    chosen = []
    for scores in (SCORES, {system: 30.0 - score for system, score in SCORES.items()}):
        _, rows = made(tmp_path, scores)
        chosen.append([row["system"] for row in rows if row["chosen"] == "True"])
        assert {float(row["mean"]) for row in rows} == {scores[system] for system in LOSSES}
    assert chosen == [["ns-k95"], ["ns-k95"]]


def test_every_k_is_shown_and_the_chosen_one_marked(tmp_path):
    put_systems(tmp_path)
    pages, rows = made(tmp_path, SCORES)
    table = [line for line in pages["choice"].splitlines() if line.startswith("| ")]
    assert table == [
        "| k | validation loss | test, BLEU |",
        "| --- | ---: | ---: |",
        "| 9 | 3.100 ± 0.000 (2) | 15.00 ± 0.00 (2) |",
        "| 70 | 2.500 ± 0.707 (2) | 12.00 ± 0.00 (2) |",
        "| 95 (chosen) | **2.200 ± 0.000 (2)** | 11.00 ± 0.00 (2) |",
    ]
    assert "Test scores had no part in the choice." in pages["choice"]
    assert [(row["k"], float(row["valid_loss"]), row["side"]) for row in rows] == [
        *(("9", 3.1, "both"), ("70", 2.5, "both"), ("95", 2.2, "both"))
    ]
    # In the summary, among the other systems and in the sweep of k.
    assert "| ns-k95 (chosen) |" in pages["summary"] and "| 95 (chosen) |" in pages["summary"]
    assert pages["summary"].count("(chosen) |") == 2


def test_a_test_set_of_one_side_alone_is_shown_too(tmp_path):
    """`talks` has en-de alone, so no mean over both sides."""
    put_systems(tmp_path)
    for system in SYSTEMS:
        for seed in (1, 2):
            scores = [{"metric": "bleu", "score": SCORES[system] + 10, "signature": "of bleu"}]
            entry = {"n": 9, "scores": scores, "references_sha256": "r"}
            path = tmp_path / f"scores/{system}/s{seed}/talks.raw.json"
            put_job(path, system, seed, "talks", profile="raw", directions={"en-de": entry})
    partial = ["--partial-testsets", '{"talks": ["en-de"]}', "--testsets", "test", "talks"]
    pages, rows = made(tmp_path, SCORES, *partial)
    assert "| k | validation loss | test, BLEU | talks, BLEU, out of en |" in pages["choice"]
    assert "| 95 (chosen) | **2.200 ± 0.000 (2)** | 11.00 ± 0.00 (2) | 21.00 ± 0.00 (2) |" in pages["choice"]
    assert "## ns, both (mean)" in pages["choice"]
    assert [(row["testset"], row["side"]) for row in rows[:2]] == [
        ("test", "both"),
        ("talks", "out of pivot"),
    ]


def test_without_training_nothing_is_chosen(tmp_path):
    put_systems(tmp_path, {**LOSSES, "ns-k70": (2.0, None)})
    pages, rows = made(tmp_path, SCORES)
    assert {row["chosen"] for row in rows} == {"False"}
    assert f"| 70 | n/a ({NO_FIGURE}) | 12.00 ± 0.00 (2) |" in pages["choice"]
    assert "(chosen)" not in pages["summary"]


def test_a_loss_that_is_no_number_is_refused(tmp_path):
    put_systems(tmp_path, {**LOSSES, "ns-k70": (2.0, float("nan"))})
    said = r"ns-k70/s2/system\.json: not a description of a training \(ValueError: a validation loss of nan\)"
    with pytest.raises(UserError, match=said):
        sweep_of("ns", tmp_path / "systems", plan_of(SYSTEMS, DIRECTIONS, [1, 2]))


def test_what_is_no_sweep_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"^--choose: no systems nss-k… \(did you mean 'ns'\?\)$"):
        sweep_of("nss", tmp_path, plan_of(SYSTEMS, DIRECTIONS))
