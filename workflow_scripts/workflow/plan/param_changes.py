"""What changed of a job's settings, in words: a setting with its old and new value, code, environment."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflow_scripts.workflow.settings import CODE, ENVIRONMENT

_LONGEST_VALUE = 40
NOT_SET = "not set"
#: Settings of one job that are named; the others are in the config.
MOST_SETTINGS = 6
#: Phrases for other code, and for params that an earlier version wrote without names.
CODE_CHANGED, FORM_CHANGED = "its code changed", "its params are written otherwise"


def changes(
    before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, identities: Mapping[str, str]
) -> list[str]:
    """Return a phrase for each thing that changed, settings first; ``before`` is empty without names."""
    if before is None or now is None:
        return []
    if not before:
        return [FORM_CHANGED]
    # The settings of a training are all in one object.
    old, new = (
        {name.removeprefix("settings."): value for name, value in flattened(settings)}
        for settings in (before, now)
    )
    code, environment = ((old.pop(name, None), new.pop(name, None)) for name in (CODE, ENVIRONMENT))
    phrases = list(_differences(old, new))
    more = [f"and {len(phrases) - MOST_SETTINGS} more"] if len(phrases) > MOST_SETTINGS else []
    said = [f"a setting changed: {', '.join([*phrases[:MOST_SETTINGS], *more])}"] if phrases else []
    if environment[0] != environment[1]:
        name = identities.get(str(environment[1]))
        said.append(f"the pins of environment {name} changed" if name else "its packages changed")
    if code[0] != code[1]:
        said.append(CODE_CHANGED)
    return said


def flattened(value: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    """Return an object's values with the keys that lead to each, with dots between them."""
    for key, part in value.items():
        if isinstance(part, dict) and part:
            yield from flattened(part, f"{head}{key}.")
        else:
            yield f"{head}{key}", part


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        was, is_now = old.get(name, NOT_SET), new.get(name, NOT_SET)
        # Of an object that was or is empty, the keys are named.
        if {} in (was, is_now) and any(other.startswith(f"{name}.") for other in [*old, *new]):
            continue
        if isinstance(was, list) and isinstance(is_now, list):
            yield from _of_lists(was, is_now, name)
        elif was != is_now:
            yield f"{name} {short(was)} → {short(is_now)}"


def _of_lists(old: list[Any], new: list[Any], name: str) -> Iterator[str]:
    more = [item for item in new if item not in old]
    less = [item for item in old if item not in new]
    if more:
        yield f"{name} {short(more)} added"
    if less:
        yield f"{name} {short(less)} removed"
    if not more and not less and old != new:
        yield f"{name} {short(old)} → {short(new)}"


def short(value: Any, longest: int = _LONGEST_VALUE) -> str:
    """Return a value in few words."""
    if isinstance(value, list):
        value = " ".join(map(str, value)) or "none"
    text = "null" if value is None else "on" if value is True else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
