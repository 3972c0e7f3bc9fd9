"""The figures of the tables, from their files: what is drawn, and what captions say of it."""

import csv

import pytest

from tests.unit.report.made import put_scores, tabulate
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.figures.plot_tables import main

DIRECTIONS = ["en-de", "de-en"]


def gains(root, *systems, profile="raw", testset="test", control=None):
    """Draw the gains on a test set; return the rows that were drawn, and the caption."""
    for place, system in enumerate(("baseline", *systems)):
        put_scores(root, system, {"bleu": 10.0 + place}, DIRECTIONS, profile=profile)
    tabulate(root, ["baseline", *systems], DIRECTIONS, "--profiles", profile)
    (root / "benchmarks").mkdir()
    words = f"--tables {root}/tables --benchmarks {root}/benchmarks --out-dir {root}/figures --seeds 1"
    main([*words.split(), "--testsets", testset, *(["--control", control] if control else [])])
    with (root / "figures/gains_test.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return rows, (root / "figures/gains_test.rst").read_text(encoding="utf-8")


def test_gains_by_rebuilt_references_where_nothing_else_was_scored(tmp_path):
    rows, caption = gains(tmp_path, "ns", profile="paper")
    assert [(row["direction"], row["profile"], row["difference"]) for row in rows] == [
        ("en-de", "paper", "1.0"),
        ("de-en", "paper", "1.0"),
    ]
    assert caption.startswith(
        "BLEU on test, paper references, by direction: each system less the baseline, the"
    )


def test_a_caption_says_what_was_compared_and_tested(tmp_path):
    _, caption = gains(tmp_path / "one", "ns")
    assert caption.startswith(
        "BLEU on test, by direction: each system less the baseline, the mean over seeds. No"
    )
    assert "No significance was tested." in caption and "dagger" not in caption
    _, caption = gains(tmp_path / "two", "continued", "ns", control="continued")
    assert "each system less the baseline, and less continued training, the mean over seeds." in caption


def test_a_test_set_without_gains_is_refused(tmp_path):
    with pytest.raises(
        UserError, match=r"^--testsets: the summary has no gains on 'tests' \(did you mean 'test'"
    ):
        gains(tmp_path, "ns", testset="tests")
