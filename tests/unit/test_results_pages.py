"""Pages of docs/results say what the kept tables say, rounded once, and nothing of them is typed by hand."""

import pytest

from tests.results_pages import PAGES, RESULTS, differences, filled, mean, scores_of, signed, table


def rows_of(page, name):
    """The cells of a page's table, by the first one of each row."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGES[page][name]()]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_its_tables_give(page):
    text = (RESULTS / page).read_text(encoding="utf-8")
    assert filled(text, PAGES[page]) == text, "run `python -m tests.results_pages --write`"


def test_a_score_is_rounded_once():
    """57.447… is 57.4, though 57.45 would be 57.5; 57.047… is 57.0."""
    scores = scores_of("multi30k_scores.csv")
    assert 57.44 < scores["continued", "en-de", "chrf"] < 57.45
    assert 57.04 < scores["continued", "cs-en", "chrf"] < 57.05
    rows = rows_of("multi30k.md", "scores")
    assert (rows["en-de"][5], rows["cs-en"][5]) == ("57.4", "57.0")
    assert rows["**mean**"][:4] == ["**38.85**", "**39.55**", "**39.48**", "**39.6**"]


def test_no_mean_hides_the_direction_that_is_far_from_it():
    assert rows_of("multi30k.md", "health")["en-cs"] == ["87.2 %", "86.9 %", "86.5 %"]
    assert rows_of("multi30k.md", "differences")["ns-k95 − continued"][1] == "−0.47 (en-cs) … +0.16 (en-de)"


def test_two_runs_of_one_config_stand_beside_each_other():
    rows = rows_of("multi30k.md", "again")
    assert rows["fr-en"] == ["46.9", "48.1", "47.8", "47.8", "47.9", "48.0"]
    assert rows["**mean BLEU**"][:2] == ["**38.85**", "**39.02**"]
    # 39.0240 less 38.8513; en-fr lost 0.27, fr-en gained 1.12.
    assert rows_of("multi30k.md", "moved")["BLEU"][0].startswith("+0.17 ± ")


def test_differences_are_of_means_of_unrounded_scores():
    scores = {
        (system, direction, metric): value + gain
        for metric in ("bleu", "chrf", "ter")
        for direction, value in (("a-b", 10.004), ("b-a", 20.004))
        for system, gain in (("baseline", 0.0), ("continued", 0.0015), ("ns-k95", -1.0))
    }
    assert mean(scores, "continued", ["a-b", "b-a"], "bleu") == pytest.approx(15.0055)
    lines = differences(scores, ["a-b", "b-a"])
    # 15.0055 and 15.004 would be 15.01 and 15.00.
    assert [line.split(" | ")[1] for line in lines[2:]] == ["+0.00", "−1.00", "−1.00"]


@pytest.mark.parametrize(("value", "said"), [(0.125, "+0.13"), (-0.125, "−0.13"), (-0.001, "+0.00")])
def test_a_difference_has_a_sign(value, said):
    assert signed(value) == said


def test_what_stands_between_the_markers_is_made_anew_and_nothing_else_is():
    begin, end = "<!-- x: made by `python -m tests.results_pages --write` -->", "<!-- end of x -->"
    made = filled(f"before\n{begin}\nold\n{end}\nafter\n", {"x": lambda: table(["a", "b"], [["1", "2"]])})
    assert made == f"before\n{begin}\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n\n{end}\nafter\n"
    with pytest.raises(ValueError, match="no single place for the table 'x'"):
        filled("before\nafter\n", {"x": list})
