"""Files of others' systems, found by a pattern such as ``DIR/{system}/{direction}/hyp.txt``.

What: the wildcards may stand anywhere in the path, also within a name and more than once. Inputs: patterns.
Outputs: the file of each system and direction, and the files that nearly fit, by the reason why they were
left out. Standard library only. Source: none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
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
#: What editors and shells put behind the name of a copy.
BACKUPS = ("~", ".bak", ".swp", ".tmp")
#: What stands behind the name of a compressed file.
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
NAMED = 3  # files that a line names; the rest is counted

# Why a file was left out.
HIDDEN = "hidden, or a backup (a pattern that spells the dot or the ending takes it)"
HYPHEN = "a language code holds no hyphen: rename pt-BR to pt_BR, of the references too"
NO_DIRECTION = "a direction is two codes around one hyphen, as in de-en"
OTHER_PAIR = "its wildcards contradict one another"
NO_FILE = "no file, or a link to none"
OTHER_ENDING = "compressed: the pattern must end as they do"


@dataclass(frozen=True)
class Found:
    """What a pattern found.

    files     system -> direction -> file, in alphabetical order
    left_out  reason -> files that nearly fit
    """

    files: dict[str, dict[str, Path]] = field(default_factory=dict)
    left_out: dict[str, list[Path]] = field(default_factory=dict)

    def leave_out(self, path: Path, reason: str) -> None:
        """Note a file that nearly fits."""
        self.left_out.setdefault(reason, []).append(path)

    def notes(self) -> list[str]:
        """Return a line for each reason, with the first files."""
        return [f"left out: {_some(paths)}: {reason}" for reason, paths in sorted(self.left_out.items())]

    def without(self, others: Mapping[Path, str]) -> Found:
        """Return this without some files (their real paths -> the reason); they don't nearly fit either."""
        rest = Found()
        for why, paths in self.left_out.items():
            for path in paths:
                if path.resolve() not in others:
                    rest.leave_out(path, why)
        for system, by_direction in self.files.items():
            for direction, path in by_direction.items():
                if reason := others.get(path.resolve()):
                    rest.leave_out(path, reason)
                else:
                    rest.files.setdefault(system, {})[direction] = path
        return rest


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


def find(pattern: str) -> Found:
    """Return every file that fits, and those that nearly do.

    A name that begins with a dot, or ends as a backup does, fits only if the pattern spells that.

    Raises:
        UserError: an unknown wildcard, none for the system or the direction, or no file fits.
    """
    fields = fields_of(pattern, WILDCARDS)
    if "system" not in fields:
        raise UserError(f"pattern {pattern!r}: {{system}} is needed, for the part that names the system")
    if "direction" not in fields and not {"source", "target"} <= fields:
        raise UserError(f"pattern {pattern!r}: {{direction}} is needed, or both {{source}} and {{target}}")
    place = Path(pattern)
    expression, wider = _expression(str(place)), _expression(str(place), NEARLY)
    wanted = FIELD.sub("*", _without_globs(str(place.relative_to(place.anchor))))
    found = Found()
    for path in sorted(Path(place.anchor).glob(wanted)):
        if path.is_dir():
            continue
        fits = expression.fullmatch(str(path))
        if _is_hidden(path, place):
            found.leave_out(path, HIDDEN)
        elif fits is None:
            nearly = wider.fullmatch(str(path))
            found.leave_out(path, HYPHEN if nearly and _has_hyphens(nearly.groupdict()) else NO_DIRECTION)
        elif not path.is_file():
            found.leave_out(path, NO_FILE)
        else:
            named = fits.groupdict()
            direction = named.get("direction") or f"{named['source']}-{named['target']}"
            # {pair} beside {direction} must agree with it
            if fill(pattern, direction, named["system"]) == path:
                found.files.setdefault(named["system"], {})[direction] = path
            else:
                found.leave_out(path, OTHER_PAIR)
    for ending in PACKED:
        for path in sorted(Path(place.anchor).glob(wanted + ending)):
            if expression.fullmatch(str(path).removesuffix(ending)) and not expression.fullmatch(str(path)):
                found.leave_out(path, OTHER_ENDING)
    if not found.files:
        raise nothing(pattern, found)
    return found


def nothing(pattern: str, found: Found) -> UserError:
    """Return the error for a pattern that no file fits; it names what nearly does."""
    folder = Path(FIELD.split(pattern)[0] + "x").parent  # the one above all wildcards
    advice = "; ".join(found.notes())
    if not advice and not folder.is_dir():
        advice = f"there is no folder {folder}"
    advice = advice or "quote the pattern, so that the shell leaves it"
    return UserError(f"pattern {pattern!r}: no file fits ({advice})")


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


#: Wildcards that take more than they may, to tell why a file does not fit.
NEARLY = {name: r"[^/]+" if name == "system" else r"[\w.-]+" for name in WILDCARDS}


def _expression(pattern: str, wildcards: Mapping[str, str] = WILDCARDS) -> re.Pattern[str]:
    seen: set[str] = set()
    parts: list[str] = []
    end = 0
    for wildcard in FIELD.finditer(pattern):
        name = wildcard[1]
        parts.append(re.escape(pattern[end : wildcard.start()]))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{wildcards[name]})")
        seen.add(name)
        end = wildcard.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))


def _has_hyphens(named: Mapping[str, str]) -> bool:
    """Tell whether more hyphens stand in the languages than the one of a direction."""
    whole = [named[name] for name in ("direction", "pair") if name in named]
    parts = [named[name] for name in ("source", "target") if name in named]
    return any(one.count("-") > 1 for one in whole) or any("-" in one for one in parts)


def _is_hidden(path: Path, pattern: Path) -> bool:
    """Tell whether a name of a wildcard begins with a dot or ends as a backup, and the pattern does not."""
    return any(
        (name.startswith(".") and not asked.startswith("."))
        or (name.startswith("#") and name.endswith("#") and not asked.endswith("#"))
        or any(name.endswith(ending) and not asked.endswith(ending) for ending in BACKUPS)
        for name, asked in zip(path.parts, pattern.parts, strict=True)
        if FIELD.search(asked)
    )


def _some(paths: Iterable[Path]) -> str:
    """Return the first paths, and how many more there are."""
    names = [str(path) for path in paths]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
