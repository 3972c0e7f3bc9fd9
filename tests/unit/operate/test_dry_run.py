"""The text of a dry run, read into jobs: literal text with its jobs worked out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow_scripts.errors import UserError
from workflow_scripts.operate.dry_run import PlannedJob, Reason, after_a_kill, dry_run, parse, parse_reason
from workflow_scripts.operate.run import hold

TEXT = """\
Assuming unrestricted shared filesystem usage.

Building DAG of jobs...
Job stats:
job       count
------  -------
decode        1
total         3

[Sat Nov 21 10:00:10 2026]
rule count_encoder_en_1:
    input: results/x/a.json, results/x/b.bin
    output: results/x/en-de.npz, results/x/en-fr.npz
    log: results/x/logs/count_encoder/baseline.s1.en_1.log
    jobid: 7
    benchmark: results/x/benchmarks/count_encoder/baseline.s1.en_1.tsv
    reason: Missing output files: results/x/en-fr.npz, results/x/en-de.npz
    wildcards: seed=1
    priority: 1
    threads: 2
    resources: tmpdir=/tmp, gpu=1
Shell command: run-in fairseq count \\
    --directions en-de en-fr

[Sat Nov 21 10:00:10 2026]
localrule make_all:
    output: results/x/c
    jobid: 8
    reason: Forced execution
    resources: tmpdir=<TBD>
[Sat Nov 21 10:00:10 2026]
rule all:
    input: results/x/c
    jobid: 0
    reason: Input files updated by another job: results/x/c
    resources: tmpdir=/tmp
Job stats:
rule never_a_job:
    output: no
"""


PARAMS = (
    "Params have changed since last execution: Union of exclusive params before and now across all output:"
)


def test_jobs_are_read_with_all_their_fields() -> None:
    first, second = parse(TEXT.splitlines(keepends=True))
    assert first == PlannedJob(
        rule="count_encoder_en_1",
        wildcards={"seed": "1"},
        inputs=("results/x/a.json", "results/x/b.bin"),
        outputs=("results/x/en-de.npz", "results/x/en-fr.npz"),
        benchmark="results/x/benchmarks/count_encoder/baseline.s1.en_1.tsv",
        log="results/x/logs/count_encoder/baseline.s1.en_1.log",
        threads=2,
        reason=Reason(missing=("results/x/en-de.npz", "results/x/en-fr.npz")),
        command="Shell command: run-in fairseq count \\\n    --directions en-de en-fr",
        gpus=1,
    )
    assert first.stage == "count_encoder"
    assert (second.rule, second.stage, second.command) == ("make_all", "make_all", "")
    assert second.reason == Reason(forced=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Missing output files: a; Input files updated by another job: c, b",
            Reason(missing=("a",), made_by_others=("b", "c")),
        ),
        (
            "Updated input files: text/train.de; Code has changed since last execution",
            Reason(updated=("text/train.de",), other_command=True),
        ),
        (
            f"Set of input files has changed since last execution; {PARAMS}"
            " before: '--beam 5; now: 4',['a', 'b'] now: '--beam 4',3 ",
            Reason(other_inputs=True, before=("--beam 5; now: 4", ["a", "b"]), now=("--beam 4", 3)),
        ),
        (
            f"{PARAMS} before: <nothing exclusive> now: '0123456789abcdef' ;"
            " Software environment definition has changed since last execution",
            Reason(now=("0123456789abcdef",), other_software=True),
        ),
        ("Incomplete output files: a", Reason(incomplete=("a",))),
    ],
)
def test_reasons_are_taken_apart(text: str, reason: Reason) -> None:
    assert parse_reason(text) == reason


def test_outputs_that_a_job_keeps_are_files_like_others() -> None:
    text = "rule fetch:\n    output: results/x/a.gz (update), results/x/b.gz (update)\n    jobid: 0\n"
    (job,) = parse(text.splitlines(keepends=True))
    assert job.outputs == ("results/x/a.gz", "results/x/b.gz")


def test_twenty_thousand_jobs_are_read_as_they_come() -> None:
    job = "rule decode:\n    output: results/x/{0}.txt\n    jobid: {0}\n    resources: tmpdir=/tmp\n"
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for number in range(20_000):
            for line in job.format(number).splitlines(keepends=True):
                read += 1
                yield line

    jobs = parse(lines())
    assert next(jobs).outputs == ("results/x/0.txt",)
    assert read == 5  # the first job and the head of the second
    assert sum(1 for _ in jobs) == 19_999


SNAKEFILE = """
rule second:
    input: "first.txt"
    output: "second.txt"
    params: word="one"
    shell: "echo {params.word} > {output}"
rule first:
    output: "first.txt"
    shell: "touch {output}"
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
    jobs = list(dry_run("config.yaml", commands=True))
    assert [(job.rule, job.outputs) for job in jobs] == [
        ("first", ("first.txt",)),
        ("second", ("second.txt",)),
    ]
    assert jobs[1].command == "Shell command: echo one > second.txt"
    assert jobs[1].reason.made_by_others == ("first.txt",)
    assert [job.command for job in dry_run("config.yaml")] == ["", ""]


@pytest.mark.parametrize("words", [["first"], ["--", "first"], ["--until", "first"]])
def test_targets_are_no_config_files(words: list[str], workflow: Path) -> None:
    assert [job.rule for job in dry_run("config.yaml", words)] == ["first"]


def test_a_config_may_have_blanks(workflow: Path) -> None:
    (workflow / "my config.yaml").write_text((workflow / "config.yaml").read_text())
    assert [job.rule for job in dry_run("my config.yaml", ["first"])] == ["first"]


def test_what_snakemake_refuses_is_told_without_its_frames(workflow: Path) -> None:
    (workflow / "Snakefile").write_text(
        "from snakemake.exceptions import WorkflowError\nraise WorkflowError('data: no text for de-en')\n"
    )
    with pytest.raises(UserError) as raised:
        list(dry_run("config.yaml"))
    assert str(raised.value) == "data: no text for de-en"


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
