"""Leaves languages out of a config: wherever one of them, or a direction of one, is named."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow_scripts.common.language_codes import canonical

Config = dict[str, Any]


def without(config: Mapping[str, Any], languages: Sequence[str]) -> Config:
    """Return a config without what names one of these languages, or a direction of one.

    Lists and mappings that had nothing else are left out, too; `languages` and `pivot` are for the caller.
    """
    known = {*config["languages"], *map(canonical, config["languages"])}
    gone = set(languages)
    # A direction is two languages: `no-masks` is a name, whether Norwegian is left out or not.
    gone |= {f"{a}-{b}" for a in known for b in known if a in gone or b in gone}
    return {key: value if key == "languages" else _cut(value, gone) for key, value in config.items()}


def _names(word: Any, gone: set[str]) -> bool:
    return isinstance(word, str) and word in gone


def _cut(value: Any, gone: set[str]) -> Any:
    if isinstance(value, Mapping):
        pairs = _rejoined(value, gone)
        inner = {key: _cut(one, gone) for key, one in pairs.items() if not _names(key, gone)}
        return {key: one for key, one in inner.items() if not _emptied(value.get(key), one)}
    if isinstance(value, list):
        inner_list = [_cut(one, gone) for one in value if not _names(one, gone)]
        return [one for one in inner_list if one is not None]
    return value


def _emptied(before: Any, after: Any) -> bool:
    """Tell whether a list or mapping had something, and has nothing now."""
    return bool(before) and isinstance(before, list | Mapping) and not after


def _rejoined(value: Mapping[str, Any], gone: set[str]) -> Config:
    """Return a mapping between directions (whose rows a direction takes) with the gone ones passed over:
    a: b, b: c becomes a: c. One that would get its own row is left out."""
    out = dict(value)
    for key, one in value.items():
        seen = {key}
        while _names(one, gone) and one in value and one not in seen:
            seen.add(one)
            one = value[one]
        if one != value[key]:
            if one == key or _names(one, gone):
                del out[key]
            else:
                out[key] = one
    return out
