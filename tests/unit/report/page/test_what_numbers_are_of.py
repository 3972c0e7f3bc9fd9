"""Numbers on the page are said to be of what they are of: a seed, a test set, one side alone."""

import json

from tests.unit.report.page.made_page import (
    FULL,
    control_row,
    put_results,
    summary_row,
    wins_row,
    write_csv,
    write_page,
)
from workflow_scripts.report.page.material import SUMMARY_COLUMNS, SUMMARY_NUMBERS

SENTENCE = "ns-k70 − continued: +0.50 BLEU (n = 1 seed): one seed, which cannot tell a difference from chance"


def test_where_the_stability_of_a_seed_is_missing_that_of_another_keeps_its_name(tmp_path):
    layers = {"encoder.mean": [{"sentences": "all", "mean_iou": 0.8}]}
    found = {"format": "neuronspec-stability-1", "seed": 2}
    found["directions"] = {"de-en": {"sentences": 120, "layers": layers}}
    (tmp_path / "s2.json").write_text(json.dumps(found))
    tables = put_results(tmp_path, [summary_row("baseline", "both", 20.0)])
    files = (tmp_path / "s1.json", tmp_path / "s2.json")
    _, text = write_page(tmp_path, tables, *FULL, "--stability", *files, seeds=(1, 2))
    assert "> - Missing: `s1.json`" in text
    assert "`de-en` (seed 2): masks of two samples of its 120 sentences agree to 0.80 only" in text


def test_a_difference_on_one_side_alone_says_so_as_the_table_does(tmp_path):
    """`pair` translates out of the pivot only: it has no difference over both sides."""
    said = "pair − continued: +5.50 ± 0.71 BLEU (n = 2 seeds): better (95 % interval …)"
    spread = {"n": 2, "sd": 0.71, "low": 0.1, "high": 10.9, "detectable": 6.0}
    rows = [
        control_row("ns-k70", "continued", 0.5, SENTENCE),
        control_row("pair", "continued", 5.5, said, side="out of pivot", **spread),
        control_row("pair", "continued", "", "", side="into pivot", n=0),
        control_row("pair", "continued", "", "", n=0),
    ]
    tables = put_results(tmp_path, [summary_row("baseline", "both", 20.0)], rows)
    masked = '{"ns-k70": "k70", "pair": "k70"}'
    _, text = write_page(tmp_path, tables, *FULL, "--masked", masked)
    assert f"\n- {said} (out of pivot alone)\n" in text
    assert f"> - {said} (out of pivot alone)\n" in text
    assert "| pair − continued (out of pivot) | +5.50 ± 0.71 (2) |" in text
    assert f"\n- {SENTENCE}\n" in text and "| ns-k70 − continued | +0.50 |" in text


def outputs(root, *more, seeds=(0,), **tables):
    named = put_results(root, [summary_row("a", "both", 20.0)], **tables)
    return write_page(root, named, "--outputs", *more, systems=("a", "b"), seeds=seeds)[1]


def test_of_several_seeds_of_outputs_none_is_said_to_be_missing(tmp_path):
    for seeds, more in (((0, 1), ""), ((0,), " Seeds: one set of outputs for each system.")):
        missing = outputs(tmp_path, seeds=seeds).partition("## 4. What is missing?")[2].partition("## 5.")[0]
        assert missing.strip() == f"- Masks, units and controls: hypotheses have none.{more}"


def test_tests_of_several_test_sets_are_told_apart(tmp_path):
    rows = [wins_row(), {**wins_row(wins=2, ties=1), "testset": "talks"}]
    text = outputs(tmp_path, "--baseline", "a", "--testsets", "test", "talks", wins=rows)
    assert "> - `b` against `a`, test, BLEU: better in 1 of 3 directions" in text
    assert "> - `b` against `a`, talks, BLEU: better in 2 of 3 directions" in text


def test_a_row_of_several_draws_says_how_many(tmp_path):
    """Tables of an experiment without draws have no such column."""
    rows = [summary_row("ns", "both", 21.0, draws=0), summary_row("random", "both", 20.0, draws=5)]
    columns = [*dict.fromkeys([*rows[0], *SUMMARY_COLUMNS, *SUMMARY_NUMBERS])]
    tables = put_results(tmp_path)
    write_csv(tmp_path / "tables/summary.csv", columns, rows)
    _, text = write_page(tmp_path, tables, *FULL)
    assert "| `ns` | 21.00 |" in text and "| `random` (5 draws) | 20.00 |" in text


def test_the_same_difference_in_every_seed_is_not_said_to_be_none(tmp_path):
    spread = {"n": 2, "sd": 0.0, "low": 2.0, "high": 2.0}
    rows = [control_row("ns-k70", "continued", 2.0, "ns-k70 − continued: +2.00 ± 0.00 BLEU …", **spread)]
    tables = put_results(tmp_path, [summary_row("baseline", "both", 20.0)], rows)
    _, text = write_page(tmp_path, tables, *FULL)
    assert "against `continued`: 1 with a difference that is the same in every seed." in text
