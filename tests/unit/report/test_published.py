"""report.published: ours - published, by direction and group."""

import json
from dataclasses import replace

import pytest

from tests.unit.report.published_scores import PUBLISHED, SYSTEMS, TIERS, published
from workflow_scripts.common.errors import UserError
from workflow_scripts.report.read.published import Published, published_table, read_published, read_request
from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.table import Shown, records

DIRECTIONS = ["en-de", "de-en", "en-fr"]
PLAN = Plan("e", ["baseline", "ns"], [1, 2], ["test"], DIRECTIONS, ["bleu", "comet"], ["raw"], ["comet"])
HEADER = "system,direction,metric,score\n"


def write(tmp_path, text):
    (tmp_path / "published.csv").write_text(text)
    return Published(str(tmp_path / "published.csv"), {"baseline": "mT-big"}, "test", "raw")


def ours():
    values = {1: [10.0, 30.0, 20.0], 2: [12.0, 30.0, 20.0]}
    return [
        Score("e", "baseline", seed, "test", "raw", direction, metric, value / unit, 10, "sig")
        for seed, by in values.items()
        for metric, unit in (("bleu", 1), ("comet", 100))
        for direction, value in zip(DIRECTIONS, by, strict=True)
    ]


def test_differences_by_direction_and_group(tmp_path):
    text = "mT-big,en-de,BLEU,10.5\nmT-big,de-en,BLEU,29.0\nother,en-fr,BLEU,1\nmT-big,en-de,COMET,0.1\n"
    request = write(tmp_path, HEADER + text)
    plan = Plan("e", ["baseline"], [1, 2], ["test"], DIRECTIONS, ["bleu", "comet"], ["raw"], ["comet"])
    table = published_table(ours(), plan, Display("en"), {}, request, read_published(request))
    rows = {
        (r["metric"], r["group"], r["side"]): (r["directions"], r["ours"], r["published"], r["difference"])
        for r in records(table.frame)
    }
    # en-fr is not published, so that neither average has it: 11 (of 10 and 12) against 10.5.
    assert rows["bleu", "all", "out of pivot"] == (1, 11.0, 10.5, 0.5)
    assert rows["bleu", "all", "both"] == (2, 20.5, 19.75, 0.75)
    assert rows["bleu", "de-en", "into pivot"] == (1, 30.0, 29.0, 1.0)
    assert rows["comet", "all", "out of pivot"] == (1, 0.11, 0.1, 0.01)
    assert ("bleu", "en-fr", "out of pivot") not in rows
    assert table.not_shown == [
        "BLEU of mT-big: 1 of our directions are not published",
        "comet of mT-big: 2 of our directions are not published",
    ]
    groups, single = table.blocks[:2]
    assert groups.spans == [("baseline / mT-big", 3)]
    assert groups.rows[0] == ["all, out of en", "11.00 ± 1.41 (2)", "10.50", "+0.50"]
    assert single.rows == [
        ["en-de", "11.00 ± 1.41 (2)", "10.50", "+0.50"],
        ["de-en", "30.00 ± 0.00 (2)", "29.00", "+1.00"],
    ]


def test_published_averages_of_both_are_the_mean_of_two_sides(tmp_path):
    """Out of English 10 and 20, into it 39: 15 and 39, so 27; over three directions it would be 23."""
    text = "mT-big,en-de,BLEU,10\nmT-big,en-fr,BLEU,20\nmT-big,de-en,BLEU,39\n"
    request = write(tmp_path, HEADER + text)
    plan = replace(PLAN, systems=["baseline"], metrics=["bleu"], comet=[])
    scores = [score for score in ours() if score.metric == "bleu"]
    table = published_table(scores, plan, Display("en"), {}, request, read_published(request))
    both = next(r for r in records(table.frame) if (r["group"], r["side"]) == ("all", "both"))
    # Ours: (11 + 20) / 2 = 15.5 and 30, so 22.75.
    assert (both["ours"], both["published"], both["difference"]) == (22.75, 27.0, -4.25)


def test_an_average_of_ours_that_lacks_scores_is_not_compared(tmp_path):
    request = write(tmp_path, HEADER + "mT-big,en-de,BLEU,10\nmT-big,en-fr,BLEU,20\n")
    plan = replace(PLAN, systems=["baseline"], metrics=["bleu"], comet=[])
    scores = [s for s in ours() if s.metric == "bleu" and (s.seed, s.direction) != (2, "en-fr")]
    table = published_table(scores, plan, Display("en"), {}, request, read_published(request))
    groups, single = table.blocks
    assert groups.rows == [["all, out of en", "n/a (scores missing)", "15.00", "n/a"]]
    assert single.rows[0] == ["en-de", "11.00 ± 1.41 (2)", "10.00", "+1.00"]
    assert single.rows[1] == ["en-fr", "n/a (scores missing)", "20.00", "n/a"]


def test_metrics_by_any_of_their_names(tmp_path):
    names = ("BLEU", "chrF++", "chrF2", "TER", "COMET", "kiwi", "chrF")
    request = write(tmp_path, HEADER + "".join(f"mT-big,en-de,{name},1\n" for name in names))
    found = [metric for _, _, metric in read_published(request)]
    assert found == ["bleu", "chrf", "chrf2", "ter", "comet", "kiwi", "chrF"]  # chrF: which one, nobody knows
    request = write(tmp_path, HEADER + "mT-big,en-de,chrF2++,1\nmT-big,en-de,chrF++,2\n")
    with pytest.raises(UserError, match=r"line 3: mT-big en-de chrF\+\+ is there twice"):
        read_published(request)


def test_another_comet_model_is_not_compared_with_their_comet(tmp_path):
    """Though it is the only one."""
    request = write(tmp_path, HEADER + "mT-big,en-de,BLEU,10.5\nmT-big,en-de,COMET,0.1\n")
    scores = [replace(score, metric="kiwi") if score.metric == "comet" else score for score in ours()]
    plan = Plan("e", ["baseline"], [1, 2], ["test"], DIRECTIONS, ["bleu", "kiwi"], ["raw"], ["kiwi"])
    table = published_table(scores, plan, Display("en"), {}, request, read_published(request))
    assert {row["metric"] for row in records(table.frame)} == {"bleu"}
    assert f"kiwi: {request.file} has no such metric" in table.not_shown


@pytest.mark.shared("reference/published_scores.csv")
def test_the_published_scores_are_those_of_the_paper(shared):
    assert PUBLISHED.read_bytes() == (shared / "reference/published_scores.csv").read_bytes()


def test_published_scores_differ_from_themselves_by_nothing():
    scores, plan = published()
    request = Published(str(PUBLISHED), {ours: theirs for theirs, ours in SYSTEMS.items()}, "flores", "paper")
    table = published_table(scores, plan, Display("en"), {"tier": TIERS}, request, read_published(request))
    rows = records(table.frame)
    assert len(rows) == 3 * 2 * (60 + 4 * 3) and {row["difference"] for row in rows} == {0.0}
    cells = {row[0]: row[1:] for row in table.blocks[0].rows}
    assert cells["all, avg"] == ["27.6", "27.6", "+0.0", "29.0", "29.0", "+0.0"]
    assert not any(isinstance(cell, Shown) for row in cells.values() for cell in row)
    assert table.not_shown == []


def test_directions_may_be_spelt_with_hyphens(tmp_path):
    text = HEADER + "mT-big,en-pt-BR,BLEU,1\nmT-big,pt-br-en,BLEU,2\nmT-big,xx-yy-zz,BLEU,3\n"
    values = read_published(write(tmp_path, text), ["en-pt_BR", "pt_BR-en"])
    assert [direction for _, direction, _ in values] == ["en-pt_BR", "pt_BR-en", "xx-yy-zz"]
    with pytest.raises(UserError, match="line 3: mT-big en-pt_BR BLEU is there twice"):
        text = HEADER + "mT-big,en-pt-BR,BLEU,1\nmT-big,en-pt_BR,BLEU,2\n"
        read_published(write(tmp_path, text), ["en-pt_BR"])


def test_requests():
    text = json.dumps({"file": "x.csv", "systems": {"ns": "theirs"}, "testset": None, "references": "raw"})
    assert read_request(text, PLAN) == Published("x.csv", {"ns": "theirs"}, "test", "raw")


def test_of_several_test_sets_one_must_be_named():
    text = json.dumps({"file": "x.csv", "systems": {"ns": "theirs"}})
    assert read_request(text, PLAN).testset == "test"
    with pytest.raises(UserError, match=r"^--published: testset must be one of test, talks$"):
        read_request(text, replace(PLAN, testsets=["test", "talks"]))
    with pytest.raises(UserError, match=r"^--published: references must be one of raw, paper$"):
        read_request(text, replace(PLAN, profiles=["raw", "paper"]))
