"""Which files of others are evaluated: what patterns find, and what options choose of it."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from workflow_scripts.common.checked_options import Groupings, named_once
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, first_of, nearest, terminal
from workflow_scripts.common.language_codes import one_of
from workflow_scripts.common.naming import check_names
from workflow_scripts.common.parallel_text import file_of, is_log
from workflow_scripts.common.patterns import FIELD, Found, find, neighbours, nothing, path_of

Files = dict[str, dict[str, Path]]  # system -> direction -> file


def pivot_of(directions: Sequence[str]) -> str:
    """Return the one language that every direction has, "" if there is none or two."""
    shared = set.intersection(*(set(split_direction(direction)) for direction in directions))
    return shared.pop() if len(shared) == 1 else ""


def chosen(option: str, name: str | None, systems: Sequence[str]) -> list[str]:
    """Return the system that an option names, if it is given; UserError if there is none of that name."""
    if name is not None and name not in systems:
        hint = f"{nearest(name, systems)}; there are {', '.join(systems)}"
        raise UserError(f"--{option}: no system {name!r}{hint}")
    return [name] if name else []


def check_pivot(pivot: str | None, directions: Sequence[str]) -> None:
    """Refuse a pivot that no direction has: all sides would be "other"."""
    known = sorted({lang for direction in directions for lang in split_direction(direction)})
    if pivot and pivot not in known:
        raise UserError(f"--pivot: no direction has {pivot!r}{nearest(pivot, known)}")


def unknown_in_groups(groups: Groupings, directions: Sequence[str]) -> list[str]:
    """Return a line for each grouping with languages that no direction has: of others, or misspelt ones."""
    known = sorted({lang for direction in directions for lang in split_direction(direction)})
    notes = []
    for name, by in groups.items():
        absent = list(dict.fromkeys(code for codes in by.values() for code in codes if code not in known))
        if absent:
            said = first_of([f"{code}{nearest(code, known)}" for code in absent])
            notes.append(f"--groups: {name}: no direction has {said}")
    return notes


def text_of(pattern: str, direction: str) -> Path:
    """Return the references or sources of a direction; the UserError for none names those that there are."""
    try:
        return file_of(pattern, direction)
    except UserError as error:
        path = path_of(pattern, direction)
        there = neighbours(pattern)
        if path.is_file() or not there:
            raise
        named = str(path).lower()
        near = next((f" (did you mean {one!r}?)" for one in there if one.lower() == named), "")
        raise UserError(f"{error}{near}; there are {first_of(there)}") from None


def one_pattern(option: str, values: Sequence[str] | None) -> str | None:
    """Return the pattern that an option was given; UserError for several."""
    if values is None or len(values) == 1:
        return values[0] if values else None
    said = f"one pattern, not {len(values)} ({', '.join(values[:3])})"
    raise UserError(f"--{option}: {said}; quote it, so that the shell leaves it")


def check_sets(references: Sequence[str], directions: Sequence[str]) -> None:
    """Refuse several sets of references that are one file for all directions: the shell filled a pattern in.
    Raises UserError: such a pattern, or two that name one file."""
    if len(references) == 1:
        return
    for pattern in references:
        if len(directions) > 1 and not FIELD.search(pattern):
            raise UserError(
                f"--references: {pattern!r} has no wildcard, and would be one of {len(references)} "
                f"references of all {len(directions)} directions; quote it, so that the shell leaves it"
            )
    for direction in directions:
        paths = [path_of(pattern, direction).resolve() for pattern in references]
        if len(set(paths)) < len(paths):
            raise UserError(f"--references: two patterns name one file for {direction}")


def check_languages(references: Sequence[str], sources: str | None, directions: Sequence[str]) -> None:
    """Refuse one file that would be the references, or the sources, of two languages.

    Links of two names to one file are let through: whoever lays them means it (``pt`` and ``pt_BR``). Raises
    UserError: the file, and a direction of each of the two.
    """
    sides = [("references", "target", 1, pattern) for pattern in references]
    sides += [("sources", "source", 0, sources)] if sources else []
    for option, name, side, pattern in sides:
        first: dict[Path, str] = {}
        for direction in directions:
            path = path_of(pattern, direction)
            other = first.setdefault(path, direction)
            if split_direction(other)[side] != split_direction(direction)[side]:
                raise UserError(
                    f"--{option}: {path} would serve {other} and {direction}, of two languages; put "
                    f"{{{name}}} or {{direction}} into the pattern"
                )


def of_system(pattern: str, system: str) -> str:
    """Return a pattern of references with the system filled in."""
    if "{system}" not in pattern:
        return pattern
    if "{" in system or "}" in system:
        raise UserError(f"--references: a system named {system!r} cannot be filled in; rename its files")
    return pattern.replace("{system}", system)


def find_outputs(
    pattern: str, references: Sequence[str], sources: str | None, known: Collection[str] = ()
) -> Found:
    """Return the hypotheses; references and sources that fit their pattern are left out.

    ``known``: languages that options name, which tell what a direction is where its name does not.
    What was left out is printed on stderr, a line for each reason.
    """
    found = find(pattern, known)
    directions = {direction for files in found.files.values() for direction in files}
    patterns = [("sources", one) for one in [sources] if one]
    patterns += [("references", of_system(one, name)) for one in references for name in found.files]
    others = {path_of(of, d).resolve(): f"these are the {what}" for what, of in patterns for d in directions}
    # A log of fairseq-generate has both.
    taken = {path.resolve() for files in found.files.values() for path in files.values()} & others.keys()
    logs = {path for path in taken if path.is_file() and is_log(path)}
    found = found.without({path: why for path, why in others.items() if path not in logs})
    if not found.files:
        raise nothing(pattern, found)
    for note in found.notes():
        print(f"note: {terminal(note)}", file=sys.stderr)
    return found


def only(
    sets: Sequence[Mapping[str, Mapping[str, Path]]],
    systems: Sequence[str] | None,
    directions: Sequence[str] | None,
) -> list[Files]:
    """Return each set's files of some systems and directions (None: all), in the order they are named.

    Raises UserError: no set has files of one of them, it is named twice, a system has no direction, or a name
    cannot be one.
    """
    there = list(dict.fromkeys(direction for files in sets for by in files.values() for direction in by))
    known = list(dict.fromkeys(system for files in sets for system in files))
    directions = [one_of(direction, there) for direction in directions] if directions else None
    for option, names, found in (("systems", systems, known), ("directions", directions, there)):
        named_once(option, names or [])
        for name in names or []:
            if name not in found:
                hint = f"{nearest(name, found)}; there are {', '.join(found)}"
                raise UserError(f"--{option}: no files of {name!r}{hint}")
    kept: list[Files] = []
    for files in sets:
        chosen_files = {
            system: {d: files[system][d] for d in directions or there if d in files[system]}
            for system in systems or files
            if system in files
        }
        kept.append({system: by for system, by in chosen_files.items() if by})
    having = {system: next(iter(by.values())) for files in kept for system, by in files.items()}
    for system in systems or known:
        if system not in having:
            raise UserError(f"--directions: {system} has none of them; name the others by --systems")
    check_names("system", having, having)
    return kept
