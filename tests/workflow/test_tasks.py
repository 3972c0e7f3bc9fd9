"""An encoder and its tasks: the jobs, where they run, what they read and what changes rerun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.small_config import TASKS
from tests.workflow.planned_jobs import Plan, plan
from tests.workflow.test_attached import below
from tests.workflow.test_job_counts import jobs, numbers, snakemake
from tests.workflow.test_planned_jobs import compared
from tests.workflow.test_stages import check
from workflow_scripts.common.task_tables import PARTS
from workflow_scripts.workflow.settings import HASHES, ORDER
from workflow_scripts.workflow.software.closure import closure_hash

FILES = ("config.json", "vocab.txt", "model.safetensors")
PROBES = {"text": "conllu", "conllu": {"en": "en.conllu"}, "stacks": ["encoder"], "properties": ["upos"]}


def with_tasks(**changes: Any) -> dict[str, Any]:
    return {**TASKS, "tasks": {**TASKS["tasks"], **changes}}


def lay_down(folder: Path) -> None:
    (folder / "tables").mkdir()
    for table in TASKS["tasks"]["tables"].values():
        for part in PARTS:
            if part in table:
                (folder / table[part]).touch()
    (folder / "encoder").mkdir()
    for name in FILES:
        (folder / "encoder" / name).touch()
    (folder / "en.conllu").touch()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("tasks")
    lay_down(folder)
    return plan(folder, {**with_tasks(longest=32), "train": {"seeds": [1, 2]}})


def test_the_jobs(tmp_path: Path) -> None:
    """Of translation there is nothing; probes and important heads add what they need."""
    lay_down(tmp_path)
    few = numbers(
        "prepare_tasks_colour=1 prepare_tasks_pairs=1 attach_model=1 train_encoder=1 prune_tasks=1"
        " tabulate_tasks=1 write_findings=1"
    )
    assert jobs(snakemake(tmp_path, TASKS, "-n")) == few
    more = with_tasks(important_heads={"heads": "2", "from_share": 0.5})
    probes = {**PROBES, "systems": ["baseline", "important_heads"], "scores": True}
    expected = numbers("train_encoder=2 label_words=1 collect_units=2 fit_probes=2 score_by_label=2") | {
        "compare_probes": 1
    }
    assert jobs(snakemake(tmp_path, {**more, "analysis": {"probes": probes}}, "-n")) == few | expected


def test_the_declared_jobs_are_those_of_snakemake(tmp_path: Path) -> None:
    lay_down(tmp_path)
    check(tmp_path, {**with_tasks(important_heads={}), "analysis": {"probes": PROBES}})


def test_tables_become_examples_of_one_task(planned: Plan) -> None:
    [job] = planned.of("prepare_tasks_pairs")
    assert job.started == ("evaluate", "data.prepare_tasks")  # it has pyarrow
    assert job.inputs == ["tables/pairs.train.jsonl", "tables/pairs.test.parquet"]
    # Without a table that chooses a part of the examples to learn from does.
    examples = {f"data/tasks/{part}/pairs.jsonl" for part in PARTS}
    assert below(job.outputs) == {"data/tasks/pairs.json", *examples}
    assert job.options == {
        "--columns": '{"label": "score", "texts": ["one", ["two", "three"]]}', "--regression": "",
        "--metric": "spearman", "--held-out": "0.1", "--task": "pairs",
        "--train": "tables/pairs.train.jsonl", "--test": "tables/pairs.test.parquet",
        "--out-root": "results/tiny/data/tasks", "--out-json": "results/tiny/data/tasks/pairs.json",
    }  # fmt: skip
    assert compared(job).keys() == {"columns", "regression", "metric", "held_out", ORDER, *HASHES}
    assert "held_out" not in compared(planned.of("prepare_tasks_colour")[0])


def test_two_tables_of_a_task_that_change_places_are_a_change(planned: Plan, tmp_path: Path) -> None:
    """Snakemake compares inputs as a set: what was learned from would be measured on."""
    lay_down(tmp_path)
    tables = TASKS["tasks"]["tables"]
    changed = {**tables["pairs"], "train": tables["pairs"]["test"], "test": tables["pairs"]["train"]}
    swapped = plan(tmp_path, with_tasks(tables={**tables, "pairs": changed}))
    jobs_of = [one.of("prepare_tasks_pairs")[0] for one in (planned, swapped)]
    assert [one.inputs for one in jobs_of] == [
        ["tables/pairs.train.jsonl", "tables/pairs.test.parquet"],
        ["tables/pairs.test.parquet", "tables/pairs.train.jsonl"],
    ]
    # `test` is before `train` in the alphabet.
    assert [compared(one).get(ORDER) for one in jobs_of] == [[1, 0], None]


def test_the_encoder_gets_a_head_for_each_task(planned: Plan) -> None:
    job = planned.job("attach_model", seed="2")
    known = {f"data/tasks/{task}.json" for task in ("colour", "pairs")}
    assert below(job.inputs) == {*known, *(f"encoder/{name}" for name in FILES)}
    assert job.options["--tables"] == "results/tiny/data/tasks/colour.json results/tiny/data/tasks/pairs.json"
    assert (job.options["--longest"], job.options["--model"]) == ("32", "encoder")
    assert compared(job).keys() == {"system", "longest", *HASHES}


def test_training_reads_the_baseline_and_all_examples(planned: Plan) -> None:
    job = planned.job("train_encoder", learner="trained", seed="2")
    assert job.started == ("hf", "train.train_encoder")
    baseline = {f"systems/baseline/s2/{name}" for name in ("system.json", "model.safetensors")}
    parts = {f"data/tasks/{part}/{task}.jsonl" for part in PARTS for task in ("colour", "pairs")}
    assert below(job.inputs) == {*baseline, *parts}
    names = ("system.json", "model.safetensors", "tasks.json", "training.json")
    assert below(job.outputs) == {f"systems/trained/s2/{name}" for name in names}
    assert job.options["--check-every"] == "50" and job.options["--seed"] == "2"
    assert (
        '"max_updates": 100' in job.options["--settings"] and "check_every" not in job.options["--settings"]
    )
    assert compared(job).keys() == {"tasks", "system", "check_every", "settings", *HASHES}
    # Its code counts, as no training of it lasts long.
    assert compared(job)["code"] == closure_hash("train.train_encoder")


def test_tasks_are_measured_on_test_if_all_have_it(planned: Plan, tmp_path: Path) -> None:
    job = planned.job("prune_tasks", seed="1")
    assert job.options["--subset"] == "test" and job.options["--score-examples"] == "2000"
    assert {f"data/tasks/{part}/pairs.jsonl" for part in ("train", "test")} < below(job.inputs)
    lay_down(tmp_path)
    without = {name: {**one} for name, one in TASKS["tasks"]["tables"].items()}
    del without["pairs"]["test"]
    found = plan(tmp_path, with_tasks(tables=without))
    assert found.of("prune_tasks")[0].options["--subset"] == "valid"
    assert not [file for file in below(found.of("train_encoder")[0].inputs) if "/test/" in file]


def test_words_of_conllu_are_read_by_their_language(tmp_path: Path) -> None:
    lay_down(tmp_path)
    found = plan(tmp_path, {**TASKS, "analysis": {"probes": {**PROBES, "systems": ["trained"]}}})
    [labelled] = found.of("label_words")
    assert labelled.options["--labels"] == "en.conllu" and "--model" not in labelled.options
    [job] = found.of("collect_units")
    assert job.options["--directions"] == "en"
    assert job.options["--sources"] == "results/tiny/data/labels/conllu/{target}.jsonl"
    assert "data/labels/conllu/en.jsonl" in below(job.inputs)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    lay_down(tmp_path)
    (tmp_path / "tables/pairs.test.parquet").unlink()
    done = snakemake(tmp_path, TASKS, "-n")
    said = f"tasks.tables.pairs.test: there is no file tables/pairs.test.parquet in {tmp_path}"
    assert done.returncode != 0 and said in done.stdout + done.stderr
