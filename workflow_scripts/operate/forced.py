"""Outputs that are there and up to date by their times, and must be made again all the same.

Damaged ones (operate.damage), and systems whose training ``make retrain`` was asked for. Snakemake takes
them by ``--forcerun``, in a dry run too. Input: Snakemake's options. Output: options that name these files.
"""

from __future__ import annotations

import sys
from pathlib import Path

from workflow_scripts.operate.damage import damaged_files
from workflow_scripts.operate.training_code import retrain_requests

FORCERUN = ("--forcerun", "-R")


def with_forced(options: list[str], folder: Path, results: Path) -> list[str]:
    """Return the options with ``--forcerun`` for what must be made again, and say what that is.

    ``folder``: the working directory; ``results``: the experiment's results below it.
    """
    damaged = damaged_files(folder / results)
    for path, problem in damaged.items():
        print(f"{path}: {problem}; it is made again", file=sys.stderr)
    again = retrain_requests(folder / results)
    for path in again:
        print(f"{Path(path).parent}: it is trained again, as make retrain asked", file=sys.stderr)
    files = [str(Path(path).relative_to(folder)) for path in {**damaged, **dict.fromkeys(again)}]
    if not files:
        return options
    for number, option in enumerate(options):
        if option in FORCERUN:
            return [*options[: number + 1], *files, *options[number + 1 :]]
    return [*options, FORCERUN[0], *files]
