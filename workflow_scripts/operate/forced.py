"""Outputs that are there and up to date by their times, and must be made again all the same.

Damaged ones (operate.damage), and systems whose training ``make retrain`` was asked for. Snakemake takes
them by ``--forcerun``, in a dry run too. Input: Snakemake's options. Output: options that name these files.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.operate.damage import damaged_files

FORCERUN = ("--forcerun", "-R")


def with_forced(options: list[str]) -> list[str]:
    """Return the options with ``--forcerun`` for what must be made again, and say what that is.

    Raises:
        UserError: the config cannot be read or holds mistakes.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    parser.add_argument("--directory", "-d", type=Path, default=Path())
    known, _ = parser.parse_known_args(options)
    # Merged configs are Snakemake's: what they come to is not known here.
    if len(known.configfile) != 1 or "--config" in options:
        return options
    experiment = load_experiment(read_yaml(known.configfile[0]), known.configfile)
    results = Path("results") / experiment.experiment
    damaged = damaged_files(known.directory / results)
    for path, problem in damaged.items():
        print(f"{path}: {problem}; it is made again", file=sys.stderr)
    files = [str(Path(path).relative_to(known.directory)) for path in damaged]
    if not files:
        return options
    for number, option in enumerate(options):
        if option in FORCERUN:
            return [*options[: number + 1], *files, *options[number + 1 :]]
    return [*options, FORCERUN[0], *files]
