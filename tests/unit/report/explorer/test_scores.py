"""Scores and tests as the page has them: exact enough for what it makes of them."""

from tests.unit.report.made import plan_of, scores_of
from workflow_scripts.report.explorer.scores import columns


def test_differences_of_what_the_page_keeps_are_those_of_the_tables():
    """.82344 - .81236 is .01108, +0.0111 in tables; .8234 - .8124, of four digits, would be +0.0110."""
    table = {("baseline", 1): [0.81236], ("ns", 1): [0.82344]}
    plan = plan_of(["baseline", "ns"], ["en-de"], metrics=["comet"])
    base, ns = (one["values"][0] for one in columns(scores_of(table, ["en-de"], "comet"), plan))
    assert f"{ns - base:+.4f}" == "+0.0111"


def test_scores_are_rounded_once():
    """25.44502 is 25.45 in tables; kept as 25.4450, the browser would make 25.44 or 25.45 of it."""
    [column] = columns(scores_of({("ns", 1): [25.44502]}, ["en-de"]), plan_of(["ns"], ["en-de"]))
    assert column["values"] == [25.44502] and column["n"] == [10]
