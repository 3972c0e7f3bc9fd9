"""Every file of an experiment against its manifest: ``make verify CONFIG=…``.

What: hashes every file that the manifest lists, whatever its size and time, and each system's files against
its own system.json; tells what is missing, changed, or expected and not listed.
Inputs: the config, the results folder with manifest.json. Outputs: a line for each difference and one that
sums up, on stdout; exit status 1 if there is any. Source: none; docs/how-to/watch-a-run.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_experiment, read_yaml
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.operate.expected import expected_jobs
from workflow_scripts.operate.live import look
from workflow_scripts.operate.manifest import MANIFEST, config_of, hashes_of, read_manifest
from workflow_scripts.operate.planned import NOT_FINISHED, lost
from workflow_scripts.units.system import DESCRIPTION, SystemFolder

#: Of a hash, in a line for a person.
DIGITS = 12
#: Lines of one kind; thousands say no more.
SHOWN = 20

MISSING, CHANGED, SYSTEM, UNLISTED, CONFIG, UNFINISHED = (
    "missing",
    "changed",
    "not as their system.json says",
    "not in the manifest",
    "changed in the config",
    "not finished",
)


@dataclass(frozen=True)
class Difference:
    """One file (or key of the config) that is not as recorded: what kind, and what a user reads."""

    kind: str
    line: str


def differences(experiment: Experiment, results: Path) -> tuple[list[Difference], int]:
    """Return what differs from the manifest of ``results``, and how many files were hashed.

    Raises:
        UserError: there is no manifest, or it cannot be read.
    """
    manifest = read_manifest(results)
    recorded = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    unfinished = lost(results)
    there = [name for name in recorded if (results / name).is_file()]
    found = dict(hashes_of(results, there))
    out = [Difference(UNFINISHED, f"{name}: {NOT_FINISHED}") for name in unfinished]
    out += [
        Difference(MISSING, f"{name}: missing")
        for name in recorded
        if name not in found and name not in unfinished
    ]
    out += [
        Difference(CHANGED, f"{name}: changed: {_versus(recorded[name], digest)}")
        for name, digest in found.items()
        if digest != recorded[name]
    ]
    out += _systems(results, found)
    expected = dict.fromkeys(file for job in expected_jobs(experiment) for file in job.outputs)
    out += [
        Difference(UNLISTED, f"{name}: {'there, ' if (results / name).is_file() else ''}not in the manifest")
        for name in expected
        if name not in recorded
    ]
    config = config_of(experiment, results)
    out += [
        Difference(CONFIG, f"config: {key} is not what the manifest's run had")
        for key in config
        if manifest["config"].get(key) != config[key]
    ]
    return out, len(found)


def _versus(recorded: str, found: str) -> str:
    return f"{recorded[:DIGITS]} in the manifest, {found[:DIGITS]} here"


def _systems(results: Path, found: Mapping[str, str]) -> Iterator[Difference]:
    """Yield the files that differ from their system's description. ``found``: hashes of what is there."""
    for name in found:
        if not name.endswith(f"/{DESCRIPTION}"):
            continue
        folder = name.removesuffix(f"/{DESCRIPTION}")
        try:
            described = SystemFolder.read(results / folder).sha256
        except UserError as error:
            yield Difference(SYSTEM, str(error).removeprefix(f"{results}/"))
            continue
        for file, digest in described.items():
            here = found.get(f"{folder}/{file}")
            if here is not None and here != digest:
                said = f"{digest[:DIGITS]} in {DESCRIPTION}, {here[:DIGITS]} here"
                yield Difference(SYSTEM, f"{folder}/{file}: not the system's: {said}")


def summary(found: Iterable[Difference]) -> str:
    """Return one line: how many of each kind, and what to do."""
    kinds = [one.kind for one in found]
    counted = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    if {CHANGED, SYSTEM} & set(kinds):
        remedy = "delete what should not have changed, then 'make run' makes it again"
    else:
        remedy = "'make run' makes what is to be made and writes the manifest anew"
    return f"{', '.join(counted)}: {remedy} (same CONFIG)"


def main(argv: list[str] | None = None) -> None:
    """Verify an experiment; exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--configfile", required=True)
    parser.add_argument("--directory", type=Path, default=Path(), help="the folder that results/ lies in")
    arguments = parser.parse_args(argv)
    experiment = load_experiment(read_yaml(arguments.configfile), [arguments.configfile])
    name = f"results/{experiment.experiment}"
    results = arguments.directory / name
    if look(arguments.directory, name).since is not None:
        print(f"{name}: a run is on: what it is making differs")
    found, hashed = differences(experiment, results)
    for kind in dict.fromkeys(one.kind for one in found):
        lines = [one.line for one in found if one.kind == kind]
        print("\n".join(lines[:SHOWN]))
        if len(lines) > SHOWN:
            print(f"… and {len(lines) - SHOWN} more {kind}")
    if found:
        raise UserError(f"{name}: {summary(found)}")
    print(f"{name}: all {hashed} files are as {MANIFEST} says")


if __name__ == "__main__":
    run_main(main)
