"""Why jobs would run: each reason in its words, and few lines for many jobs."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tests.unit.workflow.planned import job_because as job
from tests.unit.workflow.trainings import experiment_of, write_finished
from workflow_scripts.workflow.plan.planned import NOT_FINISHED
from workflow_scripts.workflow.plan.why import explain, fate_of, table
from workflow_scripts.workflow.run.leftovers import place_of


def test_every_reason_has_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("benchmarks/lost/1.tsv", "benchmarks/more/1.tsv", "logs/lost/1.log", "logs/begun/1.log"):
        path = tmp_path / "results/x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    metadata = tmp_path / ".snakemake/metadata"
    metadata.mkdir(parents=True)
    for name in ("lost/1", "lost/2", "lost/2b"):
        (metadata / place_of(name, metadata)).touch()
    jobs = [
        job("new", "1", missing=("new/1",)),
        job("lost", "1", missing=("lost/1",)),
        job("lost", "2", missing=("lost/2", "lost/2b")),
        job("more", "1", missing=("more/new",)),
        job("begun", "1", missing=("begun/1",)),
        job("half", "1", incomplete=("half/1",)),
        job("input", "1", updated=("text/a", "text/b")),
        job("follows", "1", follows=("new/1", "lost/1")),
        job("setting", "1", before={"beam": 5}, now={"beam": 4}, inputs=True),
        job("command", "1", code=True),
        job("inputs", "1", inputs=True),
        job("forced", "1", forced=True),
        job("failed", "1", forced=True),
    ]
    assert table(explain(jobs, {}, remade={"failed/1": NOT_FINISHED})).splitlines() == [
        "new      1  new",
        "lost     2  made before, now missing: lost/1 (and 2 more)",
        "more     1  new: more/new",
        "begun    1  begun before, not finished",
        "half     1  stopped while it was written: half/1",
        "input    1  input changed: text/a (and 1 more)",
        "follows  1  follows from new, lost",
        "setting  1  a setting changed: beam 5 → 4",
        "command  1  its command changed",
        "inputs   1  it has other inputs than before",
        "forced   1  asked for, or damaged: forced/1",
        "failed   1  an earlier run was to make it, and did not finish: failed/1",
        "13 jobs would run",
    ]


@pytest.mark.parametrize(
    ("is_on", "said"), [(False, "stopped while it was written"), (True, "the run that is on is making it")]
)
def test_a_job_that_began_and_did_not_end_is_no_damage(is_on: bool, said: str) -> None:
    """`--rerun-incomplete` forces it."""
    jobs = [job("a", "1", forced=True), job("b", "1", incomplete=("b/1",)), job("c", "1", forced=True)]
    lines = explain(jobs, {}, begun={"a/1", "d/1"}, is_on=is_on)
    assert [line.text() for line in lines] == [f"{said}: a/1", f"{said}: b/1", "asked for, or damaged: c/1"]


def test_thousands_of_jobs_and_many_reasons_stay_a_few_lines() -> None:
    many = (job("decode", str(n), updated=(f"text/{n}",)) for n in range(5000))
    assert table(explain(many, {})).splitlines() == [
        "decode  5000  input changed: text/0 (and 4999 more)",
        "5000 jobs would run",
    ]
    # Six reasons: the commonest four are told.
    counts = {"a": 1, "b": 6, "c": 5, "d": 4, "e": 3, "f": 2}
    jobs = [
        job("decode", f"{name}{n}", before={"k": "x"}, now={"k": name})
        for name, count in counts.items()
        for n in range(count)
    ]
    assert [(line.jobs, line.reason) for line in explain(jobs, {})] == [
        (6, "a setting changed: k x → b"),
        (5, "a setting changed: k x → c"),
        (4, "a setting changed: k x → d"),
        (3, "a setting changed: k x → e"),
        (3, "2 other reasons"),
    ]


def test_a_training_is_told_its_fate(tmp_path: Path) -> None:
    experiment = experiment_of(finetune={"max_updates": 2000, "lr": 0.001})
    finetune = dataclasses.replace(
        job("finetune", "1", before={"k": "x"}, now={"k": "y"}),
        wildcards={"finetuned": "ns-k95", "seed": "1"},
        inputs=("masks",),
    )
    folder = tmp_path / "training/ns-k95/s1"
    (tmp_path / "masks").touch()
    os.utime(tmp_path / "masks", (1, 1))

    def fate(*made: str) -> str:
        one = dataclasses.replace(finetune, inputs=(str(tmp_path / "masks"),))
        return fate_of(experiment, tmp_path, one, [str(tmp_path / name) for name in made])

    assert fate() == ""
    write_finished(folder, experiment, "ns-k95", 1000, lr=0.5)
    assert fate() == "starts clean, the old training is kept aside"
    assert fate("masks") == "starts clean, the old training is kept aside"
    write_finished(folder, experiment, "ns-k95", 2000)
    assert fate() == "trained already, only exported again"
    assert fate("masks") == (
        "trained again, up to 2,000 updates; if its inputs come out the same, it is only exported again"
    )
    shorter = experiment_of(finetune={"max_updates": 1000, "lr": 0.001})
    write_finished(folder, shorter, "ns-k95", 1000)
    assert fate() == "goes on from update 1,000"
    assert fate("masks") == (
        "trained again, up to 2,000 updates; if its inputs come out the same, it goes on from update 1,000"
    )
    assert fate_of(experiment, tmp_path, job("decode", "1"), ()) == ""


def test_fates_follow_the_reasons_and_know_the_jobs_before() -> None:
    jobs = [job("select_masks", "1", missing=("m",)), job("finetune", "1", before={"k": "x"}, now={"k": "y"})]
    lines = explain(jobs, {}, lambda job, made: ", ".join(made) if job.rule == "finetune" else "")
    assert [line.reason for line in lines] == [
        "new",
        "a setting changed: k x → y; select_masks/1, finetune/1",
    ]


def test_nothing_to_do_is_said() -> None:
    assert table(explain([], {})) == "nothing to do: everything is there and up to date"
    assert table(explain([job("a", "1", missing=("x",))], {})).endswith("\n1 job would run")
