"""What a manifest goes on saying: which files stay listed, and what each was made with.

Inputs: the last manifest, what is known of this run's files. Outputs: entries, and the table of settings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from workflow_scripts.operate.made_with import KEYS, Made, Settings, settings_in

Entry = dict[str, Any]


def check_tables(manifest: Mapping[str, Any]) -> None:
    """Look at the tables of a manifest, which anybody may have edited.

    Raises:
        ValueError, KeyError, TypeError: what is not as it should be.
    """
    tables = {"environments": manifest["environments"], "files": manifest["files"]}
    tables |= {name: manifest.get(name, {}) for name in ("settings", "deleted")}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(f"{name} is no object")
    for name, entry in tables["files"].items():
        _check(name, {"sha256": entry["sha256"]})
        for key in ("bytes", "mtime_ns"):
            if type(entry[key]) is not int:
                raise ValueError(f"{name}: {key} {entry[key]!r} is no whole number")
    for name, entry in [*tables["files"].items(), *tables["deleted"].items()]:
        _check(name, dict(entry.get("sources", [])))
        _check(name, {key: entry[key] for key in KEYS if key in entry and key != "sources"})


def _check(name: str, digests: Mapping[str, Any]) -> None:
    for key, digest in digests.items():
        if not isinstance(digest, str):
            raise ValueError(f"{name}: {key} {digest!r} is no hash")


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
    """Yield the files of the last manifest that stay although a plan may not hold them.

    They are those that a plan of everything would not change: of the same config, code and packages.

    Args:
        old: the last manifest.
        new: what the next one says of config, code and packages.
        used: the environments of the experiment's rules.
        rules: the rules of today.
    """
    if not old or old["config"] != new["config"]:
        return
    packages = all(old["environments"].get(name) == new["environments"][name] for name in used)
    for name in {**old["files"], **old.get("deleted", {})}:
        settings = settings_in(old, entry_of(old, name))
        if settings is None:  # of an earlier version
            if packages and old.get("code") == new.get("code"):
                yield name
        elif (today := rules.get(settings.rule)) and _is_current(settings, today):
            yield name


def _is_current(settings: Settings, today: Settings) -> bool:
    """Tell whether a file was made by a rule's code and packages of today."""
    return today.command == settings.command and today.params.items() <= settings.params.items()


def say_what_made(
    listed: dict[str, Entry], deleted: Iterable[str], old: Mapping[str, Any], made: Mapping[str, Made]
) -> dict[str, Any]:
    """Let every entry say what its file was made with, where that is known.

    Args:
        listed: the entries of the files that are there; they are completed.
        deleted: files that the plan holds, and that are not there: nothing needs them any more.
        old: the last manifest. What it says of a file stays while its content does.
        made: what files were made with, as this run knows.

    Returns:
        The tables ``settings`` and, if there are any, ``deleted``.
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
