"""Files of others' systems, found by a pattern such as ``DIR/{system}/{direction}/hyp.txt``.

What: the wildcards may stand anywhere in the path, also within a name and more than once. Inputs: patterns.
Outputs: the file of each system and direction. Standard library only. Source: none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from workflow_scripts.directions import pair_of, split_direction
from workflow_scripts.errors import UserError, nearest

FIELD = re.compile(r"\{(\w*)\}")
LANGUAGE = r"[A-Za-z0-9_]+"
#: What each wildcard may stand for; "pair" is the two languages of a direction in alphabetical order.
WILDCARDS = {
    "system": r"[^/]+",
    "direction": f"{LANGUAGE}-{LANGUAGE}",
    "pair": f"{LANGUAGE}-{LANGUAGE}",
    "source": LANGUAGE,
    "target": LANGUAGE,
}
OF_A_DIRECTION = [name for name in WILDCARDS if name != "system"]


def fields_of(pattern: str, allowed: Collection[str]) -> set[str]:
    """Return the wildcards of a pattern; UserError for one that is not among ``allowed``."""
    found = set(FIELD.findall(pattern))
    for name in sorted(found - set(allowed)):
        known = ", ".join(f"{{{one}}}" for one in allowed)
        raise UserError(
            f"pattern {pattern!r}: no wildcard {{{name}}}{nearest(name, allowed)}; there are {known}"
        )
    return found


def fill(pattern: str, direction: str, system: str = "") -> Path:
    """Return the path of a direction (and a system)."""
    source, target = split_direction(direction)
    values = {"direction": direction, "pair": pair_of(direction), "source": source, "target": target}
    return Path(FIELD.sub(lambda field: {**values, "system": system}[field[1]], pattern))


def path_of(pattern: str, direction: str) -> Path:
    """Return the path of a direction by a pattern without a system.

    Raises:
        UserError: it has another wildcard than direction, pair, source and target.
    """
    fields_of(pattern, OF_A_DIRECTION)
    return fill(pattern, direction)


def find(pattern: str) -> dict[str, dict[str, Path]]:
    """Return system → direction → file of every file that fits, in alphabetical order.

    Raises:
        UserError: an unknown wildcard, none for the system or the direction, or no file fits.
    """
    fields = fields_of(pattern, WILDCARDS)
    if "system" not in fields:
        raise UserError(f"pattern {pattern!r}: {{system}} is needed, for the part that names the system")
    if "direction" not in fields and not {"source", "target"} <= fields:
        raise UserError(f"pattern {pattern!r}: {{direction}} is needed, or both {{source}} and {{target}}")
    place = Path(pattern)
    expression = _expression(str(place))
    wanted = FIELD.sub("*", _without_globs(str(place.relative_to(place.anchor))))
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(Path(place.anchor).glob(wanted)):
        fits = expression.fullmatch(str(path))
        if fits is None or not path.is_file():
            continue
        named = fits.groupdict()
        direction = named.get("direction") or f"{named['source']}-{named['target']}"
        # {pair} beside {direction} must agree with it
        if fill(pattern, direction, named["system"]) == path:
            found.setdefault(named["system"], {})[direction] = path
    if not found:
        raise UserError(f"pattern {pattern!r}: no file fits (quote the pattern, so that the shell leaves it)")
    return found


def complete(found: Mapping[str, Mapping[str, Path]], pattern: str, allow_partial: bool = False) -> list[str]:
    """Return every direction that any system has, in alphabetical order.

    Raises:
        UserError: a line for each file that one system has and another lacks, unless ``allow_partial``.
    """
    directions = sorted({direction for files in found.values() for direction in files})
    missing = [
        f"{fill(pattern, direction, system)}: no such file; {other} has {direction}"
        for system, files in found.items()
        for direction in directions
        if direction not in files
        for other in [next(name for name in found if direction in found[name])]
    ]
    if missing and not allow_partial:
        raise UserError("\n".join(missing))
    return directions


def _without_globs(pattern: str) -> str:
    """Return a pattern in which ``*``, ``?`` and ``[`` are themselves."""
    return re.sub(r"([*?[])", r"[\1]", pattern)


def _expression(pattern: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts: list[str] = []
    end = 0
    for field in FIELD.finditer(pattern):
        name = field[1]
        parts.append(re.escape(pattern[end : field.start()]))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{WILDCARDS[name]})")
        seen.add(name)
        end = field.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))
