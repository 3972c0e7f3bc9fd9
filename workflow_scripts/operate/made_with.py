"""What a file was made with, as manifest.json says it beside the file's hash.

Snakemake keeps that in ``.snakemake``, which does not travel with results that are copied, linked or moved.
Of each file the manifest has: ``settings``, a key of its table of settings (rule, command, params by name:
most jobs of a rule share them); ``inputs``, a digest of the names of what the job read; ``content``, one of
what it read of the experiment's own files; ``sources``, name and SHA-256 of what it read besides: the user's.
Inputs and outputs: JSON values. Of the names of the user's files, ``inputs`` has the last part alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.operate.kept_hashes import KeptHashes

#: Of a digest, in the manifest (hex).
DIGITS = 16
#: What a file's entry says besides its hash, size and time.
KEYS = ("settings", "inputs", "content", "sources")
#: Where a param or a wildcard goes in a rule's command.
_NAMED_VALUE = re.compile(r"\{(?P<kind>params|wildcards)\.(?P<name>\w+)(?P<quoted>:q)?\}")
#: An absolute path, from where a word of an option or of JSON begins.
_ABSOLUTE = re.compile(r"""(?<![\w:/.…~-])~?/[^\s"',;:}\]]+""")


@dataclass(frozen=True)
class Settings:
    """A rule, its command as it stands in the rule, and params by name (JSON values)."""

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
    """What a job was given.

    ``read``: the names of all that it read. ``own``: of the experiment's own files, relative to its results.
    ``sources``: (name, SHA-256) of the others, in the job's order.
    """

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
    """Return a path without its folders: wherever a file of the user's lies, its content decides."""
    return f"…/{Path(path).name}"


def portable_value(value: Any) -> Any:
    """Return a param as JSON has it, with the last part alone of the absolute paths that stand in it."""
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
    """Tell whether a file is what an entry of the manifest lists: size and time, or content; or is not there.

    ``hashes``: to compare the content of one with another time; None: it counts as another.
    """
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
