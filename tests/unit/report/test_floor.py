"""report.floor and report.cautions: what is not ranked, and what stands above the tables."""

import csv
import json
from dataclasses import replace

import pytest

from workflow_scripts.evaluate.scripts import Unfit
from workflow_scripts.report import show
from workflow_scripts.report.cautions import cautions
from workflow_scripts.report.floor import Floor, degenerate, floor_of, unranked
from workflow_scripts.report.scores import Plan, Reading, Score
from workflow_scripts.report.significance import Compared, Comparison
from workflow_scripts.report.tabulate import main

DIRECTIONS = ["en-de", "en-fr", "de-en", "fr-en"]
OUT, INTO, BOTH = "out of pivot", "into pivot", "both"
THAI = Unfit("13a", "Thai", "char")


def plan_of(systems, directions=DIRECTIONS):
    return Plan("e", systems, [1], ["test"], directions, ["bleu", "chrf"])


def reading(bleu, directions=DIRECTIONS, **changes):
    """Scores of systems by direction, and figures of health in order but for ``changes`` of them."""
    figures = {"empty_hypotheses": 0, "repeated_4gram_rate": 0.0, "copied_source_rate": 0.0} | changes
    scores, health = [], []
    for system, values in bleu.items():
        job = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
        for direction, value in zip(directions, values, strict=True):
            place = {**job, "direction": direction}
            scores.append(Score(**place, metric="bleu", score=value, n=100, signature="tok:13a"))
            health.append({**place, "n": 100, **figures})
    return Reading(scores, health, {}, [])


def test_a_side_whose_mean_is_below_three_bleu_is_not_ranked():
    """Out of en 2.98 and 3.0: mean 2.99. Into en 0 and 6: mean 3.0, which is enough."""
    found = floor_of(reading({"baseline": [2.98, 3.0, 0.0, 6.0]}), plan_of(["baseline"]), "en", "baseline")
    assert found.reasons == {("test", "raw", OUT): "mean BLEU 2.99"}
    assert [found.ranks("test", "raw", side, "chrf") for side in (OUT, INTO, BOTH)] == [False, True, False]
    assert found.ranks("other", "raw", OUT, "bleu")


def test_the_baseline_alone_is_judged():
    plan = plan_of(["baseline", "ns"])
    one = reading({"baseline": [0.02] * 4, "ns": [30.0] * 4})
    other = reading({"baseline": [30.0] * 4, "ns": [0.02] * 4})
    assert set(floor_of(one, plan, "en", "baseline").reasons) == {("test", "raw", OUT), ("test", "raw", INTO)}
    assert floor_of(other, plan, "en", "baseline").reasons == {}


def test_without_a_baseline_no_system_may_be_in_order():
    plan = plan_of(["a", "b"])
    bad = floor_of(reading({"a": [0.5] * 4, "b": [1.5] * 4}), plan, "en", "baseline")
    assert set(bad.reasons.values()) == {"mean BLEU 1.50"}  # the best one's
    assert floor_of(reading({"a": [0.5] * 4, "b": [3.5] * 4}), plan, "en", "baseline").reasons == {}


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({"empty_hypotheses": 20, "repeated_4gram_rate": 0.2, "copied_source_rate": 0.1}, 0.5),
        ({"empty_hypotheses": 100, "repeated_4gram_rate": 0.5}, 1.0),
        ({"copied_source_rate": None, "repeated_4gram_rate": 0.49}, 0.49),
    ],
)
def test_half_of_the_hypotheses_may_not_be_degenerate(changes, share):
    made = reading({"baseline": [30.0] * 4}, **changes)
    assert degenerate(made.health[0]) == pytest.approx(share)
    reasons = floor_of(made, plan_of(["baseline"]), "en", "baseline").reasons
    said = f"{share:.0%} of the hypotheses are empty, repeat themselves or copy their source"
    assert set(reasons.values()) == ({said} if share >= 0.5 else set())


def test_a_score_that_the_tokenizer_makes_void_says_nothing_of_the_system():
    """Thai at 0.00 under 13a, beside German at 30: the mean is of German alone; of Thai there is no best."""
    directions = ["en-de", "en-th", "th-en"]
    made = reading({"baseline": [4.0, 0.0, 30.0]}, directions)
    made.unfit["en-th"] = THAI
    found = floor_of(made, plan_of(["baseline"], directions), "en", "baseline")
    assert found.reasons == {}
    assert not found.ranks("test", "raw", OUT, "bleu", "en-th")
    assert found.ranks("test", "raw", OUT, "chrf", "en-th")
    assert found.ranks("test", "raw", OUT, "bleu", "en-de")
    assert found.ranks("test", "raw", OUT, "bleu")  # an average that German is in
    only = Floor({}, frozenset({"en-th"}), {("test", OUT): ["en-th"]})
    assert not only.ranks("test", "raw", OUT, "bleu")


def test_a_test_set_of_some_directions_is_judged_by_these():
    """talks has en-th alone, of which BLEU says nothing; the other set has German beside it."""
    directions = ["en-de", "en-th"]
    made = reading({"baseline": [30.0, 0.0]}, directions)
    made.unfit["en-th"] = THAI
    plan = replace(
        plan_of(["baseline"], directions), testsets=["test", "talks"], partial={"talks": ["en-th"]}
    )
    found = floor_of(made, plan, "en", "baseline")
    assert found.reasons == {}
    assert found.ranks("test", "raw", OUT, "bleu")
    assert not found.ranks("talks", "raw", OUT, "bleu")
    assert found.ranks("talks", "raw", OUT, "chrf")


def test_korean_is_ranked():
    made = reading({"baseline": [30.0]}, ["en-ko"])
    made.unfit["en-ko"] = Unfit("13a", "Korean", "char")
    assert floor_of(made, plan_of(["baseline"], ["en-ko"]), "en", "baseline").ranks(
        "test", "raw", OUT, "bleu", "en-ko"
    )


def test_below_the_floor_nothing_is_won():
    place = ("e", "ns", "baseline", 1, "test", "raw")
    wins = [
        Comparison(*place, direction, "bleu", 0.01, 0.005, 0.015, 0.01, 0.0, 0.0, outcome="win")
        for direction in ("en-de", "de-en")
    ]
    floor = Floor({("test", "raw", OUT): "mean BLEU 0.02"})
    done = unranked(Compared(wins, [], 2, 1000), floor, "en").comparisons
    assert [one.outcome for one in done] == ["tie", "win"]
    assert [one.difference for one in done] == [0.01, 0.01]


def test_what_stands_above_every_table():
    made = reading({"baseline": [0.02] * 4})
    made.unfit["en-th"] = THAI
    plan = plan_of(["baseline"])
    floor = Floor({("test", "raw", INTO): "mean BLEU 0.02"})
    first, second = cautions(made, plan, floor, "en", "baseline")
    assert first == (
        "WARNING: `baseline` is hardly trained (into en, test: mean BLEU 0.02; needed are 3 BLEU, and "
        "half of the hypotheses neither empty, repeating themselves nor copied). There nothing is bold, "
        "marked as significant or counted as a win. Train it longer (train.max_updates); "
        "figures/training.png shows how far it came."
    )
    assert second.startswith("WARNING: BLEU's tokenizer 13a does not divide th (Thai)")
    assert second.endswith("under evaluation: tokenizers: {th: char}")
    assert cautions(reading({"baseline": [30.0] * 4}), plan, Floor(), "en", "baseline") == []


def test_directions_that_may_never_have_been_trained_are_another_matter():
    """Zero-shot: not ranked below the floor, but no word of a baseline that is hardly trained."""
    directions = ["en-de", "de-en", "de-fr"]
    plan = plan_of(["baseline"], directions)
    made = reading({"baseline": [30.0, 30.0, 0.12]}, directions)
    floor = floor_of(made, plan, "en", "baseline")
    assert not floor.ranks("test", "raw", "other", "bleu", "de-fr")
    assert floor.ranks("test", "raw", BOTH, "bleu")
    assert cautions(made, plan, floor, "en", "baseline") == [
        "Directions without en are too bad to compare (other, test: mean BLEU 0.12): nothing is bold, marked "
        "as significant or counted as a win there."
    ]
    # Without a pivot all directions are so.
    floor = floor_of(made, plan, "", "baseline")
    assert floor.reasons == {}
    made = reading({"baseline": [1.0, 1.0, 0.1]}, directions)
    (note,) = cautions(made, plan, floor_of(made, plan, "", "baseline"), "", "baseline")
    assert note.startswith("WARNING: `baseline` is hardly trained (other, test: mean BLEU 0.70;")


def test_a_tokenizer_that_is_set_stays_in_what_to_paste():
    made = reading({"baseline": [30.0] * 2}, ["en-zh", "en-th"])
    made.scores[0] = Score("e", "baseline", 1, "test", "raw", "en-zh", "bleu", 30.0, 100, "a|tok:zh|b")
    made.unfit["en-th"] = THAI
    (note,) = cautions(made, plan_of(["baseline"], ["en-zh", "en-th"]), Floor(), "en", "baseline", True)
    assert note.endswith("""--tokenizers '{"th": "char", "zh": "zh"}'""")


def write(root, system, bleu, **entry):
    path = root / "scores" / system / "s1" / "test.raw.json"
    path.parent.mkdir(parents=True)
    job = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
    scores = [{"metric": "bleu", "score": bleu, "signature": "tok:13a"}]
    entry = {"n": 9, "scores": scores, "references_sha256": "r", **entry}
    path.write_text(json.dumps({**job, "directions": {"en-th": entry}}))


def tabulate(root, *more):
    words = [
        "--scores-root", root / "scores", "--experiment", "e", "--systems", "baseline", "ns", "--seeds", "1",
    ]  # fmt: skip
    words += ["--testsets", "test", "--directions", "en-th", "--metrics", "bleu", "--pivot", "en"]
    main([*map(str, words), *more, "--out-dir", str(root / "tables")])


def test_the_tables_of_a_hardly_trained_baseline(tmp_path, capsys):
    write(tmp_path, "baseline", 0.02)
    write(tmp_path, "ns", 0.03)
    tabulate(tmp_path, "--cautions", str(tmp_path / "cautions.txt"))
    said = (tmp_path / "cautions.txt").read_text()
    assert said.startswith("WARNING: `baseline` is hardly trained (out of en, test: mean BLEU 0.02;")
    assert said.strip() in capsys.readouterr().err
    tables = sorted((tmp_path / "tables").glob("*.md"))
    assert len(tables) == 6
    for table in tables:
        text = table.read_text()
        assert text.split("\n")[2] == f"- {said.strip()}"
        assert "**" not in text
    with (tmp_path / "tables/scores.csv").open() as handle:
        assert [row["score"] for row in csv.DictReader(handle)] == ["0.02", "0.03"]


def test_a_trained_baseline_has_its_bold_numbers_and_no_note(tmp_path):
    write(tmp_path, "baseline", 20.0)
    write(tmp_path, "ns", 30.0)
    tabulate(tmp_path, "--cautions", str(tmp_path / "cautions.txt"))
    assert (tmp_path / "cautions.txt").read_text() == ""
    assert "**30.00**" in (tmp_path / "tables/scores.md").read_text()


def test_the_note_of_a_score_file_reaches_the_tables(tmp_path):
    unfit = {"tokenizer": "13a", "script": "Thai", "instead": "char"}
    write(tmp_path, "baseline", 0.0, unfit_tokenizer=unfit)
    write(tmp_path, "ns", 1.0, unfit_tokenizer=unfit)
    tabulate(tmp_path)
    text = (tmp_path / "tables/scores.md").read_text()
    assert "hardly trained" not in text and "**" not in text
    assert "| en-th § |" in text
    assert "tokenizers: {th: char}" in text.split("\n")[2]


def test_the_terminal_says_it_before_the_numbers(tmp_path, capsys):
    write(tmp_path, "baseline", 0.02)
    write(tmp_path, "ns", 0.03)
    tabulate(tmp_path, "--cautions", str(tmp_path / "tables/cautions.txt"))
    capsys.readouterr()
    show.main(["--tables", str(tmp_path / "tables")])
    said = capsys.readouterr().out
    assert said.index("WARNING: `baseline` is hardly trained") < said.index("0.02  ")
    (tmp_path / "tables/cautions.txt").write_text("")
    show.main(["--tables", str(tmp_path / "tables")])
    assert "WARNING" not in capsys.readouterr().out
