"""report.tables.draws and averages: several draws are one row with their distribution, worked out by hand."""

import pytest

from tests.unit.report.made import csv_rows, plan_of, put_job, put_scores, scores_of, tabulate
from workflow_scripts.report.read.layout import BOTH, INTO, OUT
from workflow_scripts.report.tables import show
from workflow_scripts.report.tables.averages import NO_DIRECTIONS, Estimate
from workflow_scripts.report.tables.draws import Interval, caution_on_draws, figures, interval
from workflow_scripts.report.tables.summary import summarise

DIRECTIONS = ["en-de", "de-en"]
DRAWN = ["random-1", "random-2", "random-3"]
# Means over both sides: draws 20, 22, 24 of seed 1 and 20, 24, 28 of seed 2.
TABLE = {
    ("baseline", 1): [10.0, 20.0],
    ("baseline", 2): [10.0, 22.0],
    ("random-1", 1): [15.0, 25.0],
    ("random-1", 2): [15.0, 25.0],
    ("random-2", 1): [17.0, 27.0],
    ("random-2", 2): [19.0, 29.0],
    ("random-3", 1): [19.0, 29.0],
    ("random-3", 2): [23.0, 33.0],
}
DRAWS = {"random": DRAWN}


def cell_of(summary, **wanted):
    [cell] = [one for one in summary.cells if all(getattr(one, key) == v for key, v in wanted.items())]
    return cell


def test_draws_are_one_system_averaged_by_seed():
    plan = plan_of(["baseline", *DRAWN], DIRECTIONS, [1, 2], draws=DRAWS)
    summary = summarise(scores_of(TABLE, DIRECTIONS), plan, "en", {})
    assert {cell.system for cell in summary.cells} == {"baseline", "random"}
    both = cell_of(summary, grouping="all", side=BOTH, system="random")
    # Of seed 1 (20 + 22 + 24) / 3 = 22, of seed 2 (20 + 24 + 28) / 3 = 24.
    assert both.value == Estimate(23.0, pytest.approx(2**0.5), 2)
    # The baseline has 15 and 16: 7 and 8 above.
    assert both.to_baseline == Estimate(7.5, pytest.approx(0.5**0.5), 2)
    # Over seeds: 20, 23 and 26.
    assert both.draws == (20.0, 23.0, 26.0)
    assert cell_of(summary, grouping="all", side=BOTH, system="baseline").draws == ()


def test_the_interval_is_that_of_t():
    # Mean 23, sd 3, t of 97.5 % with two degrees of freedom 4.3027: 4.3027 · 3 / √3 = 7.4524.
    assert interval([20.0, 23.0, 26.0]) == Interval(
        pytest.approx(23 - 7.4524, abs=1e-3), pytest.approx(23 + 7.4524, abs=1e-3)
    )
    low, high = pytest.approx(15.5476, abs=1e-3), pytest.approx(30.4524, abs=1e-3)
    assert figures([20.0, 26.0, 23.0]) == [3, 3.0, low, high, 20.0, 26.0]
    assert interval([20.0]) is None
    assert figures([20.0]) == [1, None, None, None, 20.0, 20.0]
    assert figures([]) == [0, None, None, None, None, None]


def test_a_draw_that_lacks_a_score_takes_it_from_all():
    scores = [one for one in scores_of(TABLE, DIRECTIONS) if (one.system, one.seed) != ("random-2", 2)]
    plan = plan_of(["baseline", *DRAWN], DIRECTIONS, [1, 2], draws=DRAWS)
    both = cell_of(summarise(scores, plan, "en", {}), grouping="all", side=BOTH, system="random")
    assert both.value == Estimate(22.0, None, 1)
    assert (both.scores, both.scores_expected) == (2, 4)


def test_a_system_of_fewer_directions_is_compared_where_both_have_scores():
    table = {("baseline", 1): [10.0, 20.0, 30.0], ("pair", 1): [12.0]}
    directions = ["en-de", "en-fr", "de-en"]
    scores = scores_of({("baseline", 1): table["baseline", 1]}, directions)
    scores += scores_of({("pair", 1): table["pair", 1]}, ["en-de"])
    plan = plan_of(["baseline", "pair"], directions, partial_systems={"pair": ["en-de"]})
    assert plan.size == 4
    summary = summarise(scores, plan, "en", {})
    out = cell_of(summary, grouping="all", side=OUT, system="pair")
    assert (out.directions, out.scores, out.scores_expected) == (1, 1, 1)
    assert out.value == Estimate(12.0, None, 1)
    # Not to the baseline's mean of both, 15.
    assert out.to_baseline == Estimate(2.0, None, 1)
    for side in (INTO, BOTH):
        missing = cell_of(summary, grouping="all", side=side, system="pair")
        assert missing.value == missing.to_baseline == Estimate(None, None, 0, NO_DIRECTIONS)


def test_tables_with_draws(tmp_path):
    for (system, seed), values in TABLE.items():
        for direction, value in zip(DIRECTIONS, values, strict=True):
            if direction == "en-de":
                put_scores(tmp_path, system, {"bleu": value}, DIRECTIONS, seed)
    option = '{"random": ["random-1", "random-2", "random-3"]}'
    pages = tabulate(tmp_path, ["baseline", *DRAWN], DIRECTIONS, "--draws", option, seeds=(1, 2))
    # Of every direction: 17 and 19 by seed; draws 15, 18 and 21.
    assert "| random (3 draws) | **18.00 ± 1.41 (2)** | +8.00 ± 1.41 (2) |" in pages["summary"]
    assert "| random, both (mean) | 3 | 18.00 | 3.00 | [10.55, 25.45] | 15.00 | 21.00 |" in pages["summary"]
    assert "| direction | baseline | random (3 draws) |" in pages["scores"]
    assert "random-1" not in pages["summary"] + pages["groups"] + pages["differences"] + pages["scores"]
    assert "- Fewer than 5 draws: random (3)." in pages["groups"]
    rows = csv_rows(tmp_path / "tables/summary.csv")
    [row] = [r for r in rows if (r["system"], r["grouping"], r["side"]) == ("random", "all", "both")]
    assert [row[name] for name in ("draws", "draws_sd", "draws_least")] == ["3", "3.0", "15.0"]
    # Every draw's own scores are there.
    assert {r["system"] for r in csv_rows(tmp_path / "tables/scores.csv")} == {"baseline", *DRAWN}
    # And without draws the columns are not.
    tabulate(tmp_path, ["baseline", *DRAWN], DIRECTIONS, seeds=(1, 2))
    assert "draws" not in csv_rows(tmp_path / "tables/summary.csv")[0]


def test_a_dagger_of_draws_is_of_every_draw(tmp_path):
    """Out of English both draws win (p = .002, after Holm .004); into it the second one does not."""
    systems = ["baseline", "random-1", "random-2"]
    for system in systems:
        put_scores(tmp_path, system, {"bleu": 10.0 if system == "baseline" else 12.0}, DIRECTIONS)
        figures = {"difference": 2.0, "low": 1.0, "high": 3.0, "sentence_sd": 0.5, "p_bootstrap": 0.001}
        ps = dict(zip(DIRECTIONS, (0.002, 0.5 if system == "random-2" else 0.002), strict=True))
        tests = {one: {"bleu": {**figures, "p_randomisation": p}} for one, p in ps.items()}
        path = tmp_path / f"significance/{system}/s1/test.raw.json"
        put_job(path, system, profile="raw", resamples=1000, against={"baseline": tests})
    given = ["--draws", '{"random": ["random-1", "random-2"]}', "--significance-root"]
    pages = tabulate(tmp_path, systems, DIRECTIONS, *given, tmp_path / "significance")
    assert "| en-de | 10.00 | **12.00** † |" in pages["scores"]
    assert "| de-en | 10.00 | **12.00** |" in pages["scores"]
    assert ", in the same sense in every seed and draw; for better or worse" in pages["scores"]


def test_one_draw_is_said_to_be_one(tmp_path):
    for system in ("baseline", "continued", "random"):
        put_scores(tmp_path, system, {"bleu": 10.0 + len(system)}, DIRECTIONS)
    systems = ["baseline", "continued", "random"]
    pages = tabulate(tmp_path, systems, DIRECTIONS, "--draws", '{"random": ["random"]}')
    # 10 + 6 to 10 + 8 of the baseline, and to 10 + 9 of the control.
    assert "| random (1 draw) | 16.00 | -2.00 | -3.00 |" in pages["summary"]
    assert "| random, both (mean) | 1 | 16.00 | n/a | n/a | 16.00 | 16.00 |" in pages["summary"]
    assert "| continued − random | 2 | +3.00 | – | – | – | – | – | 1 of 1 | – |" in pages["controls"]
    assert "- Fewer than 5 draws: random (1)." in pages["scores"]


def test_five_draws_need_no_caution():
    drawn = [f"random-{n}" for n in range(1, 6)]
    assert caution_on_draws(plan_of(drawn, DIRECTIONS, draws={"random": drawn})) == []
    [said] = caution_on_draws(plan_of(drawn, DIRECTIONS, draws={"random": drawn[:4], "other": drawn[4:]}))
    assert said.startswith("Fewer than 5 draws: random (4), other (1).")


def test_tables_of_a_system_of_fewer_directions(tmp_path, capsys):
    put_scores(tmp_path, "baseline", {"bleu": 10.0}, DIRECTIONS)
    put_scores(tmp_path, "pair", {"bleu": 12.0}, ["en-de"])
    partial = '{"pair": ["en-de"]}'
    pages = tabulate(tmp_path, ["baseline", "pair"], DIRECTIONS, "--partial-systems", partial)
    assert "PARTIAL" not in "".join(pages.values())
    line = "| pair | **12.00** | +2.00 | n/a (no such directions) | n/a (no such directions) |"
    assert line in pages["summary"]
    assert "| de-en | 10.00 | n/a (no such directions) |" in pages["scores"]
    assert "### All directions (1 out of en, 1 into en)" in pages["summary"]
    show.main(["--tables", str(tmp_path / "tables")])
    said = capsys.readouterr().out
    assert "test, BLEU (n = 1 seed, sd n/a; gains on both)" in said
    assert [line.split() for line in said.splitlines() if line.startswith("pair")] == [
        ["pair", "12.00", "-", "-", "-", "-"]
    ]
