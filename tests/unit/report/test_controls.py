"""report.tables.controls: each system against the control and against random draws, worked out by hand."""

from dataclasses import replace
from itertools import product

import pytest

from tests.unit.report.made import plan_of, put_scores, scores_of, tabulate, texts
from workflow_scripts.report.read.read_significance import FIGURES, Compared, Comparison
from workflow_scripts.report.tables.cautions import Floor
from workflow_scripts.report.tables.controls import controls_table
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.sentences import sentence
from workflow_scripts.report.tables.table import records

DIRECTIONS = ["en-de", "de-en"]
DRAWS = {"random": ["random-1", "random-2"]}
SYSTEMS = ["baseline", "continued", "ns", "random-1", "random-2"]
SEEDS = [1, 2]
# Each value is that of both directions.
VALUES = {
    "baseline": (10.0, 10.0),
    "continued": (20.0, 20.0),
    "ns": (21.0, 23.0),
    "random-1": (20.0, 22.0),
    "random-2": (23.0, 25.0),
}
TABLE = {(s, seed): [VALUES[s][seed - 1]] * 2 for s in SYSTEMS for seed in SEEDS}
PLAN = plan_of(SYSTEMS, DIRECTIONS, SEEDS, draws=DRAWS)
DISPLAY = Display("en", draws={"random": 2})


def rows_of(table):
    return {(row["system"], row["against"], row["side"]): row for row in records(table.frame)}


def test_rows_are_of_the_control_and_then_of_every_distribution():
    table = controls_table(scores_of(TABLE, DIRECTIONS), PLAN, DISPLAY)
    [block] = table.blocks
    assert [row[0] for row in texts(block)] == [
        *("ns − continued", "random − continued"),
        *("continued − random", "ns − random"),
    ]
    assert {side for _, _, side in rows_of(table)} == {"out of pivot", "into pivot", "both"}


def test_a_difference_to_the_control():
    row = rows_of(controls_table(scores_of(TABLE, DIRECTIONS), PLAN, DISPLAY))["ns", "continued", "both"]
    # 1 and 3: mean 2, sd √2; t of 97.5 % with one degree of freedom is 12.7062; √2 / √2 = 1.
    assert (row["difference"], row["sd"], row["n"]) == (2.0, pytest.approx(2**0.5), 2)
    assert (row["low"], row["high"]) == (pytest.approx(2 - 12.7062), pytest.approx(2 + 12.7062))
    assert row["detectable"] == pytest.approx(16.33401, abs=1e-4)  # what it finds four times in five
    assert (row["draws"], row["z"], row["above"], row["directions"]) == (0, None, None, 2)
    assert row["wins"] is None


def test_a_place_among_the_draws():
    rows = rows_of(controls_table(scores_of(TABLE, DIRECTIONS), PLAN, DISPLAY))
    row = rows["ns", "random", "both"]
    # To draw 1: 1 and 1; to draw 2: -2 and -2. Means 1 and -2: mean -.5, sd 3 / √2. By seed -.5 and -.5.
    assert (row["difference"], row["sd"]) == (-0.5, 0.0)
    assert (row["draws"], row["draws_sd"], row["above"]) == (2, pytest.approx(3 / 2**0.5), 1)
    row = rows["continued", "random", "both"]
    # To draw 1: 0 and -2; to draw 2: -3 and -5. Better than none; two draws have no z.
    assert (row["difference"], row["z"], row["above"]) == (-2.5, None, 0)
    # The draws against the control: the spread of theirs, and no place in it.
    row = rows["random", "continued", "both"]
    assert (row["difference"], row["draws"], row["draws_sd"]) == (2.5, 2, pytest.approx(3 / 2**0.5))
    assert (row["z"], row["above"]) == (None, None)
    # 12.7062 · 3 / √2 / √2 = 19.0593 on both sides of 2.5.
    assert (row["draws_low"], row["draws_high"]) == (pytest.approx(-16.5593), pytest.approx(21.5593))


def test_z_is_of_at_least_five_draws():
    draws = {"random": [f"random-{number}" for number in range(1, 6)]}
    # Differences 4, 2, 1, 0, -2: mean 1, sd √(20 / 4).
    values = {
        "baseline": 1.0,
        "ns": 10.0,
        **dict(zip(draws["random"], (6.0, 8.0, 9.0, 10.0, 12.0), strict=True)),
    }
    table = {(system, 1): [value] * 2 for system, value in values.items()}
    plan = plan_of(list(values), DIRECTIONS, [1], draws=draws)
    found = controls_table(scores_of(table, DIRECTIONS), plan, Display("en", draws={"random": 5}))
    row = rows_of(found)["ns", "random", "both"]
    assert (row["draws_sd"], row["z"], row["above"]) == (pytest.approx(5**0.5), pytest.approx(5**-0.5), 3)


def test_of_an_error_rate_less_is_better_and_equal_is_not():
    # As good as draw 1; 3 below draw 2.
    scores = scores_of({**TABLE, ("ns", 1): [20.0, 20.0], ("ns", 2): [22.0, 22.0]}, DIRECTIONS, "ter")
    plan = plan_of(SYSTEMS, DIRECTIONS, SEEDS, ["ter"], draws=DRAWS)
    rows = rows_of(controls_table(scores, plan, DISPLAY))
    assert (rows["ns", "random", "both"]["difference"], rows["ns", "random", "both"]["above"]) == (-1.5, 1)
    assert rows["continued", "random", "both"]["above"] == 2


def test_wins_and_losses_of_all_draws_and_of_the_side():
    figures = dict.fromkeys(FIGURES, 0.0)
    said = {"random-1": "win", "random-2": "loss", "ns": "tie"}
    made = [
        Comparison("e", s, "continued", seed, "test", "raw", d, "bleu", **figures, outcome=o)
        for (s, o), seed, d in product(said.items(), SEEDS, DIRECTIONS)
    ]
    table = controls_table(scores_of(TABLE, DIRECTIONS), PLAN, DISPLAY, Compared(made, [], 12, 999))
    rows = rows_of(table)
    outcomes = ("wins", "losses", "ties")
    assert [rows["random", "continued", "both"][name] for name in outcomes] == [4, 4, 0]
    assert [rows["ns", "continued", "into pivot"][name] for name in outcomes] == [0, 0, 2]
    # The other draws are no system that was tested against.
    assert rows["ns", "random", "both"]["wins"] is None
    assert texts(table.blocks[0])[1][-1] == "4 / 4 / 0"


ROW = {
    "system": "ns-k95", "against": "random", "metric": "bleu", "profile": "raw", "difference": 0.1, "sd": 0.3,
    "n": 3, "low": -0.65, "high": 0.85, "detectable": 0.5, "draws": 5, "above": 3, "z": 0.2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {},
            "ns-k95 − random: +0.10 ± 0.30 BLEU (n = 3 seeds, 5 draws): no difference that this design could "
            "detect (±0.50); better than 3 of 5 draws",
        ),
        (
            {"difference": 1.0, "low": 0.25, "high": 1.75, "draws": 0, "above": None, "against": "continued"},
            "ns-k95 − continued: +1.00 ± 0.30 BLEU (n = 3 seeds): better (95 % interval +0.25 to +1.75; this "
            "design detects ±0.50)",
        ),
        (
            {"difference": -1.0, "low": -1.75, "high": -0.25, "draws": 0, "above": None},
            "ns-k95 − random: -1.00 ± 0.30 BLEU (n = 3 seeds): worse (95 % interval -1.75 to -0.25; this "
            "design detects ±0.50)",
        ),
        (
            {"sd": None, "n": 1, "low": None, "high": None, "detectable": None},
            "ns-k95 − random: +0.10 BLEU (n = 1 seed, 5 draws): one seed, which cannot tell a difference "
            "from chance; better than 3 of 5 draws",
        ),
        (
            {"sd": 0.0, "low": 0.1, "high": 0.1, "detectable": None, "draws": 0, "above": None},
            "ns-k95 − random: +0.10 ± 0.00 BLEU (n = 3 seeds): the same in every seed, so that nothing says "
            "how far it could vary",
        ),
    ],
)
def test_the_sentence_is_made_of_the_numbers(more, said):
    assert sentence({**ROW, **more}) == said


def test_a_hardly_trained_baseline_has_no_sentence():
    floor = Floor({("test", "raw", side): "mean BLEU 1.00" for side in ("out of pivot", "into pivot")})
    table = controls_table(scores_of(TABLE, DIRECTIONS), PLAN, Display("en", floor=floor))
    assert {row["sentence"] for row in records(table.frame)} == {""}
    assert table.blocks[0].notes == []


def test_directions_that_one_of_two_systems_lacks_are_left_out():
    scores = scores_of({("continued", 1): [20.0, 40.0]}, DIRECTIONS)
    scores += scores_of({("pair", 1): [25.0]}, ["en-de"])
    plan = plan_of(["continued", "pair"], DIRECTIONS, partial_systems={"pair": ["en-de"]})
    table = controls_table(scores, plan, Display("en"))
    rows = rows_of(table)
    assert (rows["pair", "continued", "out of pivot"]["difference"], len(rows)) == (5.0, 3)
    assert rows["pair", "continued", "out of pivot"]["directions"] == 1
    assert rows["pair", "continued", "both"]["note"] == "no such directions"
    assert rows["pair", "continued", "both"]["difference"] is None
    # What a reader sees is the side that both have, by name.
    assert texts(table.blocks[0])[0][:3] == ["pair − continued (out of pivot)", "1", "+5.00"]
    # And so does the sentence below it.
    again = [replace(one, seed=2, score=one.score + 1 + (one.system == "pair")) for one in scores]
    two = plan_of(["continued", "pair"], DIRECTIONS, SEEDS, partial_systems={"pair": ["en-de"]})
    [note] = controls_table([*scores, *again], two, Display("en")).blocks[0].notes
    assert note.startswith("pair − continued: +5.50 ± 0.71 BLEU (n = 2 seeds): ")
    assert note.endswith(" (out of pivot alone)")


def test_the_table_needs_a_control_and_another_system(tmp_path):
    for system in ("baseline", "continued", "ns"):
        put_scores(tmp_path, system, {"bleu": 10.0}, DIRECTIONS)
    assert "controls" in tabulate(tmp_path, ["baseline", "continued", "ns"], DIRECTIONS)
    assert "controls" not in tabulate(tmp_path, ["baseline", "ns"], DIRECTIONS)
    assert "controls" not in tabulate(tmp_path, ["baseline", "continued"], DIRECTIONS)


def test_the_interval_of_one_seed_is_unknown():
    table = {key: values for key, values in TABLE.items() if key[1] == 1}
    plan = plan_of(SYSTEMS, DIRECTIONS, draws=DRAWS)
    made = controls_table(scores_of(table, DIRECTIONS), plan, DISPLAY)
    several = controls_table(scores_of(TABLE, DIRECTIONS), PLAN, DISPLAY)
    one = rows_of(made)["ns", "continued", "both"]
    assert (one["difference"], one["sd"], one["low"], one["detectable"]) == (1.0, None, None, None)
    assert made.notes[0].startswith("WARNING: one seed.")
    # What is said of each row is of its place among the draws.
    assert [note.partition(":")[0] for note in made.blocks[0].notes] == ["continued − random", "ns − random"]
    assert not any("one seed" in note for note in several.notes)
