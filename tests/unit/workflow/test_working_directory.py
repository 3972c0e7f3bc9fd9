"""`make why` and `make plan` of a workflow whose results lie in another folder than it is started in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workflow.planned import WRITES_JOBS
from workflow_scripts.workflow.plan import plan, why
from workflow_scripts.workflow.run.leftovers import place_of

SNAKEFILE = f"""
{WRITES_JOBS}
rule score:
    output: "results/x/scores/one.json"
    log: "results/x/logs/score/one.log"
    benchmark: "results/x/benchmarks/score/one.tsv"
    shell: "touch {{output}}"
"""
SOURCE = "{type: files, train: 'a.{lang}', valid: 'b.{lang}', tests: {news: 'c.{lang}'}}"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of a start in `checkout` for results in `work`, where the one job ran for 7 s; its output is gone."""
    checkout, benchmarks = tmp_path / "checkout", tmp_path / "work/results/x/benchmarks/score"
    checkout.mkdir()
    (checkout / "config.yaml").write_text(
        f"experiment: x\nlanguages: [en, de]\npivot: en\ndata: {{source: {SOURCE}}}\n"
    )
    (checkout / "Snakefile").write_text(SNAKEFILE)
    benchmarks.mkdir(parents=True)
    (benchmarks / "one.tsv").write_text("s\tmax_rss\n7.0\tNA\n")
    records = tmp_path / "work/.snakemake/metadata"
    records.mkdir(parents=True)
    (records / place_of("results/x/scores/one.json", records)).write_text("{}")
    monkeypatch.chdir(checkout)
    return ["--configfile", "config.yaml", "--directory", str(tmp_path / "work")]


def test_why_looks_at_what_is_there(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    why.main(options)
    assert capsys.readouterr().out.splitlines()[:2] == [
        "score  1  made before, now missing: results/x/scores/one.json",
        "1 job would run",
    ]
    assert Path.cwd().name == "checkout"


def test_plan_takes_the_figures_that_are_there(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plan.main([*options, "--cores", "1"])
    assert capsys.readouterr().out.splitlines()[1].endswith("as it took last time")
