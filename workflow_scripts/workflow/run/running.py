"""Which runs are on, and the state of each job, from files and processes; no lock is taken.

Snakemake keeps a marker of every job that it began (`.snakemake/incomplete`) until the job ends; a killed run
leaves its markers. Of a run on another machine only its lock and the heartbeat of trainings are seen.
"""

import base64
import binascii
import contextlib
import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import psutil

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.processes import lives
from workflow_scripts.config.load import read_yaml
from workflow_scripts.units.training_files import OWNER, STALE_SECONDS, running_owner
from workflow_scripts.workflow.run.results_lock import Run, run_of
from workflow_scripts.workflow.run.snakemake_options import read_options
from workflow_scripts.workflow.run.start import LOCK, other_runs
from workflow_scripts.workflow.run.training_progress import slice_ended, tail
from workflow_scripts.workflow.stage import Job

#: Times of files and of processes come from different clocks.
CLOCK_SECONDS = 1.0


@dataclass(frozen=True)
class Activity:
    """What goes on in a working directory; files are relative to the results folder.

    ``processes``: runs of this experiment, or that may be. ``since``: when the first began (seconds since
    1970). ``begun``: outputs of jobs that have not ended, with when they began. ``open_files``: of processes
    that work there, looked up only after a killed run. ``elsewhere``: the run, if in another folder or
    machine. ``looked``: when this was.
    """

    processes: list[int]
    since: float | None
    begun: dict[str, float]
    open_files: frozenset[str]
    elsewhere: Run | None = None
    looked: float = math.inf

    def runs(self, outputs: Sequence[str], log: str) -> bool | None:
        """Tell whether a job runs; False: its run was killed; None: it has not begun, or ended."""
        times = [self.begun[file] for file in outputs if file in self.begun] if self.begun else []
        if not times:
            return None
        return _of_a_run(max(times), self.since) or log in self.open_files

    def since_then(self, written: float) -> bool:
        """Tell whether a run wrote at this time, and after it was looked at: its job may have begun then."""
        return self.since is not None and written >= self.looked - CLOCK_SECONDS


def _of_a_run(began: float, since: float | None) -> bool:
    return since is not None and began >= since - CLOCK_SECONDS


def look(folder: Path, results: str) -> Activity:
    """Return what goes on in a working directory, as far as it concerns ``results`` (relative to it)."""
    begins: dict[int, float] = {}
    run = run_of(folder / results)
    elsewhere = run if run and (Path(run.folder) != folder.resolve() or lives(run.process) is None) else None
    if elsewhere and Path(elsewhere.folder).is_dir():
        folder = Path(elsewhere.folder)
    for pid in runs_in(folder):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if _may_be_of(process, Path(results).name):
                begins[pid] = process.create_time()
    since = min(begins.values(), default=elsewhere.since if elsewhere else None)
    looked = time.time()
    begun = {
        file.removeprefix(f"{results}/"): began
        for file, began in begun_outputs(folder)
        if file.startswith(f"{results}/")
    }
    orphans = any(not _of_a_run(began, since) for began in begun.values())
    opened = frozenset(_open_files(folder, folder / results)) if orphans else frozenset[str]()
    return Activity(list(begins), since, begun, opened, elsewhere, looked)


def who_runs(folder: Path) -> str:
    """Return a line on the other runs in a working directory, which keep this process from running there."""
    if others := [pid for pid in runs_in(folder) if pid != os.getpid()]:
        times = (psutil.Process(pid).create_time() for pid in others if psutil.pid_exists(pid))
        began = min(times, default=time.time())
        since = datetime.fromtimestamp(began).strftime("%d %b %H:%M")
        numbers = ", ".join(map(str, others))
        return f"{folder}: a run of the same files is on since {since} (process {numbers}): wait for its end"
    return f"{folder}: an earlier run was killed: 'make run' goes on from there (snakemake: first --unlock)"


def runs_in(folder: Path) -> list[int]:
    """Return the processes of all runs in a working directory, whichever experiment's."""
    return sorted({*_lock_holders(folder / LOCK), *other_runs(folder)})


def _may_be_of(process: psutil.Process, experiment: str) -> bool:
    """Tell whether a process is a run of an experiment: not a dry run, nor one with another's config file."""
    words = process.cmdline()
    if {"-n", "--dry-run", "--dryrun"} & set(words):
        return False
    known = read_options(words)
    if not known.configfile or known.config is not None:
        return True  # of what experiment it is, Snakemake alone knows
    try:
        return read_yaml(Path(process.cwd(), known.configfile[-1])).get("experiment") == experiment
    except UserError:
        return True


def _lock_holders(lock: Path) -> Iterator[int]:
    try:
        inode = lock.stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        # 1: FLOCK  ADVISORY  READ 10565 fe:00:2148254 0 EOF; one that waits has an arrow after the number.
        words = line.split()
        if words[1] == "FLOCK" and words[5].rsplit(":", 1)[-1] == str(inode):
            yield int(words[4])


def begun_outputs(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield the outputs whose jobs began and have not ended, with the time, from Snakemake's markers."""
    markers = folder / ".snakemake" / "incomplete"
    for inside, _, names in os.walk(markers):
        parts = [part.removeprefix("@") for part in Path(inside).relative_to(markers).parts]
        for name in names:
            try:
                file = base64.urlsafe_b64decode("".join([*parts, name])).decode()
                yield file, Path(inside, name).stat().st_mtime
            except (binascii.Error, UnicodeDecodeError, FileNotFoundError):
                continue


def _open_files(folder: Path, results: Path) -> Iterator[str]:
    place = str(folder.resolve())
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == place:
                yield from (os.path.relpath(file.path, results.resolve()) for file in process.open_files())


def is_written(training: Path) -> bool:
    """Tell whether a live process has a training folder, on any machine, by its owner file's heartbeat."""
    try:
        age = time.time() - (training / OWNER).stat().st_mtime
        return age < STALE_SECONDS and running_owner(training) is not None
    except OSError:
        return False


#: How a job's log ends with an error: of this package, argparse, Python or C++.
_ERROR = re.compile(
    r"^(\S+: )?error: |^Traceback \(most recent call last\)|^terminate called ", re.IGNORECASE
)


class State(StrEnum):
    """Of a job.

    STOPPED: killed, or ended with its run. BETWEEN: a training between two slices (time limits).
    """

    DONE = "done"
    RUNNING = "running"
    BETWEEN = "between slices"
    FAILED = "failed"
    STOPPED = "stopped"
    TODO = "to do"


class Files:
    """The files of a results folder: each folder is listed once, when first asked about."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._names: dict[str, frozenset[str]] = {}

    def has(self, file: str) -> bool:
        """Tell whether there is a file; its path is relative to the results folder."""
        folder, _, name = file.rpartition("/")
        if folder not in self._names:
            try:
                with os.scandir(self.results / folder) as entries:
                    self._names[folder] = frozenset(entry.name for entry in entries)
            except OSError:
                self._names[folder] = frozenset()
        return name in self._names[folder]

    def modified(self, file: str) -> float:
        """Return when a file was written last (seconds since 1970); 0 if it is not there."""
        try:
            return (self.results / file).stat().st_mtime if self.has(file) else 0.0
        except OSError:
            return 0.0


def states(jobs: Iterable[Job], results: Path, activity: Activity) -> list[State]:
    """Return the state of each job."""
    files = Files(results)
    return [_state(job, files, activity) for job in jobs]


def _state(job: Job, files: Files, activity: Activity) -> State:
    # Most jobs are done or to do: these only need lists that are in memory.
    runs = activity.runs(job.outputs, job.log)
    if job.training and is_written(files.results / job.training):
        return State.RUNNING
    if job.training and (runs is not None or not all(files.has(file) for file in job.outputs)):
        # After an error in the log nobody will begin the next slice.
        log = files.results / job.log
        if slice_ended(files.results / job.training) is not None and not failed(log):
            return State.BETWEEN
    if runs:
        return State.RUNNING
    if runs is None and all(files.has(file) for file in job.outputs):
        return State.DONE
    if runs is False:
        return State.STOPPED
    if not files.has(job.log):
        return State.TODO
    ended = files.modified(job.log)
    if files.modified(job.benchmark) >= ended:
        return State.TODO  # it was done (a benchmark is written then only), and its outputs were removed
    if activity.since is not None and ended < activity.since:
        return State.TODO  # of an earlier run; the one that is on will come to it
    if failed(files.results / job.log):
        return State.FAILED
    return State.RUNNING if activity.since_then(ended) else State.STOPPED


def failed(log: Path) -> bool:
    """Tell whether a log ends with an error."""
    return any(_ERROR.search(line) for line in tail(log, 8192)[-60:])
