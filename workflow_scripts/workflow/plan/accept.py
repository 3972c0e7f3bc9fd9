"""Adopt finished results when only code, command or form of params changed: ``make accept CONFIG=…``.

Trainings are adopted in their own record, changed libraries included (training_code), all other stages in
Snakemake's (adoption). If one is refused, no stage is adopted, unless ``--partly`` asks for the rest.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
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
    """Return a line for each stage: its adopted jobs and why they would have run."""
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


def adopt_stages(configfile: str, options: list[str], partly: bool) -> dict[str, Any]:
    """Adopt what can be adopted, and return the report (adoption). UserError: a plan or record failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        os.environ[REPORT_VARIABLE] = str(report)
        os.environ[PARTLY_VARIABLE] = "yes" if partly else "no"
        dry_run(configfile, options)  # its jobs say less than the report
        if not report.exists():
            raise UserError("no result was adopted: Snakemake ended without a plan")
        done: dict[str, Any] = read_json(report)
    if done["error"]:
        raise UserError(done["error"])
    return done


def report_adopted(done: dict[str, Any], partly: bool) -> None:
    """Print what was adopted and what is left; raises UserError if what was refused keeps back the rest."""
    adopted, refused = done["adopted"], []
    for stage, reason, files in done["refused"]:
        more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
        refused.append(f"{stage} is not adopted: {files[0]}{more}: {reason}")
    if refused and not partly:
        rest = f"; the {len(adopted)} jobs that could be: ARGS=--partly" if adopted else ""
        raise UserError("\n".join([*refused, f"so no stage was adopted{rest}"]))
    for line in [*refused, *(lines_of_adopted(adopted) if adopted else [])]:
        print(line)
    jobs = "1 job" if len(adopted) == 1 else f"{len(adopted)} jobs"
    print(f"{jobs} adopted" if adopted else "nothing else to adopt")
    left = [(done["new"], "not made yet"), (done["follow"], "that follow from others")]
    if said := [f"{number} {what}" for number, what in left if number]:
        print(f"left to the next run: {', '.join(said)}")


def main(argv: list[str] | None = None) -> None:
    """Adopt an experiment's finished results."""
    parser = parser_of(__doc__, directory=False)
    parser.add_argument("--partly", action="store_true", help="adopt what can be though others are refused")
    arguments, options = parser.parse_known_args(argv)
    if starts_nothing(options):
        raise UserError("make accept writes records, and has no dry run: make why shows what would run")
    if any(option.startswith(("--config", "-C")) for option in options):
        raise UserError("make accept takes one config file as it is, without --config")
    experiment = load_file(arguments.configfile)
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
        report_adopted(adopt_stages(arguments.configfile, options, arguments.partly), arguments.partly)


if __name__ == "__main__":
    run_main(main)
