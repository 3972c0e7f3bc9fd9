"""Checks of options that several programs have."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.language_codes import canonical
from workflow_scripts.common.naming import check_names

Groupings = dict[str, dict[str, list[str]]]  # grouping -> group -> languages
Value = TypeVar("Value")
ALL, DIRECTION = "all", "direction"  # the groupings that are always there


JOB = ("experiment", "system", "seed", "testset", "profile")


def add_job(parser: ArgumentParser, profile: bool = True) -> None:
    """Add the options that name a job that evaluates, and its output."""
    for name in ("experiment", "system", "testset"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", required=True, type=int, help="of the system")
    if profile:
        parser.add_argument("--profile", default="raw", help="of references: raw (as they are), paper")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--out", required=True, help="JSON file to write")


def job_of(args: Namespace) -> dict[str, Any]:
    """Return what names a job, as its files have it."""
    return {name: getattr(args, name) for name in JOB if hasattr(args, name)}


def of_each(directions: Sequence[str], read: Callable[[str], Value]) -> dict[str, Value]:
    """Return what is read of each direction. Raises UserError: the faults of all, a line each."""
    found: dict[str, Value] = {}
    faults = []
    for direction in directions:
        try:
            found[direction] = read(direction)
        except UserError as error:
            faults.append(str(error))
    raise_all(faults)
    return found


def raise_all(faults: Collection[str]) -> None:
    """Raise UserError with these lines, each once, if there are any."""
    if lines := dict.fromkeys("\n".join(faults).split("\n")) if faults else {}:
        raise UserError("\n".join(lines))


def at_least(option: str, value: int | None, least: int) -> None:
    """Refuse a number that is given and too small."""
    if value is not None and value < least:
        raise UserError(f"--{option} is {value}, at least {least} is needed")


def named_once(option: str, values: Sequence[Any]) -> None:
    """Refuse a list that has something twice."""
    repeated = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if repeated:
        raise UserError(f"--{option}: {repeated[0]} is named twice")


def one_reference(what: str, patterns: Sequence[str]) -> str:
    """Return the only pattern of references; UserError if there are several."""
    if len(patterns) > 1:
        raise UserError(
            f"--references: {what} takes one reference of a sentence, not {len(patterns)}; BLEU, chrF and TER"
            " take several (evaluate_outputs)"
        )
    return patterns[0]


def json_object(
    option: str, text: str, example: dict[str, Any], right: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Return the object that an option is. Raises UserError: not JSON, no object, or not ``right``."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"--{option}: not JSON ({error})") from None
    if not isinstance(value, dict) or not right(value):
        raise UserError(f"--{option}: not of the shape {json.dumps(example)}")
    return value


def is_list_of_texts(value: Any) -> bool:
    """Return whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def lists_of_texts(found: dict[str, Any]) -> bool:
    """Return whether each value of an object is a list of texts, at least one."""
    return all(is_list_of_texts(listed) and listed for listed in found.values())


def directions_by(
    option: str, text: str, example: dict[str, Any], names: Collection[str], directions: Collection[str]
) -> dict[str, list[str]]:
    """Return the directions of each name that an option says, ``{"talks": ["de-en"]}``. Raises UserError: not
    JSON, not of that shape, or a name or direction that is not one of these."""
    found = json_object(option, text, example, lists_of_texts)
    for name, listed in found.items():
        for value, known in ((name, names), *((one, directions) for one in listed)):
            if value not in known:
                raise UserError(f"--{option}: no {value!r}{nearest(value, known)}")
    return found


def read_groups(text: str) -> Groupings:
    """Parse ``--groups``: ``{"family": {"germanic": ["de", "nl"]}}``; codes come out as ids have them. Raises
    UserError for another shape, the name of a grouping that is always there, and names that are not allowed.
    """

    def right(found: dict[str, Any]) -> bool:
        return all(isinstance(by, dict) and all(map(is_list_of_texts, by.values())) for by in found.values())

    groups = json_object("groups", text, {"family": {"germanic": ["de", "nl"]}}, right)
    for name in (ALL, DIRECTION):
        if name in groups:
            raise UserError(f"--groups: {name!r} is always there, name the grouping otherwise")
    check_names("--groups: grouping", groups)
    check_names("--groups: group", [group for by in groups.values() for group in by])
    return {
        name: {group: [canonical(code) for code in codes] for group, codes in by.items()}
        for name, by in groups.items()
    }
