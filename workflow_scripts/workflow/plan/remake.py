"""Outputs that must be made again although Snakemake would not: they are passed to it by ``--forcerun``.

They are damaged, or were not finished by an earlier run, or belong to a training that ``make retrain`` is to
repeat, or have no record and another content than the manifest lists.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.workflow.plan.param_changes import NOT_SET, flattened, short
from workflow_scripts.workflow.plan.planned import NOT_FINISHED, lost
from workflow_scripts.workflow.plan.training_code import retrain_requests
from workflow_scripts.workflow.provenance.damage import damaged_files
from workflow_scripts.workflow.provenance.kept_hashes import FILE, KeptHashes
from workflow_scripts.workflow.provenance.made_on import mapped
from workflow_scripts.workflow.provenance.made_with import is_listed, settings_in
from workflow_scripts.workflow.provenance.manifest import HASHED_AT_ONCE, MANIFEST, config_of, known_manifest
from workflow_scripts.workflow.run.leftovers import place_of, unfinished
from workflow_scripts.workflow.run.results_lock import run_of
from workflow_scripts.workflow.stages import jobs_of

FORCERUN = ("--forcerun", "-R")
# An option that begins so is a target, unless it is one of the files to be made again.
RESULTS = "results/"


def is_being_made(results: Path) -> bool:
    """Tell whether another run is on, which is making what is listed."""
    run = run_of(results)
    return run is not None and not run.is_this()


def with_remade(options: list[str], folder: Path, experiment: Experiment) -> list[str]:
    """Return the options with ``--forcerun`` for what must be made again, unless they have targets."""
    results = Path(RESULTS) / experiment.experiment
    outputs = [file for job in jobs_of(experiment) for file in job.outputs]
    made = {str(results / file) for file in outputs}
    problems = {
        str(Path(path).relative_to(folder)): problem
        for path, problem in damaged_files(folder / results, outputs).items()
    }
    is_on = is_being_made(folder / results)
    for file in [] if is_on else lost(folder / results):
        problems[str(results / file)] = NOT_FINISHED
    for path in retrain_requests(folder / results):
        problems[str(Path(path).relative_to(folder))] = "make retrain asked for a new training"
    without_record = Unrecorded() if is_on else unrecorded(folder, str(results), outputs)
    for file in without_record.other:
        problems.setdefault(str(results / file), NOT_AS_LISTED)
    if said := report_unknown(without_record, experiment, folder / results):
        print(said, file=sys.stderr)
    problems = {path: problem for path, problem in problems.items() if path in made}
    targets = any(
        word.startswith(RESULTS) and before not in FORCERUN
        for before, word in zip(["", *options], options, strict=False)
    )
    then = "a run without targets makes it again" if targets else "it is made again"
    alike: dict[str, list[str]] = {}
    for path, problem in problems.items():
        alike.setdefault(problem, []).append(path)
    for problem, (path, *more) in alike.items():
        others = f" (and {len(more)} more)" if more else ""
        print(f"{path}{others}: {problem}; {then}", file=sys.stderr)
    if targets or not problems:
        return options
    for number, option in enumerate(options):
        if option in FORCERUN:
            return [*options[: number + 1], *problems, *options[number + 1 :]]
    # What follows a `--` is a target.
    end = options.index("--") if "--" in options else len(options)
    return [*options[:end], FORCERUN[0], *problems, *options[end:]]


NOT_AS_LISTED = f"nothing says what made it: Snakemake has no record, and {MANIFEST} lists other content"
MOST_KEYS = 4


@dataclass(frozen=True)
class Unrecorded:
    """Files without a record: with other content than the manifest lists, or of unknown settings."""

    other: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    manifest: Mapping[str, Any] = field(default_factory=dict)


def unrecorded(folder: Path, results: str, files: Iterable[str]) -> Unrecorded:
    """Return which of the files below ``results`` are there without a record of Snakemake's."""
    snakemake = folder / ".snakemake"
    if (snakemake / "metadata.db").exists():  # Snakemake was asked to keep its records otherwise
        return Unrecorded()
    there = [name for name in files if (folder / results / name).exists()]
    if not there:
        return Unrecorded()
    # Outputs of jobs that began and did not end are made again by Snakemake itself.
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


def report_unknown(found: Unrecorded, experiment: Experiment, results: Path) -> str:
    """Return the line on files of unknown settings; "" if there are none. ``results``: the results folder."""
    number = len(found.unknown)
    if not number:
        return ""
    files = "1 file is" if number == 1 else f"{number} files are"
    if not found.manifest:
        why = f"a {MANIFEST} that cannot be read" if (results / MANIFEST).is_file() else f"no {MANIFEST}"
    elif "settings" in found.manifest:
        why = f"no settings of {'it' if number == 1 else 'them'} in {MANIFEST}"
    else:
        why = f"a {MANIFEST} of an earlier version"
        if keys := list(_other_keys(found.manifest["config"], config_of(experiment, results))):
            more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
            why += f", whose config differs ({', '.join(keys[:MOST_KEYS])}{more})"
    return (
        f"results/{results.name}: {files} taken as made with the present settings (no record of Snakemake's,"
        f" {why}): {found.unknown[0]}{' …' if number > 1 else ''}; make accept confirms this; what is"
        " deleted is made again"
    )


def _other_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    was, now = dict(flattened(old)), dict(flattened(new))
    for key, value in now.items():
        if key in was and was[key] != value:
            yield f"{key} {short(was.get(key, NOT_SET))} → {short(value)}"
