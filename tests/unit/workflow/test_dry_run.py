"""Dry runs of a small workflow: their jobs, and what is said of what they do not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.workflow.planned import WRITES_JOBS
from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.plan.dry_run import after_a_kill, dry_run
from workflow_scripts.workflow.run.start import hold

SNAKEFILE = f"""
{WRITES_JOBS}
rule second:
    input: "first.txt"
    output: "second.txt"
    params: word="one"
    shell: "echo {{params.word}} > {{output}}"
rule first:
    output: "first.txt"
    shell: "touch {{output}}"
"""


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    source = "{type: files, train: 'a.{lang}', valid: 'b.{lang}', tests: {news: 'c.{lang}'}}"
    config = f"experiment: x\nlanguages: [en, de]\npivot: en\ndata: {{source: {source}}}\n"
    (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return tmp_path


def test_a_real_dry_run(workflow: Path) -> None:
    jobs = list(dry_run("config.yaml"))
    assert [(job.rule, job.outputs) for job in jobs] == [
        ("first", ("first.txt",)),
        ("second", ("second.txt",)),
    ]
    assert jobs[1].reason.follows == ("first.txt",)


def test_a_dry_run_without_a_plan_is_an_error(workflow: Path) -> None:
    (workflow / "Snakefile").write_text("rule first:\n    output: 'first.txt'\n    shell: 'touch {output}'\n")
    with pytest.raises(UserError, match=r"^Snakemake ended without a plan$"):
        dry_run("config.yaml")


@pytest.mark.parametrize("words", [["first"], ["--", "first"], ["--until", "first"]])
def test_targets_are_no_config_files(words: list[str], workflow: Path) -> None:
    assert [job.rule for job in dry_run("config.yaml", words)] == ["first"]


def test_a_config_may_have_blanks(workflow: Path) -> None:
    (workflow / "my config.yaml").write_text((workflow / "config.yaml").read_text())
    assert [job.rule for job in dry_run("my config.yaml", ["first"])] == ["first"]


RAISES = "from snakemake.exceptions import WorkflowError\nraise WorkflowError('data: no text for de-en')\n"


@pytest.mark.parametrize(
    ("snakefile", "options", "said"),
    [
        (RAISES, [], "data: no text for de-en"),
        ("print('error: config: no such key')\nraise SystemExit(1)\n", [], "config: no such key"),
        (SNAKEFILE, ["none"], "MissingRuleException:\nNo rule to produce none (if you use input functions"),
        (SNAKEFILE, ["--cups"], "unrecognized arguments: --cups"),
        ("rule a:\n    input: 'b'\n    shell: 'c'\n", [], "MissingInputException in rule a in file "),
    ],
)
def test_what_snakemake_refuses_is_told_without_its_frames(
    snakefile: str, options: list[str], said: str, workflow: Path
) -> None:
    (workflow / "Snakefile").write_text(snakefile)
    with pytest.raises(UserError) as raised:
        dry_run("config.yaml", options)
    assert str(raised.value).startswith(said)
    assert not {"Host", "User"} & {line.partition(":")[0].strip() for line in str(raised.value).splitlines()}


def test_what_a_run_says_of_its_config_is_passed_on(
    workflow: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snakefile = workflow / "Snakefile"
    text = (
        "import sys\nprint('note: masks.k: 0.95 is 0.95 percent', file=sys.stderr)\n" + snakefile.read_text()
    )
    snakefile.write_text(text)
    assert [job.rule for job in dry_run("config.yaml", ["first"])] == ["first"]
    assert capsys.readouterr().err == "note: masks.k: 0.95 is 0.95 percent\n"
    snakefile.write_text(text + "raise KeyError('x')\n")
    with pytest.raises(UserError) as raised:
        list(dry_run("config.yaml"))
    assert "note: " not in str(raised.value)


def test_what_a_killed_run_left_is_told(workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run sees none of it: the output is there, and Snakemake's mark that it is unfinished is not."""
    for name in ("first.txt", "second.txt"):
        (workflow / name).touch()
    lock = workflow / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True)
    assert list(dry_run("config.yaml")) == []
    assert capsys.readouterr().err == ""
    lock.write_text("none.txt\n")
    assert list(dry_run("config.yaml")) == []
    assert capsys.readouterr().err == "an earlier run was killed: make run clears its lock\n"
    lock.write_text("first.txt\nsecond.txt\n")
    assert list(dry_run("config.yaml")) == []
    assert capsys.readouterr().err == (
        "an earlier run was killed: 2 outputs that it left without a whole record are made again too, and"
        " what follows; not counted here\n"
    )
    assert lock.exists() and not list((workflow / ".snakemake").glob("incomplete/*"))
    # A run that is on has the locks.
    descriptor, _ = hold(workflow)
    assert after_a_kill(workflow) == ""
    os.close(descriptor)
    assert after_a_kill(workflow).startswith("an earlier run was killed: 2 outputs")
