"""The options that the programs of trainings share, and the settings that follow from them."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from workflow_scripts.errors import UserError
from workflow_scripts.train.settings import check_settings


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add what both programs take: settings, data, seed, folders, and the hash of the code."""
    parser.add_argument("--settings", type=json_object, required=True, help="JSON; see train/settings.py")
    parser.add_argument(
        "--execution",
        type=json_object,
        default={},
        help="JSON: more settings, which leave the result as it is; with those above all that there are",
    )
    parser.add_argument(
        "--data-bin", required=True, help="folder of {subset}.{pair}.{lang}.bin/.idx; of shards: A:B:C"
    )
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--folder", required=True, help="where training works and resumes")
    parser.add_argument("--out", required=True, help="system folder")
    parser.add_argument("--code", help="hash of the training's code and libraries, recorded")
    parser.add_argument(
        "--runtime", type=float, help="minutes that this process has, where SLURM does not say it"
    )
    parser.add_argument(
        "--start-with", metavar="COMMAND", help="what starts several processes of this program: srun …"
    )


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object from the command line; UserError if it is none."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"{text!r:.60} on the command line is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{text!r:.60} on the command line is no JSON object of names and values")
    return value


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the complete settings of a parsed command line; raises UserError for one that cannot be."""
    return check_settings({**arguments.settings, **arguments.execution})


def let_waiting_threads_sleep() -> None:
    """Call before torch is imported: on shared cores a spinning thread keeps a working one from its core."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
