"""`make report`: what is left out and why, and what stands above the results."""

from __future__ import annotations

import os
from pathlib import Path

from docutils.core import publish_parts
from jinja2 import Environment

from tests.unit.workflow.planned import a_job
from tests.unit.workflow.small_results import experiment
from workflow_scripts.workflow.graph import Reason
from workflow_scripts.workflow.run.make_report import (
    Left,
    can_be_shown,
    description,
    explorer_of,
    left_out,
)


def test_what_a_report_can_have():
    shown = can_be_shown(experiment())
    assert {"tables/summary.md", "tables/units.md", "figures/training.png"} <= {*shown}
    assert "report/answer.html" in shown and "report/answer.md" not in shown
    assert not [name for name in shown if name.endswith((".csv", ".tex", ".json", ".npz"))]
    assert not [name for name in shown if name.startswith(("data/", "export/", "systems/"))]


def job_of(rule, *outputs, **reason):
    return a_job(rule, outputs=outputs, reason=Reason(**reason))


def test_what_is_left_out_and_why(tmp_path: Path) -> None:
    """Of planned jobs: what is there is out of date, with the reason; the rest is missing."""
    wanted = ["tables/a.md", "tables/b.md", "figures/c.png", "figures/d.png", "tables/e.md", "figures/f.png"]
    for name in (*wanted[:2], *wanted[4:], "tables/a.csv"):
        path = tmp_path / "results/x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    a, b, c = ("results/x/tables/a.md", "results/x/tables/b.md", "results/x/figures/c.png")
    jobs = [
        job_of("tabulate", a, "results/x/tables/a.csv", before={"k": 70}, now={"k": 80}),
        job_of("other", b, follows=(a,)),
        job_of("plot", c, missing=(c,)),
        job_of("plot", "results/x/figures/f.png", missing=("results/x/figures/f.rst",)),
    ]
    assert left_out(jobs, tmp_path, "results/x", wanted, {}) == [
        Left("missing: not made yet", ("figures/c.png", "figures/d.png")),
        Left("out of date (a setting changed: k 70 → 80)", ("tables/a.md",)),
        Left("out of date (follows from tabulate)", ("tables/b.md",)),
        Left("out of date (its job makes more than is there)", ("figures/f.png",)),
    ]


def shown(text):
    """As Snakemake shows it."""
    return publish_parts(Environment().from_string(text).render(), writer="html")["html_body"]


def test_what_stands_above_a_partial_report():
    text = shown(description("tiny", [Left("missing: not made yet", ("figures/a_b.png",))], 4))
    assert "tiny: results of neuronspec</h1>" in text
    assert "<strong>PARTIAL</strong>: 4 of 5 results." in text
    assert "<p>1 result missing: not made yet:</p>" in text and "<li>figures/a_b.png</li>" in text


def test_a_whole_report_is_not_called_partial():
    text = shown(description("tiny", [], 4))
    assert "PARTIAL" not in text and "All results are there, and made with the present config." in text


def test_an_explorer_that_is_older_than_a_result_is_left_out(tmp_path: Path) -> None:
    page, table = tmp_path / "report/explorer.html", tmp_path / "tables/a.md"
    assert explorer_of(tmp_path, []) is None
    for file, time in ((page, 20), (table, 10)):
        file.parent.mkdir()
        file.touch()
        os.utime(file, (time, time))
    assert explorer_of(tmp_path, ["tables/a.md"]) == page
    os.utime(table, (30, 30))
    assert explorer_of(tmp_path, ["tables/a.md"]) is None
    text = shown(description("tiny", [], 4, explorer=True))
    assert '<a class="reference external" href="explorer.html">The explorer</a> lies beside' in text


def test_many_files_and_text_that_looks_like_markup():
    files = tuple(f"{{{{ x }}}}*{number}`_" for number in range(25))
    text = shown(description("a", [Left("out of date (|x| <b>)", files)], 1))
    assert "25 results out of date (|x| &lt;b&gt;):" in text
    assert "<li>{{ x }}*19`_</li>" in text and "<li>and 5 more</li>" in text and "*20" not in text
