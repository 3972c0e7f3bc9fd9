"""Results that Snakemake has no record of: it would take them as they are, whatever made them.

Where the manifest has the settings of such a file, the plan compares with them (operate.known_records). What
is left: files whose content is not what the manifest lists, which are made again, and files of which nothing
says the settings, which are named in one line.
Inputs: the folder that a run works in, the experiment. Outputs: names, and words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.operate.kept_hashes import FILE, KeptHashes
from workflow_scripts.operate.leftovers import place_of, unfinished
from workflow_scripts.operate.made_with import is_listed, settings_in
from workflow_scripts.operate.manifest import HASHED_AT_ONCE, MANIFEST, config_of, known_manifest
from workflow_scripts.operate.param_changes import NOT_SET, flattened, short
from workflow_scripts.operate.side_by_side import mapped

#: What is said of a file that is made again.
NOT_AS_LISTED = f"nothing says what made it: Snakemake has no record, and {MANIFEST} lists other content"
#: Keys of a config that are told.
MOST_KEYS = 4


@dataclass(frozen=True)
class Unrecorded:
    """Files without a record, relative to the results: of other content than listed; of unknown settings.

    ``manifest``: the one that was looked at.
    """

    other: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    manifest: Mapping[str, Any] = field(default_factory=dict)


def unrecorded(folder: Path, results: str, files: Iterable[str]) -> Unrecorded:
    """Return which of the files, relative to ``results``, are there and have no record.

    Args:
        folder: the working directory.
        results: the results folder, from there.
        files: the outputs of the experiment.
    """
    snakemake = folder / ".snakemake"
    if (snakemake / "metadata.db").exists():  # Snakemake was asked to keep its records otherwise
        return Unrecorded()
    there = [name for name in files if (folder / results / name).exists()]
    if not there:
        return Unrecorded()
    # What a job began and did not end, Snakemake makes again itself.
    recorded = _records(snakemake / "metadata") | _records(snakemake / "incomplete")
    if any((snakemake / "locks").glob("*")):  # of a killed run; the next one marks what it left
        recorded |= {str(mark.relative_to(snakemake / "incomplete")) for mark in unfinished(folder)[0]}
    limits = snakemake if snakemake.is_dir() else folder
    bare = [name for name in there if str(place_of(f"{results}/{name}", limits)) not in recorded]
    if not bare:
        return Unrecorded()
    hashes = KeptHashes(folder / FILE)
    found = Unrecorded(manifest=known_manifest(folder / results))
    entries = {name: found.manifest.get("files", {}).get(name, {}) for name in bare}
    paths = {name: str(folder / results / name) for name in bare}
    known = {name: None for name in bare if settings_in(found.manifest, entries[name])}
    found.unknown.extend(name for name in bare if name not in known)
    # Results that were copied without their times are read once.
    doubtful = [name for name in known if not is_listed(paths[name], entries[name])]
    mapped(hashes.of, (paths[name] for name in doubtful), HASHED_AT_ONCE)
    found.other.extend(name for name in doubtful if not is_listed(paths[name], entries[name], hashes))
    hashes.save()
    return found


def _records(metadata: Path) -> set[str]:
    found: set[str] = set()
    for folder, _, names in os.walk(metadata):
        inside = Path(folder).relative_to(metadata)
        found.update(str(inside / name) for name in names)
    return found


def told(found: Unrecorded, experiment: Experiment, results: Path) -> str:
    """Return the line on files of unknown settings; "" if there are none.

    ``results``: the results folder.
    """
    number = len(found.unknown)
    if not number:
        return ""
    files = "1 file is" if number == 1 else f"{number} files are"
    if not found.manifest:
        why = f"a {MANIFEST} that cannot be read" if (results / MANIFEST).is_file() else f"no {MANIFEST}"
    elif "settings" in found.manifest:
        why = f"no word of {'it' if number == 1 else 'them'} in {MANIFEST}"
    else:
        why = f"a {MANIFEST} of an earlier version"
        if keys := list(_other_keys(found.manifest["config"], config_of(experiment, results))):
            more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
            why += f", whose config differs ({', '.join(keys[:MOST_KEYS])}{more})"
    return (
        f"results/{results.name}: {files} taken as made with the present settings (no record of Snakemake's,"
        f" {why}): {found.unknown[0]}{' …' if number > 1 else ''}; make accept says that it is so; what is"
        " deleted is made again"
    )


def _other_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    """Yield `decode.beam 5 → 1` for each key of both configs whose value differs."""
    was, now = dict(flattened(old)), dict(flattened(new))
    for key, value in now.items():
        if key in was and was[key] != value:
            yield f"{key} {short(was.get(key, NOT_SET))} → {short(value)}"
