"""Files of others' systems, found by a pattern such as ``DIR/{system}/{direction}/hyp.txt``.

A wildcard may be anywhere in the path, also within a name and more than once. Standard library only.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from workflow_scripts.common.directions import pair_of, split_direction
from workflow_scripts.common.endings import other_endings
from workflow_scripts.common.errors import UserError, first_of, nearest
from workflow_scripts.common.language_codes import (
    AMBIGUOUS,
    WRITTEN,
    canonical,
    is_code,
    read_direction,
    spellings,
)

FIELD = re.compile(r"\{(\w*)\}")


def _wildcards(language: str, joint: str = "-") -> dict[str, str]:
    both = f"{language}{joint}{language}"
    return {"system": "[^/]+", "direction": both, "pair": both, "source": language, "target": language}


#: What each wildcard may be; "pair" is the two languages of a direction in alphabetical order.
WILDCARDS = _wildcards(r"[A-Za-z0-9_]+")
#: The first that a file fits counts: codes of the usual form in either spelling, any codes without a hyphen,
#: and directions whose languages are around "_".
READINGS = (_wildcards(WRITTEN), WILDCARDS, _wildcards(WRITTEN, "_"), _wildcards(r"[\w-]+"))
OF_A_DIRECTION = [name for name in WILDCARDS if name != "system"]
#: What editors and shells put behind the name of a copy.
BACKUPS = ("~", ".bak", ".swp", ".tmp")

HIDDEN = "hidden, or a backup (a pattern that spells the dot or the ending takes it)"
NO_DIRECTION = "a direction is two language codes around a hyphen, as in de-en or en-pt_BR"
TWO_READINGS = "a direction that may be two: write _ inside a code, as in en-pt_BR, or name its languages"
TWICE = "its direction is there with a hyphen"
OTHER_PAIR = "its wildcards contradict one another"
NO_FILE = "no file, or a link to none"


@dataclass(frozen=True)
class Found:
    """What a pattern found. ``files``: system -> direction -> file, in alphabetical order. ``left_out``:
    reason -> files that nearly fit. ``read_as``: what a name says -> the direction's id, where the two
    differ."""

    files: dict[str, dict[str, Path]] = field(default_factory=dict)
    left_out: dict[str, list[Path]] = field(default_factory=dict)
    read_as: dict[str, str] = field(default_factory=dict)

    def leave_out(self, path: Path, reason: str) -> None:
        """Note a file that nearly fits."""
        self.left_out.setdefault(reason, []).append(path)

    def notes(self) -> list[str]:
        """Return a line for names that are read differently, and one for each reason."""
        read = ", ".join(f"{given} is {direction}" for given, direction in self.read_as.items())
        left_out = [f"left out: {first_of(paths)}: {why}" for why, paths in sorted(self.left_out.items())]
        return [f"in names of files: {read}", *left_out] if read else left_out

    def without(self, others: Mapping[Path, str]) -> "Found":
        """Return this without some files (their real paths -> the reason); they don't nearly fit either."""
        rest = Found(read_as=self.read_as)
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
    return _filled(pattern, {**_values(*split_direction(direction)), "system": system})


def _values(source: str, target: str, joint: str = "-") -> dict[str, str]:
    pair = joint.join(sorted((source, target)))
    return {"direction": f"{source}{joint}{target}", "pair": pair, "source": source, "target": target}


def _filled(pattern: str, values: Mapping[str, str]) -> Path:
    return Path(FIELD.sub(lambda field: values[field[1]], pattern))


def path_of(pattern: str, direction: str) -> Path:
    """Return the path of a direction by a pattern without a system, in whatever spelling of the direction
    (``en-pt-BR``) its file is there. The text of one language, ``de``, has {target} alone. Raises UserError:
    another wildcard, or two spellings are there."""
    if "-" not in direction:
        fields_of(pattern, ["target"])
        return Path(pattern.replace("{target}", direction))
    fields_of(pattern, OF_A_DIRECTION)
    path = fill(pattern, direction)
    there = [other for other in _spelt(pattern, direction, "-") if other.is_file()]
    there = there or [other for other in _spelt(pattern, direction, "_") if other.is_file()]
    if len(there) > 1:
        raise UserError(f"{there[0]} and {there[1]} are both there, for {direction}: keep one of them")
    return there[0] if there else path


def _spelt(pattern: str, direction: str, joint: str) -> list[Path]:
    sides = product(*map(spellings, split_direction(direction)))
    return list(dict.fromkeys(_filled(pattern, _values(one, two, joint)) for one, two in sides))


def find(pattern: str, known: Collection[str] = ()) -> Found:
    """Return every file that fits, and those that nearly do; hidden files and backups only nearly. ``known``:
    languages, to read directions such as ``en-pt-br``. Raises UserError: an unknown wildcard, none for the
    system or direction, no file fits, or two are the same."""
    fields = fields_of(pattern, WILDCARDS)
    if "system" not in fields:
        raise UserError(f"pattern {pattern!r}: {{system}} is needed, for the part that names the system")
    if "direction" not in fields and not {"source", "target"} <= fields:
        raise UserError(f"pattern {pattern!r}: {{direction}} is needed, or both {{source}} and {{target}}")
    # Both sides around a hyphen are a direction: only whole does en-zh-cn show that it may be two.
    place = Path(pattern.replace("{source}-{target}", "{direction}"))
    expressions = [_expression(str(place), wildcards) for wildcards in READINGS]
    apart = _expression(str(place), READINGS[0], linked=False)
    wanted = _globbed(str(place.relative_to(place.anchor)))
    found = Found()
    unclear: list[tuple[Path, dict[str, str]]] = []
    for path in sorted(Path(place.anchor).glob(wanted)):
        fits = [one.fullmatch(str(path)) for one in expressions]
        named = next((one.groupdict() for one in fits if one), {})
        if path.is_dir():
            if place.suffix and any(fits[:2]):
                found.leave_out(path, NO_FILE)
        elif _is_hidden(path, place):
            found.leave_out(path, HIDDEN)
        elif not named and apart.fullmatch(str(path)):
            found.leave_out(path, OTHER_PAIR)
        elif not any(fits[:-1]):
            unclear.append((path, named))
        else:
            _take(found, path, named, known)
    known = {*known, *(code for by in found.files.values() for d in by for code in split_direction(d))}
    for path, named in unclear:
        _take(found, path, named, known)
    for path, reason in other_endings(
        Path(place.anchor), wanted, lambda name: any(one.fullmatch(name) for one in expressions[:2])
    ):
        found.leave_out(path, HIDDEN if _is_hidden(path, place) else reason)
    if not found.files:
        raise nothing(pattern, found)
    return found


def nothing(pattern: str, found: Found) -> UserError:
    """Return the error for a pattern that no file fits; it names what nearly does."""
    folder = Path(FIELD.split(pattern)[0] + "x").parent  # the one above all wildcards
    advice = "; ".join(found.notes())
    if not advice and not folder.is_dir():
        advice = f"there is no folder {folder}"
    if not advice and re.search(r"[*?]", pattern):
        names = ", ".join(f"{{{name}}}" for name in WILDCARDS)
        advice = f"* and ? are themselves here; what varies is one of {names}"
    if not advice and (deeper := _deeper(pattern)):
        advice = f"there is {deeper}, a folder deeper"
    advice = advice or "quote the pattern, so that the shell leaves it"
    return UserError(f"pattern {pattern!r}: no file fits ({advice})")


def _deeper(pattern: str) -> Path | None:
    """Return a file that would fit if the pattern named one more folder."""
    parts = Path(_globbed(pattern)).parts
    first = next((place for place, part in enumerate(parts) if "*" in part), len(parts))
    root = Path(*parts[:first])
    for place in range(first, len(parts)):
        longer = str(Path(*parts[first:place], "*", *parts[place:]))
        if path := next((path for path in sorted(root.glob(longer)) if path.is_file()), None):
            return path
    return None


def values_of(pattern: str, asked: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the values of some wildcards in the files that fit, each once, in alphabetical order. ``asked``:
    wildcard -> the expression that its values match."""
    place = Path(pattern.replace("{source}-{target}", "{direction}"))
    expressions = [_expression(str(place), {**wildcards, **asked}) for wildcards in READINGS]
    found = set()
    for path in Path(place.anchor).glob(_globbed(str(place.relative_to(place.anchor)))):
        named = next((fit for one in expressions if (fit := one.fullmatch(str(path)))), None)
        if named and path.is_file() and not _is_hidden(path, place):
            found.add(tuple((name, value) for name, value in named.groupdict().items() if name in asked))
    return [dict(values) for values in sorted(found)]


def neighbours(pattern: str) -> list[str]:
    """Return the files that a pattern finds, whatever its wildcards are, in alphabetical order."""
    place = Path(pattern)
    wanted = _globbed(str(place.relative_to(place.anchor)))
    return sorted(str(path) for path in Path(place.anchor).glob(wanted) if path.is_file())


def _globbed(pattern: str) -> str:
    """Return a pattern for glob: its own ``*``, ``?`` and ``[`` are themselves, a wildcard is ``*``."""
    return FIELD.sub("*", re.sub(r"([*?[])", r"[\1]", pattern))


def _take(found: Found, path: Path, named: Mapping[str, str], known: Collection[str]) -> None:
    direction = _direction(named, known)
    if direction is None or direction == TWO_READINGS:
        found.leave_out(path, direction or NO_DIRECTION)
    elif not path.is_file():
        found.leave_out(path, NO_FILE)
    elif not _agree(named, direction):
        found.leave_out(path, OTHER_PAIR)
    else:
        of_system = found.files.setdefault(named["system"], {})
        given = named.get("direction") or f"{named['source']}-{named['target']}"
        if (other := of_system.get(direction)) and "-" not in given:
            found.leave_out(path, TWICE)
            return
        if other:
            raise UserError(f"{other} and {path} are both {direction} of {named['system']}: keep one of them")
        of_system[direction] = path
        if given != direction:
            found.read_as[given] = direction


def _direction(named: Mapping[str, str], known: Collection[str]) -> str | None:
    """Return the id of the direction that the wildcards of a path name, or why there is none."""
    if "direction" in named:
        try:
            return read_direction(named["direction"], known)
        except UserError as error:
            return TWO_READINGS if AMBIGUOUS in str(error) else None
    sides = [canonical(named[side]) for side in ("source", "target") if side in named]
    # Only a code of the usual form has a hyphen.
    right = all((is_code(side) or side in named.values()) and "-" not in side for side in sides)
    return "-".join(sides) if right and len(sides) == 2 else None


def _agree(named: Mapping[str, str], direction: str) -> bool:
    source, target = split_direction(direction)
    sides = {"source": source, "target": target}
    if any(canonical(named[side]) != code for side, code in sides.items() if side in named):
        return False
    try:
        return "pair" not in named or read_direction(named["pair"], [source, target]) == pair_of(direction)
    except UserError:
        return False


def _expression(pattern: str, wildcards: Mapping[str, str], linked: bool = True) -> re.Pattern[str]:
    """Return a pattern as an expression; ``linked``: the second use of a wildcard must match the first."""
    texts, names = FIELD.split(pattern)[0::2], FIELD.split(pattern)[1::2]
    expression = re.escape(texts[0])
    for place, (name, text) in enumerate(zip(names, texts[1:], strict=True)):
        again = f"(?P={name})" if linked else f"(?:{wildcards[name]})"
        expression += again if name in names[:place] else f"(?P<{name}>{wildcards[name]})"
        expression += re.escape(text)
    return re.compile(expression)


def _is_hidden(path: Path, pattern: Path) -> bool:
    """Tell whether a wildcard matched a hidden file or a backup, which the pattern does not spell."""
    return any(
        (name.startswith(".") and not asked.startswith("."))
        or (name.startswith("#") and name.endswith("#") and not asked.endswith("#"))
        or any(name.endswith(ending) and not asked.endswith(ending) for ending in BACKUPS)
        for name, asked in zip(path.parts, pattern.parts, strict=True)
        if FIELD.search(asked)
    )
