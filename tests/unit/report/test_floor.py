"""report.tables.cautions: what is not ranked, and what stands above the tables."""

from dataclasses import replace

import pytest

from tests.unit.report.made import csv_rows, plan_of, put_scores, tabulate
from workflow_scripts.evaluate.languages.scripts import Unfit
from workflow_scripts.report.read.read_scores import Reading, Score
from workflow_scripts.report.read.read_significance import Compared, Comparison
from workflow_scripts.report.tables import show
from workflow_scripts.report.tables.cautions import Floor, cautions, degenerate, floor_of, unranked

DIRECTIONS = ["en-de", "en-fr", "de-en", "fr-en"]
OUT, INTO, BOTH = "out of pivot", "into pivot", "both"
THAI = Unfit("13a", "Thai", "char")


def plan(systems=("baseline",), directions=DIRECTIONS):
    return plan_of(systems, directions, metrics=["bleu", "chrf"])


def reading(bleu, directions=DIRECTIONS, unfit=None, **changes):
    """Scores of systems by direction, and figures of health in order but for ``changes`` of them."""
    figures = {"empty_hypotheses": 0, "repeated_4gram_rate": 0.0, "copied_source_rate": 0.0} | changes
    scores, health = [], []
    for system, values in bleu.items():
        job = {"experiment": "e", "system": system, "seed": 1, "testset": "test", "profile": "raw"}
        for direction, value in zip(directions, values, strict=True):
            place = {**job, "direction": direction}
            scores.append(Score(**place, metric="bleu", score=value, n=100, signature="tok:13a"))
            health.append({**place, "n": 100, **figures})
    return Reading(scores, health, {}, [], unfit=unfit or {})


def floor(made, of=None, pivot="en"):
    return floor_of(made, of or plan(), pivot, "baseline")


def ranks(found, side, metric="bleu", direction=None, testset="test"):
    return found.ranks(testset, "raw", side, metric, *([direction] if direction else []))


def test_a_side_whose_mean_is_below_three_bleu_is_not_ranked():
    """Out of en 2.98 and 3.0: mean 2.99. Into en 0 and 6: mean 3.0, which is enough."""
    found = floor(reading({"baseline": [2.98, 3.0, 0.0, 6.0]}))
    assert found.reasons == {("test", "raw", OUT): "mean BLEU 2.99"}
    assert [ranks(found, side, "chrf") for side in (OUT, INTO, BOTH)] == [False, True, False]
    assert ranks(found, OUT, testset="other")


def test_the_baseline_alone_is_judged():
    of = plan(["baseline", "ns"])
    one, other = (reading({"baseline": [a] * 4, "ns": [b] * 4}) for a, b in ((0.02, 30.0), (30.0, 0.02)))
    assert set(floor(one, of).reasons) == {("test", "raw", OUT), ("test", "raw", INTO)}
    assert floor(other, of).reasons == {}


def test_without_a_baseline_no_system_may_be_in_order():
    bad, good = (floor(reading({"a": [0.5] * 4, "b": [best] * 4}), plan("ab")) for best in (1.5, 3.5))
    assert set(bad.reasons.values()) == {"mean BLEU 1.50"}  # the best one's
    assert good.reasons == {}


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
    said = f"{share:.0%} of the hypotheses are empty, repeat themselves or copy their source"
    assert set(floor(made).reasons.values()) == ({said} if share >= 0.5 else set())


def test_a_score_that_the_tokenizer_makes_void_says_nothing_of_the_system():
    """Thai at 0.00 under 13a, beside German at 30: the mean is of German alone; of Thai there is no best."""
    directions = ["en-de", "en-th", "th-en"]
    found = floor(
        reading({"baseline": [4.0, 0.0, 30.0]}, directions, {"en-th": THAI}), plan(directions=directions)
    )
    assert found.reasons == {}
    assert not ranks(found, OUT, "bleu", "en-th")
    assert ranks(found, OUT, "chrf", "en-th") and ranks(found, OUT, "bleu", "en-de")
    assert ranks(found, OUT)  # an average that German is in
    assert not ranks(Floor({}, frozenset({"en-th"}), {("test", OUT): ["en-th"]}), OUT)


def test_a_test_set_of_some_directions_is_judged_by_these():
    """talks has en-th alone, of which BLEU says nothing; the other set has German beside it."""
    directions = ["en-de", "en-th"]
    of = replace(plan(directions=directions), testsets=["test", "talks"], partial={"talks": ["en-th"]})
    found = floor(reading({"baseline": [30.0, 0.0]}, directions, {"en-th": THAI}), of)
    assert found.reasons == {}
    assert ranks(found, OUT) and ranks(found, OUT, "chrf", testset="talks")
    assert not ranks(found, OUT, testset="talks")


def test_korean_is_ranked():
    made = reading({"baseline": [30.0]}, ["en-ko"], {"en-ko": Unfit("13a", "Korean", "char")})
    assert ranks(floor(made, plan(directions=["en-ko"])), OUT, "bleu", "en-ko")


def test_below_the_floor_nothing_is_won():
    place, values = ("e", "ns", "baseline", 1, "test", "raw"), (0.01, 0.005, 0.015, 0.01, 0.0, 0.0)
    wins = [Comparison(*place, d, "bleu", *values, outcome="win") for d in ("en-de", "de-en")]
    done = unranked(Compared(wins, [], 2, 1000), Floor({("test", "raw", OUT): "mean BLEU 0.02"}), "en")
    assert [(one.outcome, one.difference) for one in done.comparisons] == [("tie", 0.01), ("win", 0.01)]


def test_what_stands_above_every_table():
    made = reading({"baseline": [0.02] * 4}, unfit={"en-th": THAI})
    first, second = cautions(made, plan(), Floor({("test", "raw", INTO): "mean BLEU 0.02"}), "en", "baseline")
    assert first == (
        "WARNING: `baseline` is hardly trained (into en, test: mean BLEU 0.02; needed are 3 BLEU, and "
        "half of the hypotheses neither empty, repeating themselves nor copied). There nothing is bold, "
        "marked as significant or counted as a win. Train it longer (train.max_updates); "
        "figures/training.png shows how far it came."
    )
    assert second.startswith("WARNING: BLEU's tokenizer 13a does not divide th (Thai)")
    assert second.endswith("under evaluation: tokenizers: {th: char}")
    assert cautions(reading({"baseline": [30.0] * 4}), plan(), Floor(), "en", "baseline") == []


def test_directions_that_may_never_have_been_trained_are_another_matter():
    """Zero-shot: not ranked below the floor, but no word of a baseline that is hardly trained."""
    directions = ["en-de", "de-en", "de-fr"]
    of, made = plan(directions=directions), reading({"baseline": [30.0, 30.0, 0.12]}, directions)
    found = floor(made, of)
    assert not ranks(found, "other", "bleu", "de-fr") and ranks(found, BOTH)
    assert cautions(made, of, found, "en", "baseline") == [
        "Directions without en are too bad to compare (other, test: mean BLEU 0.12): nothing is bold, marked "
        "as significant or counted as a win there."
    ]
    # Without a pivot all directions are so.
    assert floor(made, of, "").reasons == {}
    made = reading({"baseline": [1.0, 1.0, 0.1]}, directions)
    (note,) = cautions(made, of, floor(made, of, ""), "", "baseline")
    assert note.startswith("WARNING: `baseline` is hardly trained (other, test: mean BLEU 0.70;")


def test_a_tokenizer_that_is_set_stays_in_what_to_paste():
    made = reading({"baseline": [30.0] * 2}, ["en-zh", "en-th"], {"en-th": THAI})
    made.scores[0] = Score("e", "baseline", 1, "test", "raw", "en-zh", "bleu", 30.0, 100, "a|tok:zh|b")
    (note,) = cautions(made, plan(directions=["en-zh", "en-th"]), Floor(), "en", "baseline", True)
    assert note.endswith("""--tokenizers '{"th": "char", "zh": "zh"}'""")


def tables(root, baseline, ns, **entry):
    for system, bleu in (("baseline", baseline), ("ns", ns)):
        put_scores(root, system, {"bleu": bleu}, ["en-th"], **entry)
    made = tabulate(root, ["baseline", "ns"], ["en-th"], "--cautions", root / "tables/cautions.txt")
    return made, (root / "tables/cautions.txt").read_text()


def test_the_tables_of_a_hardly_trained_baseline(tmp_path, capsys):
    made, said = tables(tmp_path, 0.02, 0.03)
    assert said.startswith("WARNING: `baseline` is hardly trained (out of en, test: mean BLEU 0.02;")
    assert said.strip() in capsys.readouterr().err
    assert len(made) == 6
    for text in made.values():
        assert text.split("\n")[2] == f"- {said.strip()}"
        assert "**" not in text
    assert [row["score"] for row in csv_rows(tmp_path / "tables/scores.csv")] == ["0.02", "0.03"]
    show.main(["--tables", str(tmp_path / "tables")])
    shown = capsys.readouterr().out
    assert shown.index("WARNING: `baseline` is hardly trained") < shown.index("0.02  ")
    (tmp_path / "tables/cautions.txt").write_text("")
    show.main(["--tables", str(tmp_path / "tables")])
    assert "WARNING" not in capsys.readouterr().out


def test_a_trained_baseline_has_its_bold_numbers_and_no_note(tmp_path):
    made, said = tables(tmp_path, 20.0, 30.0)
    assert said == ""
    assert "**30.00**" in made["scores"]


def test_the_note_of_a_score_file_reaches_the_tables(tmp_path):
    unfit = {"tokenizer": "13a", "script": "Thai", "instead": "char"}
    text = tables(tmp_path, 0.0, 1.0, unfit_tokenizer=unfit)[0]["scores"]
    assert "hardly trained" not in text and "**" not in text
    assert "| en-th § |" in text
    assert "tokenizers: {th: char}" in text.split("\n")[2]
