"""What each file was made with, as manifest.json has it beside the file's hash.

Snakemake's own records do not travel with results that are copied or moved. An entry has ``settings``, a key
of the table of settings; ``inputs``, a digest of the names of what the job read; ``content``, one of what it
read of the experiment's own files; ``sources``, name and SHA-256 of the user's files that it read.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.provenance.kept_hashes import KeptHashes

#: Hex digits of a digest in the manifest.
DIGITS = 16
#: Keys of a file's entry besides hash, size and time.
KEYS = ("settings", "inputs", "content", "sources")
#: Where a param or a wildcard goes in a rule's command.
_NAMED_VALUE = re.compile(r"\{(?P<kind>params|wildcards)\.(?P<name>\w+)(?P<quoted>:q)?\}")
#: An absolute path, from where a word of an option or of JSON begins.
_ABSOLUTE = re.compile(r"""(?<![\w:/.…~-])~?/[^\s"',;:}\]]+""")


@dataclass(frozen=True)
class Settings:
    """A rule, its command as in the rule, and params by name (JSON values)."""

    rule: str
    command: str
    params: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest's table has."""
        return {"rule": self.rule, "command": self.command, "params": dict(self.params)}

    @property
    def key(self) -> str:
        """What an entry calls them."""
        return digest_of(json.dumps(self.as_json(), sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True)
class Made:
    """What a job was given: settings, what it read, which files are own, and (name, SHA-256) of others."""

    settings: Settings
    read: tuple[str, ...]
    own: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]

    def entry(self, hashes: Mapping[str, str]) -> dict[str, Any]:
        """Return what an entry of the manifest says of it. ``hashes``: of the experiment's files."""
        said: dict[str, Any] = {"settings": self.settings.key, "inputs": digest_of_names(self.read)}
        if content := digest_of_content(self.own, hashes):
            said["content"] = content
        if self.sources:
            said["sources"] = [list(one) for one in self.sources]
        return said


def digest_of(text: str) -> str:
    """Return the first digits of a text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:DIGITS]


def digest_of_names(names: Iterable[str]) -> str:
    """Return a digest of names, whatever their order."""
    return digest_of("\n".join(sorted(names)))


def digest_of_content(names: Sequence[str], hashes: Mapping[str, str]) -> str | None:
    """Return a digest of files' names and hashes; None of no file, and where the hash of one is not known."""
    if not names or any(name not in hashes for name in names):
        return None
    return digest_of("\n".join(f"{name} {hashes[name]}" for name in sorted(names)))


def portable_path(path: str, here: Path) -> str:
    """Return a path without what is of this machine: relative to ``here``, or else its last part."""
    if not path.startswith(("/", "~")):
        return path
    whole = Path(path)
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else last_part(path)


def last_part(path: str) -> str:
    """Return a path without its folders: the content of a user's file decides, not its place."""
    return f"…/{Path(path).name}"


def portable_value(value: Any) -> Any:
    """Return a param as JSON has it; of absolute paths in it only the last part stays."""
    if isinstance(value, str):
        return _ABSOLUTE.sub(lambda found: last_part(found[0]), value)
    if isinstance(value, list | tuple):
        return [portable_value(one) for one in value]
    if isinstance(value, dict):
        return {str(key): portable_value(one) for key, one in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else repr(value)


def filled_in(settings: Settings, wildcards: Mapping[str, str]) -> str:
    """Return a command with its params and a job's wildcards; what is in braces besides stays."""
    values = {"params": settings.params, "wildcards": wildcards}

    def value_of(found: re.Match[str]) -> str:
        named = values[found["kind"]]
        if found["name"] not in named:
            return found[0]
        value = named[found["name"]]
        words = [str(one) for one in (value if isinstance(value, list) else [value])]
        return shlex.join(words) if found["quoted"] else " ".join(words)

    return _NAMED_VALUE.sub(value_of, settings.command)


def settings_in(manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> Settings | None:
    """Return the settings of an entry of a manifest; None where it names none that the manifest has."""
    found = manifest.get("settings", {}).get(entry.get("settings"))
    try:
        return Settings(found["rule"], found["command"], found["params"])
    except (KeyError, TypeError):
        return None


def is_listed(file: str, entry: Mapping[str, Any], hashes: KeptHashes | None = None) -> bool:
    """Tell whether a file is missing or as listed: by size and time, or else by content (``hashes``)."""
    if not entry:
        return False
    try:
        found = Path(file).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    if found.st_size != entry.get("bytes"):
        return False
    return found.st_mtime_ns == entry["mtime_ns"] or (
        hashes is not None and hashes.of(file) == entry["sha256"]
    )


Entry = dict[str, Any]


def check_tables(manifest: Mapping[str, Any]) -> None:
    """Check the tables of a manifest, which may have been edited; raises ValueError, KeyError, TypeError."""
    tables = {"environments": manifest["environments"], "files": manifest["files"]}
    tables |= {name: manifest.get(name, {}) for name in ("settings", "deleted", "reads")}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"{name} is not an object")
    for key, names in tables["reads"].items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"reads: {key} is not a list of names")
    for name, entry in tables["files"].items():
        _check(name, {"sha256": entry["sha256"]})
        for key in ("bytes", "mtime_ns"):
            if type(entry[key]) is not int:
                raise ValueError(f"{name}: {key} {entry[key]!r} is not a whole number")
    for name, entry in [*tables["files"].items(), *tables["deleted"].items()]:
        _check(name, dict(entry.get("sources", [])))
        _check(name, {key: entry[key] for key in KEYS if key in entry and key != "sources"})


def _check(name: str, digests: Mapping[str, Any]) -> None:
    for key, digest in digests.items():
        if not isinstance(digest, str):
            raise ValueError(f"{name}: {key} {digest!r} is not a hash")


def entry_of(manifest: Mapping[str, Any], name: str | None) -> Entry:
    """Return what a manifest says of a file, or of what made it before it was deleted; or nothing."""
    found: Entry = manifest.get("files", {}).get(name) or manifest.get("deleted", {}).get(name) or {}
    return found


def kept_files(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    used: Collection[str],
    rules: Mapping[str, Settings],
) -> Iterator[str]:
    """Yield files of the last manifest that stay though this plan may not hold them.

    They have the same config, code and packages. ``old``, ``new``: the manifests. ``used``: the environments
    of the rules. ``rules``: the rules of today.
    """
    if not old or old["config"] != new["config"]:
        return
    packages = all(old["environments"].get(name) == new["environments"][name] for name in used)
    for name in {**old["files"], **old.get("deleted", {})}:
        settings = settings_in(old, entry_of(old, name))
        if settings is None:  # of an earlier version
            if packages and old.get("code") == new.get("code"):
                yield name
        elif (
            (today := rules.get(settings.rule))
            and today.command == settings.command
            and today.params.items() <= settings.params.items()
        ):
            yield name


def reads_of(listed: Mapping[str, Entry], reads: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Return what the entries of files need of ``reads``: digest of inputs → own files among them."""
    needed = {entry["inputs"] for entry in listed.values() if "content" in entry}
    return {digest: sorted(reads[digest]) for digest in sorted(needed & {*reads})}


def other_content(
    manifest: Mapping[str, Any], found: Mapping[str, str], known: Collection[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield (files, what was made from other content of them).

    Files that agree with another result are left out. ``found``: SHA-256 of what is there. ``known``: files
    that are known to have changed.
    """
    agree: set[str] = set()
    other: dict[tuple[str, ...], list[str]] = {}
    for name, entry in manifest["files"].items():
        read = manifest.get("reads", {}).get(entry.get("inputs"), [])
        content = digest_of_content(read, found)
        if content is None or "content" not in entry or found.get(name) != entry["sha256"]:
            continue
        if content == entry["content"]:
            agree.update(read)
        elif not {*read} & {*known}:
            other.setdefault(tuple(read), []).append(name)
    grouped: dict[tuple[str, ...], list[str]] = {}
    for read, names in other.items():
        grouped.setdefault(tuple(file for file in read if file not in agree) or read, []).extend(names)
    # A change of few files comes first, since it explains others that read them among more.
    explained: set[str] = set()
    for files, names in sorted(grouped.items(), key=lambda one: (len(one[0]), one[0])):
        if not explained & {*files}:
            explained.update(files)
            yield list(files), names


def say_what_made(
    listed: dict[str, Entry], deleted: Iterable[str], old: Mapping[str, Any], made: Mapping[str, Made]
) -> dict[str, Any]:
    """Add to each entry what its file was made with; return the tables ``settings`` and ``deleted``.

    ``made``: what this run knows. For other files, what ``old`` says stays while their content does.
    ``deleted``: planned files that nothing needs any more.
    """
    hashes = {name: entry["sha256"] for name, entry in listed.items()}
    table: dict[str, Any] = {}

    def said_of(name: str, before: Entry) -> Entry:
        if name in made:
            table[made[name].settings.key] = made[name].settings.as_json()
            return made[name].entry(hashes)
        if settings := settings_in(old, before):
            table[before["settings"]] = settings.as_json()
            return {key: before[key] for key in KEYS if key in before}
        return {}

    for name, entry in listed.items():
        before = entry_of(old, name)
        if before.get("sha256") != entry["sha256"]:
            before = {}
        of_file = {key: entry[key] for key in ("sha256", "bytes", "mtime_ns")}
        listed[name] = {**of_file, **said_of(name, before)}
    gone = {name: said for name in sorted(deleted) if (said := said_of(name, entry_of(old, name)))}
    return {"settings": dict(sorted(table.items())), **({"deleted": gone} if gone else {})}
