"""``results/{experiment}/manifest.json``: what an experiment was made with, and the hash of all it made.

Written when a run ends well, without absolute paths or names of users and machines. Only files whose size or
time changed are hashed again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workflow_scripts import __version__
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json, sha256_of, write_json
from workflow_scripts.config.experiment import Experiment
from workflow_scripts.config.kinds import kind_of
from workflow_scripts.workflow.plan.times import stages
from workflow_scripts.workflow.provenance import made_on as provenance
from workflow_scripts.workflow.provenance.made_on import mapped
from workflow_scripts.workflow.provenance.made_with import (
    Entry,
    Made,
    Settings,
    check_tables,
    kept_files,
    portable_path,
    reads_of,
    say_what_made,
)
from workflow_scripts.workflow.software.environments import RUN_ENVIRONMENTS

MANIFEST = "manifest.json"
FORMAT = "neuronspec-manifest-1"
#: The environment of Snakemake itself; nothing is computed in it.
RUNS_THE_WORKFLOW = "workflow"
#: Threads: hashing waits for the disk as much as for the processor.
HASHED_AT_ONCE = 4


@dataclass(frozen=True)
class Written:
    """What writing did: files listed, how many were hashed, and which had another hash before."""

    path: Path
    files: int
    hashed: int
    changed: list[str]


def write_manifest(
    experiment: Experiment,
    results: str | Path,
    checkout: Path,
    files: Iterable[str | Path],
    venvs: Path | None,
    *,
    made: Mapping[str, Made] | None = None,
    rules: Mapping[str, Settings] | None = None,
    reads: Mapping[str, Collection[str]] | None = None,
    used: Collection[str] = RUN_ENVIRONMENTS,
) -> Written:
    """Write the manifest of an experiment; what did not change is taken from the last one.

    ``files``: all outputs of the plan; missing ones and those outside ``results`` are left out. Files of
    earlier runs with the same config, code and packages stay listed. ``venvs``: None: packages are those of
    the lock files. ``made``: what files were made with, as this run knows. ``rules``: today's rules with
    their hashes. ``reads``: digest of inputs → own files among them. ``used``: the environments of the rules.
    """
    results = Path(results)
    path = results / MANIFEST
    old = known_manifest(results)
    new: dict[str, Any] = {
        "format": FORMAT,
        "neuronspec": __version__,
        "experiment": experiment.experiment,
        "config": config_of(experiment, results),
        "seeds": list(experiment.train.seeds),
    }
    if (code := provenance.code(checkout)) is not None:
        new["code"] = code
    known: dict[str, Entry] = old.get("files", {})
    prefix = f"{results.as_posix()}/"
    planned = {str(file).removeprefix(prefix) for file in files if str(file).startswith(prefix)}
    listed, hashed = _hashes(results, planned, known)
    unchanged = not any(_file_of(known.get(name)) != _file_of(entry) for name, entry in listed.items())
    new["environments"] = _environments(sorted({*used, RUNS_THE_WORKFLOW}), venvs, old, unchanged)
    kept = [name for name in kept_files(old, new, used, rules or {}) if name not in planned]
    others, more = _hashes(results, kept, known)
    listed, hashed = dict(sorted((listed | others).items())), hashed + more
    said = say_what_made(
        listed,
        {*planned, *kept} - listed.keys(),
        old,
        {str(file).removeprefix(prefix): one for file, one in (made or {}).items()},
    )
    # If no file changed, what follows from files and the machine that made them stays.
    same = {name: _file_of(entry) for name, entry in listed.items()} == {
        name: _file_of(entry) for name, entry in known.items()
    }
    for key, value in (
        ("hardware", provenance.hardware),
        ("data", lambda: data_checksums(results)),
        ("metrics", lambda: signatures(results, listed)),
        ("rules", lambda: measured(results)),
    ):
        new[key] = old[key] if same and key in old else value()
    new |= {**said, "reads": reads_of(listed, {**old.get("reads", {}), **(reads or {})}), "files": listed}
    if {key: value for key, value in old.items() if key != "written"} != new:
        write_json(path, {"written": datetime.now(UTC).isoformat(timespec="seconds"), **new})
    changed = [name for name in listed if name in known and known[name]["sha256"] != listed[name]["sha256"]]
    return Written(path, len(listed), hashed, changed)


def _environments(
    names: Sequence[str], venvs: Path | None, old: Mapping[str, Any], unchanged: bool
) -> dict[str, Any]:
    before = old.get("environments", {})
    # Asking the interpreters is slow, and a run that made nothing need not do it.
    if unchanged and all(name in before for name in names):
        return {name: before[name] for name in names}
    return provenance.environments(venvs, names)


def _file_of(entry: Entry | None) -> tuple[Any, ...]:
    return tuple((entry or {}).get(key) for key in ("sha256", "bytes", "mtime_ns"))


def read_manifest(results: Path) -> dict[str, Any]:
    """Return the manifest of a results folder. Raises UserError: there is none, or it cannot be read."""
    path = results / MANIFEST
    if not path.is_file():
        raise UserError(f"{path}: there is none; 'make run' with the same CONFIG writes it when it ends well")
    try:
        value = read_json(path)
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}, not {FORMAT!r}")
        _ = value["config"]["experiment"]
        check_tables(value)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: cannot be read ({str(error).removeprefix(f'{path}: ').partition(';')[0]});"
            " delete it, and 'make run' writes a new one"
        ) from None
    return dict(value)


def known_manifest(results: Path) -> dict[str, Any]:
    """Return the manifest of a results folder; an empty one where there is none that can be read."""
    try:
        return read_manifest(results)
    except (UserError, OSError):
        return {}


def _hashes(results: Path, names: Iterable[str], known: Mapping[str, Entry]) -> tuple[dict[str, Entry], int]:
    listed: dict[str, Entry] = {}
    fresh: list[str] = []
    for name in names:
        try:
            found = (results / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        entry: Entry = {"sha256": "", "bytes": found.st_size, "mtime_ns": found.st_mtime_ns}
        before = known.get(name)
        if before and (before["bytes"], before["mtime_ns"]) == (found.st_size, found.st_mtime_ns):
            entry = before
        else:
            fresh.append(name)
        listed[name] = entry
    for name, digest in hashes_of(results, fresh):
        listed[name]["sha256"] = digest
    return listed, len(fresh)


def hashes_of(results: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return (name, SHA-256) of files below a results folder; several are read at a time."""
    return mapped(lambda name: (name, sha256_of(results / name)), names, HASHED_AT_ONCE)


def config_of(experiment: Experiment, results: Path) -> dict[str, Any]:
    """Return the config as resolved, as a manifest has it."""
    resolved: dict[str, Any] = portable(experiment.resolved(), results.absolute().parents[1])
    return resolved


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a manifest; a key that a later version added has its default."""
    try:
        return kind_of(config).model_validate(config).resolved()
    except ValidationError:
        return dict(config)


def portable(value: Any, here: Path) -> Any:
    """Return a config's value without absolute paths: relative to ``here``, or only the last part."""
    if isinstance(value, dict):
        return {key: portable(one, here) for key, one in value.items()}
    if isinstance(value, list):
        return [portable(one, here) for one in value]
    return portable_path(value, here) if isinstance(value, str) else value


def data_checksums(results: Path) -> dict[str, Any]:
    """Return the SHA-256 of the vocabulary and of all text, as the data card says; empty without a card."""
    try:
        card = read_json(results / "data" / "card.json")
    except (OSError, ValueError):
        return {}
    text = {
        subset: {
            pair: {lang: side["sha256"] for lang, side in entry["languages"].items()}
            for pair, entry in pairs.items()
        }
        for subset, pairs in card["subsets"].items()
    }
    return {"subwords": (card["subwords"] or {}).get("sha256", {}), "text": text}


def signatures(results: Path, names: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Return profile → metric → signatures: one each, unless directions were scored differently."""
    found: dict[str, dict[str, set[str]]] = {}
    for name in names:
        if not (name.startswith("scores/") and name.endswith(".json")):
            continue
        scored = read_json(results / name)
        for direction in scored["directions"].values():
            for score in direction["scores"]:
                metrics = found.setdefault(scored["profile"], {})
                metrics.setdefault(score["metric"], set()).add(score["signature"])
    return {profile: {m: sorted(s) for m, s in metrics.items()} for profile, metrics in found.items()}


def measured(results: Path) -> list[dict[str, Any]]:
    """Return jobs, seconds and peak memory (MB; null: too short to be measured) of each rule."""
    try:
        timed = stages(results)
    except UserError:  # nothing was timed
        return []
    return [
        {
            "rule": stage.rule,
            "jobs": stage.jobs,
            "seconds": round(stage.seconds, 1),
            "longest_seconds": round(stage.longest, 1),
            "peak_memory_mb": round(stage.memory_mb, 1) or None,
        }
        for stage in timed
    ]
