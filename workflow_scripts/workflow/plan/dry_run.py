"""What `make run` would do, from a dry run of Snakemake that writes down its jobs (workflow.graph)."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.workflow.arguments import folder_there
from workflow_scripts.workflow.graph import GRAPH_VARIABLE, PlannedJob, read
from workflow_scripts.workflow.run.leftovers import unfinished
from workflow_scripts.workflow.run.results_lock import others_of, run_of
from workflow_scripts.workflow.run.running import runs_in
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.run.start import complete, read_config

#: How lines begin that this package prints: errors (workflow.run.terminal), notes on a config.
OURS, NOTE = "error: ", "note: "
#: Lines shown of Snakemake's error; left out are its own frames, and where it runs.
_MOST_LINES = 20
_FRAME = re.compile(
    rf"{NOTE}|  File |Assuming |host:|Using workflow specific profile |Building DAG"
    r"|SNAKEMAKE$|=+$|  [A-Z][\w ()]+: "
)


def after_a_kill(folder: Path) -> str:
    """Return a line if an earlier run was killed: what `make run` marks then, a dry run does not see."""
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
    """Return the jobs that `make run` would run; their paths are from its working directory.

    Notes on other runs go to stderr. Raises UserError with what Snakemake says when it refuses.
    """
    # Targets at the end would be taken for config files behind --configfile, for words behind --quiet. With
    # these two words Snakemake ends when its plan is made; with others it words a message for each job.
    ours = ["--configfile", str(configfile), "--dry-run", "--quiet", "rules", "progress", "--cores", "1"]
    given = [*ours, *options]
    folder = folder_there(working_directory(given))  # Snakemake would make it
    experiment = read_config(given)
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
        # The open file can be read after its folder is removed.
        return read(graph.open(encoding="utf-8"))


def _said(text: str) -> str:
    if ours := [line.removeprefix(OURS) for line in text.splitlines() if line.startswith(OURS)]:
        return "\n".join(ours)
    _, found, wrong_option = text.rpartition("__main__.py: error: ")
    if found:
        return wrong_option.strip()
    _, found, rest = text.partition("WorkflowError in file")
    lines = (rest.partition("\n")[2] if found else text).splitlines()
    left = [line for line in lines if line.strip() and not _FRAME.match(line)]
    if len(left) > _MOST_LINES:
        left[_MOST_LINES:] = [f"and {len(left) - _MOST_LINES} lines more"]
    return "\n".join(left) or "the dry run failed and printed nothing"
