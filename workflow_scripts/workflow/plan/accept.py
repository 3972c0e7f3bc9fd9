"""Adopt finished results whose code, command or form of params alone changed: ``make accept CONFIG=…``.

Trainings are adopted by their own record (training_code), changed libraries included; every other
stage by Snakemake's (adoption, in a dry run). Results with other values, inputs or packages, without
an output, or not finished are refused, and then no stage is adopted, unless ``--partly`` asks for the rest.
Exit status 1 if something was refused.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.workflow.plan.adoption import PARTLY_VARIABLE, REPORT_VARIABLE, UNKNOWN
from workflow_scripts.workflow.plan.dry_run import dry_run
from workflow_scripts.workflow.plan.same_settings import CODE, COMMAND, FORM
from workflow_scripts.workflow.plan.training_code import accept_all
from workflow_scripts.workflow.run.leftovers import mark_unfinished
from workflow_scripts.workflow.run.preflight import unwritable
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.run.start import (
    LOCK,
    hold,
    other_runs,
    results_taken,
    starts_nothing,
)


def lines_of_adopted(adopted: list[list[Any]]) -> list[str]:
    """Return a line for each stage: its name, how many of its jobs were adopted, and why they would have run.

    ``adopted``: for each job its stage and its reasons.
    """
    stages: dict[str, list[list[str]]] = {}
    for stage, reasons in adopted:
        stages.setdefault(stage, []).append(reasons)
    wide, digits = max(map(len, stages)), len(str(max(map(len, stages.values()))))
    return [
        f"{stage:<{wide}}  {len(jobs):>{digits}}  "
        + ", ".join(
            kind for kind in (CODE, COMMAND, FORM, UNKNOWN) if any(kind in reasons for reasons in jobs)
        )
        for stage, jobs in stages.items()
    ]


def lines_of_refused(refused: list[list[Any]]) -> list[str]:
    """Return a line for each stage and reason, with one output that stands for all.

    ``refused``: stage, reason, outputs.
    """
    lines = []
    for stage, reason, files in refused:
        more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
        lines.append(f"{stage} is not adopted: {files[0]}{more}: {reason}")
    return lines


def adopt_stages(configfile: str, options: list[str], partly: bool) -> dict[str, Any]:
    """Adopt what can be of every stage, and return what workflow.plan.adoption reports.

    Args:
        configfile: the experiment's config.
        options: more of Snakemake's options.
        partly: adopt although other jobs are refused.

    Raises:
        UserError: Snakemake cannot plan, or a record cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        os.environ[REPORT_VARIABLE] = str(report)
        os.environ[PARTLY_VARIABLE] = "yes" if partly else "no"
        dry_run(configfile, options)  # its jobs say less than the report
        if not report.exists():
            raise UserError("no result was adopted: Snakemake ended without a plan")
        told: dict[str, Any] = read_json(report)
    if told["error"]:
        raise UserError(told["error"])
    return told


def tell(told: dict[str, Any], partly: bool) -> None:
    """Print what was adopted and what is left.

    Raises:
        UserError: something was refused, so that nothing was adopted.
    """
    adopted, refused = told["adopted"], lines_of_refused(told["refused"])
    if refused and not partly:
        rest = f"; the {len(adopted)} jobs that could be: ARGS=--partly" if adopted else ""
        raise UserError("\n".join([*refused, f"so no stage was adopted{rest}"]))
    for line in [*refused, *(lines_of_adopted(adopted) if adopted else [])]:
        print(line)
    jobs = "1 job" if len(adopted) == 1 else f"{len(adopted)} jobs"
    print(f"{jobs} adopted" if adopted else "nothing else to adopt")
    left = [(told["new"], "not made yet"), (told["follow"], "that follow from others")]
    if said := [f"{number} {what}" for number, what in left if number]:
        print(f"left to the next run: {', '.join(said)}")


def main(argv: list[str] | None = None) -> None:
    """Adopt an experiment's finished results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--configfile", required=True)
    parser.add_argument("--partly", action="store_true", help="adopt what can be though others are refused")
    arguments, options = parser.parse_known_args(argv)
    if starts_nothing(options):
        raise UserError("make accept writes records, and has no dry run: make why tells what would run")
    if any(option.startswith(("--config", "-C")) for option in options):
        raise UserError("make accept takes one config file as it is, without --config")
    experiment = load_experiment(read_yaml(arguments.configfile), [arguments.configfile])
    folder = working_directory(options)
    if problem := unwritable([str(folder / LOCK)]):
        raise UserError(problem)
    # Held to the end of this process: a run that starts meanwhile waits.
    _, alone = hold(folder)
    if not alone or other_runs(folder):
        raise UserError(f"a run is on in {folder.resolve()}: wait for its end, or stop it")
    with results_taken(folder, experiment):
        if any((folder / ".snakemake" / "locks").glob("*")):
            mark_unfinished(folder)  # or a plan does not see what a killed run left
        accept_all(experiment, folder / "results" / experiment.experiment)
        sys.stdout.flush()
        tell(adopt_stages(arguments.configfile, options, arguments.partly), arguments.partly)


if __name__ == "__main__":
    run_main(main)
