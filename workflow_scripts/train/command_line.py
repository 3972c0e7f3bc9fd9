"""What the programs of both trainings share: their options, how they start, and the call of the trainer."""

import argparse
import json
import os
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.train.deadline import Deadline
from workflow_scripts.train.launch import start_processes, take_place
from workflow_scripts.train.training_settings import checked_settings

#: How often a waiting thread of OpenMP looks before it sleeps.
SPINS = "1000"


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of both programs: settings, data, seed, folders, hash of the code."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--settings", type=json_object, required=True, help="JSON, see training_settings.py")
    parser.add_argument(
        "--execution",
        type=json_object,
        default={},
        help="JSON: more settings, which leave the result as it is; with those above all that there are",
    )
    parser.add_argument("--data-bin", required=True, help="folder of binarised text; of shards: A:B:C")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", required=True, help="where training works and resumes")
    parser.add_argument("--out", required=True, help="system folder")
    parser.add_argument("--code", help="hash of the training's code and libraries, recorded")
    parser.add_argument("--runtime", type=float, help="minutes, where SLURM sets no limit")
    parser.add_argument("--start-with", metavar="COMMAND", help="starts several processes: srun …")
    return parser


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object from the command line; UserError for anything else."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"{text!r:.60} on the command line is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{text!r:.60} on the command line is not a JSON object of names and values")
    return value


def start(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Return the options, after starting several processes if asked. Call it before torch is imported."""
    arguments = parser.parse_args(argv)
    # A thread that waits spins for some microseconds, then sleeps. If it slept at once, small networks would
    # take half as long again; if it spun on, it would keep others from a shared core.
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    start_processes(arguments.start_with)
    take_place()
    return arguments


def train(arguments: argparse.Namespace, **system: Any) -> None:
    """Train by the options; `system`: what the program adds to the plan. Raises as `train_system`."""
    deadline = Deadline.of_this_process(arguments.runtime)

    from workflow_scripts.models.training.plan import TrainingPlan
    from workflow_scripts.train.train_system import train_system

    names = ("system", "seed", "directions", "data_bin", "folder")
    plan = TrainingPlan(
        **{name: getattr(arguments, name) for name in names},
        settings=checked_settings({**arguments.settings, **arguments.execution}),
        **system,
    )
    train_system(plan, arguments.out, arguments.code, deadline)
