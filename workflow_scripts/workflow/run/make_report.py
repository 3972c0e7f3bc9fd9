"""Snakemake's report of an experiment, a zip that opens offline: ``make report CONFIG=…``.

It has what the present config needs not make again. Results that are missing, or that a dry run would make
again (with another threshold, for example), are left out, and the report says PARTIAL, which ones, and why.
Snakemake alone would put an old figure under the new config, or write nothing.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.common.errors import UserError, first_of, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.common.naming import number_of
from workflow_scripts.common.restructured import escaped
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.graph import PlannedJob
from workflow_scripts.workflow.plan.dry_run import dry_run
from workflow_scripts.workflow.plan.why import reason_of
from workflow_scripts.workflow.run.explore import PAGE as EXPLORER
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.software.environments import ENVIRONMENTS, environment_identity
from workflow_scripts.workflow.stages import stages_of

REPORT = "report.zip"
#: Names the file that stands above the results of a report (rules/run.smk).
DESCRIPTION_VARIABLE = "NEURONSPEC_REPORT_DESCRIPTION"
#: Results that can be looked at, of these rooms: what rules mark for the report.
SHOWN, ROOMS = (".md", ".png", ".html"), ("report.", "analyse.")
MISSING = "missing: not made yet"
#: Files named in the description, of each reason.
NAMED = 20


@dataclass(frozen=True)
class Left:
    """Results that are not in the report, relative to the results folder, and why."""

    reason: str
    files: tuple[str, ...]


def can_be_shown(experiment: Experiment) -> list[str]:
    """Return the results of an experiment that a report has when all are there."""
    stages = (stage for stage in stages_of(experiment).values() if stage.module.startswith(ROOMS))
    made = (file for stage in stages for job in stage.jobs_of(experiment) for file in job.outputs)
    files = dict.fromkeys(file for file in made if Path(file).suffix in SHOWN)
    # Of a page in both forms the one for browsers is shown.
    return [
        file for file in files if f"{file.removesuffix('.md')}.html" not in files or file.endswith(".html")
    ]


def left_out(
    jobs: Iterable[PlannedJob], folder: Path, name: str, wanted: Sequence[str], identities: Mapping[str, str]
) -> list[Left]:
    """Return the results that planned jobs would make, by reason; of missing ones the reason is that.

    ``folder``: the working directory, in which the results folder is called ``name``. ``wanted``: what a
    report could show, relative to the results folder. ``identities``: today's hashes of environments, to
    their names.
    """
    results, prefix, asked = folder / name, f"{name}/", {*wanted}
    made_by: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for job in jobs:
        made_by.update(dict.fromkeys(job.outputs, job.stage))
        reason, _ = reason_of(job, identities, made_by, {})
        reason = "its job makes more than is there" if reason == "new" else reason
        for file in (file.removeprefix(prefix) for file in job.outputs):
            if file in asked:
                is_there = (results / file).exists()
                found.setdefault(f"out of date ({reason})" if is_there else MISSING, []).append(file)
    known = {file for files in found.values() for file in files}
    if gone := [file for file in wanted if file not in known and not (results / file).exists()]:
        found.setdefault(MISSING, []).extend(gone)
    return [Left(reason, tuple(files)) for reason, files in sorted(found.items())]


def explorer_of(results: Path, shown: Sequence[str]) -> Path | None:
    """Return the page of ``make explorer``, which no rule makes, unless a result is newer than it."""
    page = results / EXPLORER
    if not page.is_file() or any((results / file).stat().st_mtime > page.stat().st_mtime for file in shown):
        return None
    return page


def description(experiment: str, left: Sequence[Left], shown: int, explorer: bool = False) -> str:
    """Return what is above the results, as reStructuredText: the experiment and, of a partial one, what it
    lacks. ``explorer``: whether that page lies beside the report."""
    title = escaped(f"{experiment}: results of neuronspec")
    lines = [title, "=" * (len(title) + 1), ""]
    lines += [f"`The explorer <{Path(EXPLORER).name}>`_ lies beside this page.", ""] if explorer else []
    if not left:
        return "\n".join([*lines, "All results are there, and made with the present config.", ""])
    lines += [f"**PARTIAL**: {shown} of {shown + sum(len(one.files) for one in left)} results.", ""]
    for one in left:
        lines += [escaped(f"{number_of(len(one.files), 'result')} {one.reason}:"), ""]
        lines += [f"* {escaped(name)}" for name in _named(one.files)] + [""]
    return "\n".join(lines)


def _named(files: Sequence[str]) -> Iterator[str]:
    yield from files[:NAMED]
    if len(files) > NAMED:
        yield f"and {len(files) - NAMED} more"


def write_report(
    configfile: str,
    options: Sequence[str],
    text: str,
    targets: Sequence[str],
    explorer: Path | None,
    out: Path,
) -> None:
    """Let Snakemake, with more ``options``, write a report of files, under a description (reStructuredText).
    ``explorer``: a page to lie beside it. UserError: what Snakemake says when it writes none."""
    # Snakemake calls the folder inside a zip as the zip is called.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".report.") as folder:
        above, made = (Path(folder, file).absolute() for file in ("description.rst", out.name))
        write_text(above, text)
        words = [
            "--configfile",
            configfile,
            "--report",
            str(made),
            "--cores",
            "1",
            "--nolock",
            *options,
            "--",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *words, *targets],
            env={**os.environ, DESCRIPTION_VARIABLE: str(above)},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode or not made.exists():
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise UserError(f"{out}: Snakemake wrote no report: {' '.join(lines[-2:])}")
        if explorer is not None:
            with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
                archive.write(explorer, f"{made.stem}/{explorer.name}")
        made.replace(out)


def main(argv: list[str] | None = None) -> None:
    """Write ``report.zip`` and say what it has and lacks. UserError: there is nothing to show."""
    parser = parser_of(__doc__, directory=False)
    arguments, options = parser.parse_known_args(argv)
    experiment = load_file(arguments.configfile)
    folder, name = working_directory(options), f"results/{experiment.experiment}"
    wanted = can_be_shown(experiment)
    identities = {environment_identity(name): name for name in ENVIRONMENTS}
    left = left_out(dry_run(arguments.configfile, options), folder, name, wanted, identities)
    without = {file for one in left for file in one.files}
    shown = [file for file in wanted if file not in without]
    for one in left:
        print(f"{number_of(len(one.files), 'result')} {one.reason}: {first_of(one.files)}", file=sys.stderr)
    if not shown:
        raise UserError(f"{name}: nothing to report; 'make run' with the same CONFIG makes it")
    explorer = explorer_of(folder / name, shown)
    text = description(experiment.experiment, left, len(shown), explorer is not None)
    targets = [f"{name}/{file}" for file in shown]
    write_report(arguments.configfile, options, text, targets, explorer, folder / name / REPORT)
    whole = number_of(len(shown), "result")
    print(
        f"{name}/{REPORT}: {f'PARTIAL, {len(shown)} of {len(wanted)} results' if left else whole}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    run_main(main)
