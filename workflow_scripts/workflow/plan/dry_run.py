"""What `make run` would do: a dry run of Snakemake, which writes its jobs down (workflow.graph)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.graph import GRAPH_VARIABLE, PlannedJob, read
from workflow_scripts.workflow.run.leftovers import unfinished
from workflow_scripts.workflow.run.results_lock import others_of, run_of
from workflow_scripts.workflow.run.running import runs_in
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.run.start import complete, read_config

#: How a line of ours begins (workflow.run.terminal), and one that a run says of its config.
OURS, NOTE = "error: ", "note: "
#: Of what Snakemake says when it refuses, and what is left out: its own frames, and where it runs.
_MOST_LINES = 20
_FRAME = re.compile(
    rf"{NOTE}|  File |Assuming |host:|Using workflow specific profile |Building DAG"
    r"|SNAKEMAKE$|=+$|  [A-Z][\w ()]+: "
)


def after_a_kill(folder: Path) -> str:
    """Return the line on what `make run` does first, where an earlier run was killed; "" where none was.

    Then Snakemake's lock is there and no run is on. What that run left unfinished and Snakemake does not
    notice is marked by `make run` only: a dry run does not see it.
    """
    if not any((folder / ".snakemake" / "locks").glob("*")) or runs_in(folder):
        return ""
    number = len(unfinished(folder)[0])
    if not number:
        return "an earlier run was killed: make run clears its lock"
    outputs, are = ("output", "is") if number == 1 else ("outputs", "are")
    return (
        f"an earlier run was killed: {number} {outputs} that it left without a whole record {are} made again"
        " too, and what follows; not counted here"
    )


def dry_run(configfile: str | Path, options: Sequence[str] = ()) -> Iterator[PlannedJob]:
    """Return the jobs that `make run` would run, one by one; paths of theirs are from its working directory.

    Says on stderr what it will do besides, after a run that was killed.

    Args:
        configfile: the experiment's config.
        options: more of Snakemake's options.

    Raises:
        UserError: Snakemake refuses; what it said, without its own frames.
    """
    # Targets may stand at the end: behind --configfile they would be config files, behind --quiet its words.
    ours = ["--configfile", str(configfile), "--dry-run", "--quiet", "all", "--cores", "1"]
    given = [*ours, *options]
    folder, experiment = working_directory(given), read_config(given)
    busy = experiment and run_of(folder / "results" / experiment.experiment)
    if busy and not busy.is_this():
        print(f"a run is on ({busy.words()}): what it has still to make is among these jobs", file=sys.stderr)
    elif said := after_a_kill(folder):
        print(said, file=sys.stderr)
    if experiment and (others := others_of(folder / "results" / experiment.experiment, folder)):
        where = ", ".join(others)
        print(f"a run in {where} did not end well: make run looks first at what it made", file=sys.stderr)
    command = [sys.executable, "-m", "snakemake", *complete(given, experiment)]
    with tempfile.TemporaryDirectory() as private:
        graph = Path(private, "jobs.jsonl")
        variables = {**os.environ, GRAPH_VARIABLE: str(graph)}
        done = subprocess.run(
            command, env=variables, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise UserError(_said(done.stdout + done.stderr))
        if not graph.exists():
            raise UserError("Snakemake ended without a plan")
        for line in done.stderr.splitlines():
            if line.startswith(NOTE):
                print(line, file=sys.stderr)
        # It is read to its end after it is removed.
        return read(graph.open(encoding="utf-8"))


def _said(text: str) -> str:
    """Return the lines that tell a user what is wrong."""
    if ours := [line.removeprefix(OURS) for line in text.splitlines() if line.startswith(OURS)]:
        return "\n".join(ours)
    _, found, wrong_option = text.rpartition("__main__.py: error: ")
    if found:
        return wrong_option.strip()
    _, found, rest = text.partition("WorkflowError in file")
    lines = (rest.partition("\n")[2] if found else text).splitlines()
    told = [line for line in lines if line.strip() and not _FRAME.match(line)]
    if len(told) > _MOST_LINES:
        told[_MOST_LINES:] = [f"and {len(told) - _MOST_LINES} lines more"]
    return "\n".join(told) or "the dry run failed without a word"
