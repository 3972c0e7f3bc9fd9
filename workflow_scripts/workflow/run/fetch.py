"""Fetch what an experiment needs from the internet, and nothing else: ``make fetch CONFIG=…``.

It runs as Snakemake's target ``fetch``, so a later run knows these files.
"""

import http.client
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.run.clean_training import readable
from workflow_scripts.workflow.run.snakemake_options import working_directory
from workflow_scripts.workflow.stage import Job
from workflow_scripts.workflow.stage_list.attach import FETCHED
from workflow_scripts.workflow.stages import FETCHING, jobs_of

CORPUS = "download_corpus"
TARGET = "fetch"
TIMEOUT_SECONDS = 10
MISTAKE = "error: "


def fetching_jobs(experiment: Experiment) -> list[Job]:
    """Return the jobs that fetch; none if an experiment takes nothing from the internet."""
    return [job for job in jobs_of(experiment) if job.rule in FETCHING]


def fetched_files(experiment: Experiment) -> list[str]:
    """Return every file that an experiment fetches, from the working directory."""
    outputs = [file for job in fetching_jobs(experiment) for file in job.outputs]
    return [f"results/{experiment.experiment}/{file}" for file in outputs]


def out_of_reach(experiment: Experiment, missing: Iterable[str], config: str) -> str | None:
    """Return a line on how to fetch missing files, if this machine does not reach the source's home."""
    files = list(missing)
    home = getattr(experiment.data.source, "home", None)
    if not files or home is None or (reason := _refusal(home)) is None:
        return None
    more = f" and {len(files) - 1} more are" if len(files) > 1 else " is"
    return (
        f"{files[0]}{more} not fetched yet, and {home} cannot be reached from this machine ({reason}): run"
        f" 'make fetch CONFIG={config}' on one with internet, such as a cluster's login node"
    )


def _refusal(home: str) -> str | None:
    """Return why a URL does not answer, or None; an answer of any status is one."""
    if not home.startswith("http"):
        return None
    try:
        with urllib.request.urlopen(urllib.request.Request(home, method="HEAD"), timeout=TIMEOUT_SECONDS):
            return None
    except urllib.error.HTTPError:
        return None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return str(getattr(reason, "strerror", None) or reason)


def _state(files: Iterable[Path]) -> dict[Path, int]:
    """Return each file that is there with its inode: a file that is written again has another one."""
    return {file: file.stat().st_ino for file in files if file.is_file()}


def _amount(files: Iterable[Path]) -> str:
    sizes = [file.stat().st_size for file in files]
    return f"{len(sizes)} file{'s' if len(sizes) != 1 else ''}, {readable(sum(sizes))}"


def _written(logs: Iterable[Path]) -> dict[Path, int]:
    """Return each log that is there with its time, by which one of this run differs from an earlier one's."""
    return {log: log.stat().st_mtime_ns for log in logs if log.is_file()}


def _fetch(configfile: str, options: list[str], logs: list[Path]) -> None:
    # The target first: several of Snakemake's options take every word that follows.
    command = [
        sys.executable,
        "-m",
        "workflow_scripts.workflow.run.start",
        TARGET,
        "--configfile",
        configfile,
    ]
    before = _written(logs)
    done = subprocess.run(
        [*command, "--cores", "1", *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode == 0:
        return
    output = done.stdout.decode(errors="replace")
    new = [log for log, time in _written(logs).items() if before.get(log) != time]
    for text in (*(log.read_text(errors="replace") for log in new), output):
        lines = [line.removeprefix(MISTAKE) for line in text.splitlines() if line.startswith(MISTAKE)]
        if lines:
            raise UserError("\n".join(lines))
    raise UserError(output.strip())


def main(argv: list[str] | None = None) -> None:
    """Run the fetching jobs and say what came."""
    parser = parser_of(__doc__, directory=False)
    arguments, options = parser.parse_known_args(argv)
    experiment = load_file(arguments.configfile)
    files = fetched_files(experiment)
    if not files:
        print(f"nothing needs fetching: {experiment.experiment} takes nothing from the internet")
        return
    folder = working_directory(options)
    results = folder / "results" / experiment.experiment
    logs = [results / job.log for job in fetching_jobs(experiment)]
    print("fetching; progress is in", *logs, file=sys.stderr, flush=True)
    before = _state(folder / file for file in files)
    _fetch(arguments.configfile, options, logs)
    after = _state(folder / file for file in files)
    new = [file for file in after if before.get(file) != after[file]]
    kept = [file for file in after if file not in new]
    if new:
        print(f"fetched: {_amount(new)}")
    if kept:
        print(f"there already: {_amount(kept)}")
    if experiment.attached_model and (results / FETCHED).is_file():
        note = read_json(results / FETCHED)
        print(f"licence of {note['model']}: {note['licence']}")


if __name__ == "__main__":
    run_main(main)
