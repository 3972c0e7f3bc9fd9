"""Outputs that Snakemake would not make again, and that must be made all the same.

Damaged ones (operate.damage), what an earlier run was to make and did not (operate.planned), what nothing
says the settings of (operate.unrecorded), and systems whose training ``make retrain`` was asked for.
Snakemake takes them by ``--forcerun``, in a dry run too.
Input: Snakemake's options. Output: options that name these files.
"""

from __future__ import annotations

import sys
from pathlib import Path

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.operate.damage import damaged_files
from workflow_scripts.operate.planned import NOT_FINISHED, lost
from workflow_scripts.operate.results_lock import run_of
from workflow_scripts.operate.training_code import retrain_requests
from workflow_scripts.operate.unrecorded import NOT_AS_LISTED, Unrecorded, told, unrecorded
from workflow_scripts.workflow.stages import jobs_of

FORCERUN = ("--forcerun", "-R")
# A word of the options that begins so is a target, unless it is one of the files to be made again.
RESULTS = "results/"


def is_being_made(results: Path) -> bool:
    """True if another run is on: what the list names, it is making."""
    run = run_of(results)
    return run is not None and not run.is_this()


def with_forced(options: list[str], folder: Path, experiment: Experiment) -> list[str]:
    """Return the options with ``--forcerun`` for what must be made again, and say what that is.

    Snakemake makes such files in addition to its targets: where files are asked for by name, and for files
    that the config makes no more, nothing is added.

    Args:
        folder: the working directory.
    """
    results = Path(RESULTS) / experiment.experiment
    outputs = [file for job in jobs_of(experiment) for file in job.outputs]
    made = {str(results / file) for file in outputs}
    problems = {
        str(Path(path).relative_to(folder)): problem
        for path, problem in damaged_files(folder / results, outputs).items()
    }
    is_on = is_being_made(folder / results)
    for file in [] if is_on else lost(folder / results):
        problems[str(results / file)] = NOT_FINISHED
    for path in retrain_requests(folder / results):
        problems[str(Path(path).relative_to(folder))] = (
            "its training is to be done anew, as make retrain asked"
        )
    without_record = Unrecorded() if is_on else unrecorded(folder, str(results), outputs)
    for file in without_record.other:
        problems.setdefault(str(results / file), NOT_AS_LISTED)
    if said := told(without_record, experiment, folder / results):
        print(said, file=sys.stderr)
    problems = {path: problem for path, problem in problems.items() if path in made}
    targets = any(
        word.startswith(RESULTS) and before not in FORCERUN
        for before, word in zip(["", *options], options, strict=False)
    )
    then = "a run without targets makes it again" if targets else "it is made again"
    alike: dict[str, list[str]] = {}
    for path, problem in problems.items():
        alike.setdefault(problem, []).append(path)
    for problem, (path, *more) in alike.items():
        others = f" (and {len(more)} more)" if more else ""
        print(f"{path}{others}: {problem}; {then}", file=sys.stderr)
    if targets or not problems:
        return options
    for number, option in enumerate(options):
        if option in FORCERUN:
            return [*options[: number + 1], *problems, *options[number + 1 :]]
    # What stands behind a `--` is a target.
    end = options.index("--") if "--" in options else len(options)
    return [*options[:end], FORCERUN[0], *problems, *options[end:]]
