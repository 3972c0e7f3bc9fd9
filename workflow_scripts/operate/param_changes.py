"""What changed of a job's params, in words: a setting with its old and new value, the code, the environment.

Snakemake keeps the values of params without their names: those of the earlier run have names where their form
does (`--beam 5`, JSON), and otherwise that of the value that takes their place.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: A code's or an environment's hash (operate.closure, operate.environments).
_HASH = re.compile(r"[0-9a-f]{16}")
_LONGEST_VALUE = 40
NOT_SET = "not set"
#: Settings of one job that are named; the config says all.
MOST_SETTINGS = 6


def changes(
    before: Sequence[Any], now: Sequence[tuple[str, Any]], identities: Mapping[str, str]
) -> list[str]:
    """Return a phrase for each thing that changed, settings first.

    Args:
        before: values that only the earlier run had.
        now: names and values that only this one would have.
        identities: environments' hashes of today, to their names.
    """
    phrases: list[str] = []
    for kind in (_is_json, _is_options, _is_other):
        phrases += _settings([v for v in before if kind(v)], [one for one in now if kind(one[1])])
    more = [f"and {len(phrases) - MOST_SETTINGS} more"] if len(phrases) > MOST_SETTINGS else []
    told = [f"a setting changed: {', '.join([*phrases[:MOST_SETTINGS], *more])}"] if phrases else []
    old, new = (
        [one for value in values for one in _hashes(value)] for values in (before, (v for _, v in now))
    )
    changed = [one for one in new if one not in old]
    environments = [identities[one] for one in changed if one in identities]
    told += [f"the pins of environment {name} changed" for name in environments]
    if len(changed) > len(environments):
        told.append("its code changed")
    if old and not new:
        told.append("its code or environment is no longer compared")
    return told


def _hashes(value: Any) -> list[str]:
    parts = dict(flattened(content)).values() if isinstance(content := json_of(value), dict) else [value]
    return [part for part in parts if is_hash(part)]


def is_hash(value: Any) -> bool:
    """Tell whether a value has the form of a code's or an environment's hash."""
    return isinstance(value, str) and bool(_HASH.fullmatch(value))


def _is_json(value: Any) -> bool:
    return isinstance(json_of(value), dict)


def _is_options(value: Any) -> bool:
    return isinstance(value, str) and (value.startswith("--") or not value.strip())


def _is_other(value: Any) -> bool:
    return not (is_hash(value) or _is_json(value) or _is_options(value))


def json_of(value: Any) -> Any:
    """Return what a value holds as a JSON object; None if it is none."""
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _settings(before: list[Any], now: list[tuple[str, Any]]) -> Iterator[str]:
    """Return phrases such as `beam 5 → 4` for values of one kind."""
    for name, new in now:
        # Of several values the one that has most in common is what this one was.
        old = {}
        if before:
            likest = max(before, key=lambda one: _alike(_parts(one), _parts(new)))
            before.remove(likest)
            old = _parts(likest)
        yield from _difference(old, _parts(new), name)
    for value in before:
        yield from _difference(_parts(value), {}, "")


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    return sum(name in other and other[name] == value for name, value in one.items())


def _parts(value: Any) -> dict[str, Any]:
    """Return a value's settings by name; one without names is a setting without a name."""
    loaded = json_of(value)
    if isinstance(loaded, dict):
        return {name: part for name, part in flattened(loaded) if not is_hash(part)}
    if isinstance(value, str) and not value.strip():
        return {}
    if isinstance(value, str) and value.startswith("--"):
        return {name: " ".join(words) or "on" for name, words in _options_of(value).items()}
    return {"": value}


def flattened(value: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    """Return an object's values with the keys that lead to each, with dots between them."""
    for key, part in value.items():
        if isinstance(part, dict) and part:
            yield from flattened(part, f"{head}{key}.")
        else:
            yield f"{head}{key}", part


def _difference(old: Mapping[str, Any], new: Mapping[str, Any], param: str) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        name = key or param
        was, is_now = old.get(key, NOT_SET), new.get(key, NOT_SET)
        if isinstance(was, list) and isinstance(is_now, list):
            yield from _of_lists(was, is_now, name)
        elif was != is_now:
            yield f"{name} {short(was)} → {short(is_now)}".strip()


def _of_lists(old: list[Any], new: list[Any], name: str) -> Iterator[str]:
    more = [item for item in new if item not in old]
    less = [item for item in old if item not in new]
    if more:
        yield f"{name} {short(more)} added".strip()
    if less:
        yield f"{name} {short(less)} removed".strip()
    if not more and not less and old != new:
        yield f"{name} {short(old)} → {short(new)}".strip()


def short(value: Any, longest: int = _LONGEST_VALUE) -> str:
    """Return a value in few words."""
    if isinstance(value, list):
        value = " ".join(map(str, value)) or "none"
    text = "null" if value is None else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _options_of(command: str) -> dict[str, list[str]]:
    """Return option → the words behind it; of an option that is there again, the last ones."""
    try:
        return dict(options_in(command))
    except ValueError:
        return {}


def options_in(command: str) -> list[tuple[str, list[str]]]:
    """Return a command's options in order, each with the words behind it.

    Dashes in names become underscores, as config has them.

    Raises:
        ValueError: its quotes do not match.
    """
    found: list[tuple[str, list[str]]] = []
    for word in shlex.split(command):
        if word.startswith("--"):
            found.append((word[2:].replace("-", "_"), []))
        elif word in (">", ">>"):
            break  # what follows is of the shell
        elif found:
            found[-1][1].append(word)
    return found
