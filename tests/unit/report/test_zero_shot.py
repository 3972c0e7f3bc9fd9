"""report.tables.zero_shot: untrained directions, with off-target rates and lengths; worked out by hand."""

from tests.unit.report.made import csv_rows, put_job, put_scores, tabulate

DIRECTIONS = ["en-de", "de-en", "de-nl", "de-fr"]
UNTRAINED = ["de-nl", "de-fr"]
GROUPS = '{"family": {"germanic": ["de", "nl"], "romance": ["fr"]}}'
SYSTEMS = ["baseline", "random-1", "random-2"]
#: BLEU of each direction, then off-target rates of each.
SCORES = {"baseline": 10.0, "random-1": 20.0, "random-2": 24.0}
RATES = {"baseline": (0.1, 0.3), "random-1": (0.0, 0.2), "random-2": (0.2, None)}


def entry(rate):
    return {"n": 9, "off_target_rate": rate, "without_letters": 0, "packaged": {"off_target_rate": None}}


def write(root):
    for system, score in SCORES.items():
        health = {"length_ratio": score / 10, "empty_hypotheses": 0}
        put_scores(root, system, {"bleu": score}, DIRECTIONS, health=health)
        rates = dict(zip(UNTRAINED, RATES[system], strict=True)) | {"en-de": 0.0, "de-en": 0.0}
        made = {direction: entry(rate) for direction, rate in rates.items()}
        put_job(root / f"off_target/{system}/s1/test.json", system, directions=made)


def tables(root, *more):
    write(root)
    return tabulate(root, SYSTEMS, DIRECTIONS, "--groups", GROUPS, *more)


def test_untrained_directions_with_what_is_off_target(tmp_path):
    options = ["--untrained", *UNTRAINED, "--off-target-root", tmp_path / "off_target"]
    options += ["--draws", '{"random": ["random-1", "random-2"]}']
    page = tables(tmp_path, *options)["zero_shot"]
    assert page.count("| system | BLEU | off target | length ratio | directions |") == 3
    overall, within, across = (part.split("\n\n")[1].splitlines()[2:] for part in page.split("\n### ")[1:])
    random = "| random (2 draws) | 22.00 |"
    # Of the draws: 22 and 2.2; only of de-nl have both a rate, .0 and .2.
    assert overall == [
        "| baseline | 10.00 | 20.0% | 1.00 | 2 |",
        f"{random} 10.0% [1 of 2 directions] | 2.20 | 2 |",
    ]
    assert within == ["| baseline | 10.00 | 10.0% | 1.00 | 1 |", f"{random} 10.0% | 2.20 | 1 |"]
    assert across == ["| baseline | 10.00 | 30.0% | 1.00 | 1 |", f"{random} n/a (not measured) | 2.20 | 1 |"]
    titles = [line for line in page.splitlines() if line.startswith("### ")]
    assert titles == [
        *("### All untrained directions", "### family: within a group", "### family: between groups")
    ]
    rows = csv_rows(tmp_path / "tables/zero_shot.csv")
    assert {row["metric"] for row in rows} == {"BLEU", "off_target_rate", "length_ratio"}
    drawn = [row for row in rows if (row["system"], row["grouping"]) == ("random", "all")]
    assert {row["metric"]: row["directions"] for row in drawn} == {
        "BLEU": "2", "off_target_rate": "1", "length_ratio": "2",
    }  # fmt: skip


def test_a_system_without_such_a_direction_is_not_in_it(tmp_path):
    partial = ["--partial-systems", '{"random-1": ["en-de"], "random-2": ["en-de", "de-nl"]}']
    page = tables(tmp_path, "--untrained", *UNTRAINED, *partial)["zero_shot"]
    parts = [part.split("\n\n")[1].splitlines()[2:] for part in page.split("\n### ")[1:]]
    assert [[row.split(" | ")[0] for row in part] for part in parts] == [
        *(["| baseline", "| random-2"], ["| baseline", "| random-2"], ["| baseline"])
    ]
    assert parts[0][1] == "| random-2 | 24.00 | n/a (not measured) | 2.40 | 1 |"
    assert "- random-1: it does not translate the directions of every part" in page


def test_without_untrained_directions_there_is_no_such_table(tmp_path):
    assert "zero_shot" not in tables(tmp_path)


def test_without_an_identifier_nothing_is_said_of_languages(tmp_path):
    page = tables(tmp_path, "--untrained", *UNTRAINED)["zero_shot"]
    assert "| baseline | 10.00 | n/a (not measured) | 1.00 | 2 |" in page
