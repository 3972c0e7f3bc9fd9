"""Exact partial reruns: what a change makes run, and nothing else; the rows of docs/reference/reruns.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.workflow.finished_experiment import (
    CONFIG,
    ROOT,
    copied_checkout,
    counts,
    finish,
    lay_down_text,
    merged,
    planned,
    program,
)
from tests.workflow.rerun_row import ALL, Row
from tests.workflow.rerun_rows import BEGIN, END, PAGE, ROWS, table
from tests.workflow.rerun_rows_code import TRAINING_CODE

CONDA = """#!/bin/sh
# What Snakemake asks conda in a dry run, which makes no environment.
case "$1" in
  info) echo '{"conda_prefix": "/nowhere", "platform": "linux-64", "conda_version": "24.9.2"}' ;;
  --version) echo 'conda 24.9.2' ;;
  config) echo '{"get": {"channel_priority": "strict"}}' ;;
esac
"""


def run(row: Row, elsewhere: Path, folder: Path) -> dict[str, int]:
    """Return the jobs that a change makes run."""
    here = elsewhere
    if row.before or row.edit:
        here = shutil.copytree(elsewhere, folder / "here")
    if row.before:
        finish(here, merged(CONFIG, row.before))
    if row.edit:
        row.edit(here)
    where: dict[str, object] = {"configfile": folder / "config.yaml"}
    if row.code:
        where["checkout"] = copied_checkout(folder / "checkout")
        row.code(where["checkout"])
    if row.conda:
        (folder / "bin").mkdir()
        (folder / "bin" / "conda").write_text(CONDA)
        (folder / "bin" / "conda").chmod(0o755)
        where["path"] = str(folder / "bin")
    return counts(planned(here, merged(CONFIG, row.config), *row.options, **where))


def test_an_experiment_that_has_not_begun_runs_all(tmp_path: Path) -> None:
    lay_down_text(tmp_path)
    assert counts(planned(tmp_path, CONFIG)) == ALL


@pytest.mark.parametrize("row", [pytest.param(row, id=row.change) for row in ROWS])
def test_a_change_reruns(row: Row, elsewhere: Path, tmp_path: Path) -> None:
    assert run(row, elsewhere, tmp_path) == row.jobs


def test_the_page_has_the_rows_of_the_tests() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == table(), "run: python -m tests.workflow.rerun_rows"
    assert len({row.change for row in ROWS}) == len(ROWS)


def test_training_code_that_changed_is_told_with_the_hours_at_stake(
    finished_experiment: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished_experiment, tmp_path / "here")
    checkout = copied_checkout(tmp_path / "checkout")
    snakefile = str(checkout / "Snakefile")
    why = ["workflow_scripts.workflow.plan.why", "--configfile", "config.yaml", "--snakefile", snakefile]
    nothing = "nothing to do: everything is there and up to date\n"
    assert program(tmp_path / "here", *why, checkout=checkout) == nothing
    TRAINING_CODE(checkout)
    assert program(tmp_path / "here", *why, checkout=checkout) == (
        f"{nothing}training code or libraries changed since these were trained; kept:"
        " baseline s1 (1.5 h, code), continued s1 (1.5 h, code), ns-k70 s1 (1.5 h, code),"
        " ns-k95 s1 (1.5 h, code); make accept adopts them, make retrain trains them again\n"
    )


def test_a_plan_adds_up_what_earlier_jobs_took(finished_experiment: Path, tmp_path: Path) -> None:
    shutil.copytree(finished_experiment, tmp_path / "here")
    config = yaml.safe_dump(merged(CONFIG, {"masks": {"k": [70, 80, 95]}}))
    (tmp_path / "here" / "config.yaml").write_text(config)
    plan = ["workflow_scripts.workflow.plan.plan", "--configfile", "config.yaml", "--cores", "2"]
    said = program(tmp_path / "here", *plan, "--snakefile", str(ROOT / "Snakefile")).splitlines()
    # Every benchmark says one second.
    assert [" ".join(line.split()) for line in said[:-2]] == [
        "stage jobs one job on 2 cores memory from",
        "select_masks 1 1 s 1 s – mean of 3 here",
        "finetune 1 15 min 15 min – up to 1,000 updates × 0.91 s: first estimate",
        "decode 4 1 s 2 s – mean of 16 here",
        "score 1 1 s 1 s – mean of 4 here",
        "identify 1 1 s 1 s – mean of 4 here",
        "compare 1 1 s 1 s – mean of 3 here",
        "tabulate 1 1 s 1 s – as it took last time",
        "tabulate_units 1 1 s 1 s – as it took last time",
        "plot_training 1 1 s 1 s – as it took last time",
        "plot_tables 1 1 s 1 s – as it took last time",
        "plot_masks 1 1 s 1 s – as it took last time",
        "plot_off_target 1 1 s 1 s – as it took last time",
        "write_answer 1 1 s 1 s – as it took last time",
        "16 jobs; wall time 15 min, one stage after the other",
    ]
    assert said[-2].startswith("first estimates: figures of two cores of other machines")
    # The small network has 9,628,672 parameters (8,004 symbols), 4 bytes each: its
    # weights once as a system, and three checkpoints of three times as much.
    assert said[-1].startswith("disk: about 385 MB more; ")
