"""Outputs that a run set out to make again: kept in ``.planned.json`` until they are made.

Before a job begins, Snakemake removes its outputs, and if it fails, records its new settings. If all that was
made of them is there, the next run would find nothing to do, and tables would stay those of older settings.
What is listed (file → seconds since 1970) and missing is made again (workflow.plan.remake).
"""

from __future__ import annotations

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
#: What is said of such an output.
NOT_FINISHED = "an earlier run was to make it, and did not finish"


def add(results: Path, files: Iterable[str], deleted: Collection[str] = ()) -> None:
    """Add files to the list, as planned now.

    Args:
        results: the experiment's results folder.
        files: outputs that are about to be made, relative to it. One that was never there is left out: all
            that needs it is to be made too, and asks for it.
        deleted: those of them that were made before and are gone: what was made of them may be there.
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
    """Take the files off the list that are newer than their plan: made by a run that failed or was killed.

    ``files``: those of one run; of all if not given. Another one may be writing its own.
    """
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
