"""The jobs that a run would start, each with its reason, one JSON object a line.

Snakemake's plan has no public form, so this reads its objects. Its version is pinned, and
``tests/workflow/test_graph.py`` checks every attribute that is used.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

from workflow_scripts.common.files import atomic_path
from workflow_scripts.workflow.settings import json_object, python_value

#: Names the file that a dry run is to write its jobs to.
GRAPH_VARIABLE = "NEURONSPEC_GRAPH"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job would run. ``before``, ``now``: settings that differ; ``before`` may have no names."""

    missing: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    before: Mapping[str, Any] | None = None
    now: Mapping[str, Any] | None = None
    inputs: bool = False
    code: bool = False
    software: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job that would run. ``settings``: what it is compared by, by name. ``gpus``: its resource."""

    rule: str
    stage: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: str = ""
    benchmark: str = ""
    threads: int = 1
    gpus: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    reason: Reason = Reason()


def read(file: TextIO) -> Iterator[PlannedJob]:
    """Yield the jobs of a file one by one (there may be tens of thousands), and close it."""
    with file:
        for line in file:
            found = json.loads(line)
            reason = Reason(**_with_tuples(found.pop("reason")))
            yield PlannedJob(**_with_tuples(found), reason=reason)


def _with_tuples(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}


def write(path: Path, jobs: Iterable[PlannedJob]) -> None:
    """Write jobs to a file, which is there when it is whole."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for job in jobs:
            row = {**_as_dict(job), "reason": _as_dict(job.reason)}
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _as_dict(record: Any) -> dict[str, Any]:
    return {one.name: getattr(record, one.name) for one in fields(record)}


def planned_jobs(workflow: Any) -> Iterator[PlannedJob]:
    """Yield the jobs of a workflow that would run and make files, each after those that it waits for."""
    dag = workflow.dag
    order = {rule.name: number for number, rule in enumerate(workflow.rules)}
    for level in dag.toposorted():
        jobs = [job for job in level if job.output and dag.needrun(job)]
        for job in sorted(jobs, key=lambda one: (order[one.rule.name], str(one.output[0]))):
            yield planned_job(workflow, job)


def planned_job(workflow: Any, job: Any) -> PlannedJob:
    """Return a job of Snakemake's as a record."""
    gpus = job.resources.get("gpu", 0)
    benchmark = str(job.benchmark or "")
    return PlannedJob(
        rule=job.rule.name,
        stage=stage_of(job.rule.name, benchmark),
        wildcards=dict(job.wildcards_dict),
        inputs=tuple(map(str, job.input)),
        outputs=tuple(map(str, job.output)),
        log=str(job.log[0]) if job.log else "",
        benchmark=benchmark,
        threads=job.threads,
        gpus=gpus if isinstance(gpus, int) else 0,
        settings=settings_of(job),
        reason=reason_of(workflow.dag.reason(job)),
    )


def stage_of(rule: str, benchmark: str) -> str:
    """Return the stage of a rule: one of several rules has its benchmarks in one folder."""
    folders = Path(benchmark).parts
    return folders[folders.index("benchmarks") + 1] if "benchmarks" in folders else rule


def settings_of(job: Any) -> dict[str, Any]:
    """Return what a job is compared by, by name; for rules of a workflow around this one, the params."""
    found = json_object(job.params.get("settings"))
    return _own_params(job) if found is None else found


def _own_params(job: Any) -> dict[str, Any]:
    params = job.rule.params
    names = (name for name, value in params.items() if not job.rule._is_deriving_function(value))
    return dict(zip(names, job.non_derived_params, strict=True))


def reason_of(found: Any) -> Reason:
    """Return Snakemake's reason as a record."""
    before, now = _changed(found.params_changed)
    return Reason(
        missing=_files(found.missing_output),
        incomplete=_files(found.incomplete_output),
        updated=_files(found.updated_input - found.updated_input_run),
        follows=_files(found.updated_input_run),
        before=before,
        now=now,
        inputs=bool(found.input_changed),
        code=bool(found.code_changed),
        software=bool(found.software_stack_changed),
        forced=bool(found.forced),
    )


def _files(found: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(map(str, found)))


def _changed(params: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return settings before and now; other params are a list without names."""
    if not params:
        return None, None
    old, new = ([python_value(form) for form in sorted(kept)] for kept in (params.only_old, params.only_new))
    before, now = ([one for form in one_side if (one := json_object(form))] for one_side in (old, new))
    if not new or len(now) < len(new):
        return {"params": old}, {"params": new}
    # An earlier version kept several values without names.
    return (before[0] if before and len(before) == len(old) else {}), now[0]
