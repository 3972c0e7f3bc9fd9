"""Outputs that a run is about to make again, kept in ``.planned.json`` until they are made.

Snakemake removes a job's outputs before it begins. If the job then fails, and everything made from them is
still there, the next run would see nothing to do. What is listed and missing is made again (remake).
"""

import fcntl
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workflow_scripts.common.files import write_json
from workflow_scripts.workflow.provenance.records import read_record

PLANNED = ".planned.json"
FORMAT = "neuronspec-planned-1"
NOT_FINISHED = "an earlier run was to make it, and did not finish"


def add(results: Path, files: Iterable[str], deleted: Collection[str] = ()) -> None:
    """List outputs that are about to be made, if they are there or in ``deleted``.

    Others need no entry: what needs them is made too. ``deleted``: made before and gone; what was made from
    them may still be there.
    """
    now = time.time()
    if again := {file: now for file in files if file in deleted or (results / file).exists()}:
        with _changed(results) as listed:
            listed.update(again)


def made(results: Path, files: Collection[str]) -> None:
    """Take files off the list: the run that planned them has ended well."""
    with _changed(results) as listed:
        for file in files:
            listed.pop(file, None)


def take_off_what_was_made(results: Path, files: Collection[str] | None = None) -> None:
    """Take files off the list that were made after they were planned (None: all files of the list)."""
    with _changed(results) as listed:
        for file, planned in list(listed.items()):
            path, asked = results / file, files is None or file in files
            if asked and path.exists() and path.stat().st_mtime >= planned:
                del listed[file]


def lost(results: Path) -> list[str]:
    """Return the files of the list that are not there, sorted, relative to the results folder."""
    return sorted(file for file in _read(results) if not (results / file).exists())


@contextmanager
def _changed(results: Path) -> Iterator[dict[str, float]]:
    """Yield the list to change, and write it; two runs of one experiment change it in turn."""
    if not results.is_dir():
        yield {}
        return
    folder = os.open(results, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        before = _read(results)
        listed = dict(before)
        yield listed
        if listed and listed != before:
            write_json(results / PLANNED, {"format": FORMAT, "files": listed})
        elif not listed:
            (results / PLANNED).unlink(missing_ok=True)
    finally:
        os.close(folder)


def _read(results: Path) -> dict[str, float]:
    files = read_record(results / PLANNED).get("files")
    return {str(k): float(v) for k, v in files.items()} if isinstance(files, dict) else {}
