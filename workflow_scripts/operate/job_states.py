"""Whether each job of an experiment is done, runs, failed, was stopped, or is to do.

What: the files of the jobs (workflow.stages) against what lies in the results folder and what goes on in the
working directory (operate.live). Whether a finished job would run again, for a changed setting, is not asked:
a dry run says so.
Inputs: jobs, results folder. Outputs: a state for each job. Source: none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from workflow_scripts.operate.live import Live, is_written
from workflow_scripts.operate.training_progress import slice_ended, tail
from workflow_scripts.workflow.stage import Job

#: What a log holds whose job ended with an error: a line of ours, of argparse, Python's or C++'s.
_ERROR = re.compile(
    r"^(\S+: )?error: |^Traceback \(most recent call last\)|^terminate called ", re.IGNORECASE
)


class State(StrEnum):
    """Of a job. FAILED: ended with an error in its log; STOPPED: killed, or ended with its run.

    BETWEEN: a training that left before its time limit, whose next slice has not begun.
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


def states(jobs: Iterable[Job], results: Path, live: Live) -> list[State]:
    """Return the state of each job."""
    files = Files(results)
    return [_state(job, files, live) for job in jobs]


def _state(job: Job, files: Files, live: Live) -> State:
    # Most jobs of a long experiment are done or to do: those take two looks at lists that are in memory.
    runs = live.runs(job.outputs, job.log)
    if job.training and is_written(files.results / job.training):
        return State.RUNNING
    if job.training and (runs is not None or not all(files.has(file) for file in job.outputs)):
        # A log that ends with an error says that nobody will begin the next slice.
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
    if live.since is not None and ended < live.since:
        return State.TODO  # of an earlier run; the one that is on will come to it
    if failed(files.results / job.log):
        return State.FAILED
    return State.RUNNING if live.since_then(ended) else State.STOPPED


def failed(log: Path) -> bool:
    """Tell whether a log ends with an error."""
    return any(_ERROR.search(line) for line in tail(log, 8192)[-60:])
