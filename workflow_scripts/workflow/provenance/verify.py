"""Compare every file of an experiment with its manifest: ``make verify CONFIG=…``.

Also each system with its system.json, and results with what they were made from (lineage). Exit status 1 if
anything differs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.load import load_file
from workflow_scripts.units.description import DESCRIPTION
from workflow_scripts.units.system import SystemFolder
from workflow_scripts.workflow.arguments import parser_of
from workflow_scripts.workflow.plan.lineage import Lineage
from workflow_scripts.workflow.plan.planned import NOT_FINISHED, lost
from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes
from workflow_scripts.workflow.provenance.made_with import other_content
from workflow_scripts.workflow.provenance.manifest import (
    MANIFEST,
    config_of,
    hashes_of,
    read_manifest,
    with_defaults,
)
from workflow_scripts.workflow.run.running import look
from workflow_scripts.workflow.stages import outputs_of

#: Digits of a hash that are shown.
DIGITS = 12
#: Lines shown of each kind.
SHOWN = 20

MISSING, CHANGED, SYSTEM, LINEAGE, SOURCE, UNLISTED, CONFIG, UNFINISHED = (
    "missing",
    "changed",
    "not as their system.json says",
    "not what others were made from",
    "changed since it was read",
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
    """Return what differs from the manifest, and how many files were hashed. UserError: no manifest."""
    manifest = read_manifest(results)
    recorded = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    expected = dict.fromkeys(outputs_of(experiment))
    # The next run takes off the manifest what the config no longer asks for.
    unfinished = [name for name in lost(results) if name in expected or name in recorded]
    there = [name for name in recorded if (results / name).is_file()]
    found = dict(hashes_of(results, there))
    out = [Difference(UNFINISHED, f"{name}: {NOT_FINISHED}") for name in unfinished]
    out += [
        Difference(MISSING, f"{name}: missing")
        for name in recorded
        if name not in found and name not in unfinished
    ]
    out += [
        Difference(
            CHANGED, f"{name}: changed: {recorded[name][:DIGITS]} in the manifest, {digest[:DIGITS]} here"
        )
        for name, digest in found.items()
        if digest != recorded[name]
    ]
    out += _systems(results, found)
    reported = {one.line.partition(": ")[0] for one in out}
    out += [
        one for one in _lineage(experiment, results, found) if one.line.partition(": ")[0] not in reported
    ]
    reported = {one.line.partition(": ")[0] for one in out}
    for files, made in other_content(manifest, found, reported):
        which = files[0] if len(files) == 1 else f"{files[0]} or another of {len(files)}"
        by = f"{made[0]} and {len(made) - 1} more were" if len(made) > 1 else f"{made[0]} was"
        out.append(Difference(LINEAGE, f"{which}: {by} made from other content"))
    out += _sources(results, manifest["files"])
    out += [
        Difference(UNLISTED, f"{name}: {'there, ' if (results / name).is_file() else ''}not in the manifest")
        for name in expected
        if name not in recorded
    ]
    config, listed = config_of(experiment, results), with_defaults(manifest["config"])
    out += [
        Difference(CONFIG, f"config: {key} is not what the manifest's run had")
        for key in config
        if listed.get(key) != config[key]
    ]
    return out, len(found)


def _systems(results: Path, found: Mapping[str, str]) -> Iterator[Difference]:
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


def _lineage(experiment: Experiment, results: Path, found: Mapping[str, str]) -> Iterator[Difference]:
    lineage = Lineage(experiment, results, found)
    for claim, number in lineage.broken():
        by = f"{claim.by} and {number - 1} more were" if number > 1 else f"{claim.by} was"
        said = f"{claim.sha256[:DIGITS]} there, {found[claim.file][:DIGITS]} here"
        yield Difference(LINEAGE, f"{claim.file}: {by} made from another: {said}")
    for name, key, said, here in lineage.other_places():
        yield Difference(LINEAGE, f"{name}: {key} is {said!r}, its path says {here!r}")
    for masks, row, counts in lineage.other_masks():
        yield Difference(LINEAGE, f"{masks}: row {row} does not follow from {counts}")
    text = "binarised text" if lineage.experiment.is_binarised else "text"
    for counts, direction in lineage.other_text():
        yield Difference(LINEAGE, f"{counts}: counted on other {text} of {direction} than there is")


def _sources(results: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    here, hashes = results.absolute().parents[1], KeptHashes()
    made: dict[tuple[str, str], str] = {}
    for name, entry in files.items():
        for source, digest in entry.get("sources", ()):
            made.setdefault((source, digest), name)
    for (source, digest), name in made.items():
        found = hashes.of(here / source)
        if found is not None and found != digest:
            said = f"{digest[:DIGITS]} then, {found[:DIGITS]} here"
            yield Difference(SOURCE, f"{source}: {name} was made from another: {said}")


def summary(found: Iterable[Difference]) -> str:
    """Return one line: how many of each kind, and what to do."""
    kinds = [one.kind for one in found]
    counted = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    if {CHANGED, SYSTEM, LINEAGE} & set(kinds):
        remedy = "delete what should not have changed, then 'make run' makes it again"
    else:
        remedy = "'make run' makes what is missing and writes a new manifest"
    return f"{', '.join(counted)}: {remedy} (same CONFIG)"


def main(argv: list[str] | None = None) -> None:
    """Verify an experiment; exit status 1 if anything differs."""
    parser = parser_of(__doc__)
    arguments = parser.parse_args(argv)
    experiment = load_file(arguments.configfile)
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
    manifest = read_manifest(results)
    listed = manifest["files"] if "settings" in manifest else {}  # earlier versions had none
    if without := [name for name, entry in listed.items() if "settings" not in entry]:
        more = f" and {len(without) - 1} more" if len(without) > 1 else ""
        print(f"{name}: {without[0]}{more}: {MANIFEST} does not say with what settings it was made")
    if found:
        raise UserError(f"{name}: {summary(found)}")
    print(f"{name}: all {hashed} files are as {MANIFEST} says")


if __name__ == "__main__":
    run_main(main)
