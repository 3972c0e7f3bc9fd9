"""What a killed run leaves on disk besides its results: half-written files and half-written records.

Inputs: a results folder, a ``.snakemake`` folder. Outputs: files removed; records of Snakemake's that cannot
be read replaced by its own mark of an unfinished output, so that these are made again.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import psutil

from workflow_scripts.files import HOST

#: `.{stem}.{host}-{process}.tmp{suffix}` of files.atomic_path; without host what others write in that way.
_TEMPORARY = re.compile(r"\.(?:(?P<host>[A-Za-z0-9-]+)-)?(?P<pid>[0-9]+)\.tmp(\.[A-Za-z0-9]+)?$")
#: Nobody can look at the processes of another host: what nothing was written to for a day has no writer.
OTHER_HOST_SECONDS = 24 * 3600.0
#: The writer of a file without host may be on another: it writes more often than this.
UNKNOWN_HOST_SECONDS = 60.0
#: Clocks of the file system and of the process table differ by fractions of a second.
CLOCK_SECONDS = 2.0


def _has_writer(pid: int, modified: float) -> bool:
    """True if process ``pid`` lives and was there when the file was written: numbers are given out again."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= modified + CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def is_leftover(path: Path) -> bool:
    """True for a temporary file whose writer is gone."""
    named = _TEMPORARY.search(path.name)
    if named is None:
        return False
    modified = path.stat().st_mtime
    age = time.time() - modified
    if named["host"] not in (None, HOST):
        return age > OTHER_HOST_SECONDS
    return not _has_writer(int(named["pid"]), modified) and (
        named["host"] == HOST or age > UNKNOWN_HOST_SECONDS
    )


def remove_temporaries(results: Path) -> list[Path]:
    """Remove the half-written files of processes that are gone; return them."""
    removed = []
    for path in sorted(results.rglob("*.tmp*")):
        try:
            if path.is_file() and is_leftover(path):
                path.unlink()
                removed.append(path)
        except FileNotFoundError:
            continue  # its writer has just renamed it
    return removed


def _is_whole(record: Path) -> bool:
    """True if a record of Snakemake's (one JSON object) was written to its end."""
    with record.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(size - 1, 0))
        return handle.read(1) == b"}"


def mark_unreadable_records(snakemake: Path) -> int:
    """Mark the outputs whose record is half written as unfinished: they are made again. Return their number.

    Records are neither synced nor renamed: a power cut can leave an empty one without the mark that the
    output is unfinished. Snakemake would take the output as it is, whatever settings it was made with.
    """
    metadata, incomplete = snakemake / "metadata", snakemake / "incomplete"
    broken = [path for path in metadata.rglob("*") if path.is_file() and not _is_whole(path)]
    for path in broken:
        mark = incomplete / path.relative_to(metadata)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text('{"external_jobid": null}')
        path.unlink()
    return len(broken)


def remove_scripts(snakemake: Path) -> None:
    """Remove the scripts that long commands were put in; only when no run is on."""
    for folder in snakemake.glob("shell_tmp.*"):
        shutil.rmtree(folder, ignore_errors=True)
