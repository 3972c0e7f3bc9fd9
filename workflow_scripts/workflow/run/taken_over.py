"""Records of what unfinished runs in other folders made of these results.

Snakemake keeps records in the folder that a run works in. Before a plan is made, the other folder's are
copied; a file without a record is marked as unfinished, and made again.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from workflow_scripts.workflow.provenance.known_records import SAME_TIME_SECONDS
from workflow_scripts.workflow.provenance.records import read_record
from workflow_scripts.workflow.run.leftovers import CLOCK_SECONDS, place_of, set_mark


def take_over(folder: Path, outputs: Iterable[str], others: Mapping[str, float]) -> str:
    """Copy records of what runs in ``others`` (folder → when it began) made; return a line about it."""
    if not others:
        return ""
    snakemake = folder / ".snakemake"
    known = unknown = 0
    for output in outputs:
        path = folder / output
        if not path.is_file():
            continue
        place = place_of(output, snakemake)
        record = snakemake / "metadata" / place
        if is_of(record, path):
            continue
        theirs = (Path(other) / ".snakemake/metadata" / place for other in others)
        if found := next((one for one in theirs if is_of(one, path)), None):
            record.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, record)
            known += 1
        elif path.stat().st_mtime >= min(others.values()) - CLOCK_SECONDS:
            set_mark(snakemake / "incomplete" / place)
            unknown += 1
    if not known + unknown:
        return ""
    return (
        f"a run in {', '.join(others)} did not end well: what it made is looked at ({known} files with its"
        f" settings, {unknown} to be made again)"
    )


def is_of(record: Path, output: Path) -> bool:
    """Tell whether a record is of a file as it is."""
    try:
        ended = float(read_record(record).get("endtime") or 0.0)
        return abs(output.stat().st_mtime - ended) <= SAME_TIME_SECONDS
    except (OSError, TypeError, ValueError):
        return False
