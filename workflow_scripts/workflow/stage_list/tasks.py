"""Stages of encoders and their tasks: tables to examples to trained systems to the heads of each task."""

from collections.abc import Iterator
from typing import Any

from workflow_scripts.common.task_tables import PARTS, TEST
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.tasks.experiment import TaskExperiment
from workflow_scripts.workflow.stage import Pattern, Stage, Wildcards, each, own_rule
from workflow_scripts.workflow.stage_list.analyses import of_systems, tables_at
from workflow_scripts.workflow.stage_list.models import DESCRIBED

#: The folder of all examples, and what is known of a task's.
EXAMPLES, KNOWN = "data/tasks", "data/tasks/{task}.json"
_SYSTEM = "systems/{learner}/s{seed}"


def tasks_of(experiment: Experiment) -> TaskExperiment:
    """Return an experiment as one of tasks, which these stages are of."""
    assert isinstance(experiment, TaskExperiment), "stages of tasks are of experiments with tasks"
    return experiment


def parts_of_task(experiment: TaskExperiment, task: str) -> list[str]:
    """Return the parts of which a task has examples: test only where it has a table."""
    return [part for part in PARTS if part != TEST or experiment.tasks.tables[task].has_test]


def examples_of(experiment: TaskExperiment, *parts: str) -> list[str]:
    """Return the examples of all tasks, of these parts as far as all tasks have them."""
    every = experiment.tasks.tables
    return [
        f"{EXAMPLES}/{part}/{task}.jsonl"
        for part in parts
        if all(part in parts_of_task(experiment, one) for one in every)
        for task in every
    ]


def _examples(experiment: Experiment, wildcards: Wildcards) -> list[str]:
    parts = parts_of_task(tasks_of(experiment), wildcards["task"])
    return [f"{EXAMPLES}/{part}/{{task}}.jsonl" for part in parts]


def _system(file: str) -> Pattern:
    return f"{_SYSTEM}/{file}"


def _trained(experiment: Experiment) -> list[dict[str, Any]]:
    return each(learner=tasks_of(experiment).tasks.systems, seed=experiment.train.seeds)


def _pruned(experiment: Experiment) -> list[dict[str, Any]]:
    return of_systems(experiment, tasks_of(experiment).tasks.heads)


def _prepared(experiment: Experiment) -> Iterator[dict[str, Any]]:
    yield from ({"task": task} for task in tasks_of(experiment).tasks.tables)


STAGES = (
    Stage(
        "data.prepare_tasks",
        "evaluate",  # it reads Parquet
        log="{task}",
        files={"known": KNOWN, "examples": _examples},
        rule=lambda e, w: own_rule("prepare_tasks", w["task"]),
        jobs=_prepared,
    ),
    Stage(
        "train.train_encoder",
        "hf",
        log="{learner}.s{seed}",
        files={
            **{role: _system(name) for role, name in DESCRIBED.items()},
            "tasks": _system("tasks.json"),
            "training": _system("training.json"),
        },
        jobs=_trained,
        asked_for=("training",),
        gpu=True,
    ),
    Stage(
        "analyse.heads.prune_tasks",
        "hf",
        log="{system}.s{seed}",
        files=tables_at("analysis/prune_tasks/{system}/s{seed}"),
        asked_for=("json",),
        jobs=_pruned,
        gpu=True,
    ),
    Stage(
        "report.tables.tabulate_tasks",
        "text",
        log="tasks",
        files=tables_at("tables/tasks"),
        asked_for=("markdown", "csv", "json"),
        jobs=lambda e: [{}],
        local=True,
    ),
)
