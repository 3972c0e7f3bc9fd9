"""Both sides of a pair's prepared text: read together, written changed, with what was changed.

A side that is not changed is written as it is, so that a text has all of its pair.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import sha256_of, write_json, write_text
from workflow_scripts.data.readers import read_text_lines

FORMAT = "neuronspec-varied-text-1"
#: Language → its lines.
Sides = dict[str, list[str]]


def pair_parser(description: str) -> ArgumentParser:
    """Return a parser with the options of a stage that makes a pair's text of another one."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--pair", required=True)
    parser.add_argument("--files", nargs=2, type=Path, required=True, help="both sides, prepared")
    parser.add_argument("--languages", nargs="+", help="whose side is changed; default: both")
    parser.add_argument("--out", nargs=2, type=Path, required=True)
    parser.add_argument("--stats", type=Path, required=True)
    return parser


def read_sides(arguments: Namespace) -> Sides:
    """Return the lines of both sides. Raises UserError if they are not as many."""
    languages = split_direction(arguments.pair)
    sides = {lang: list(read_text_lines(file)) for lang, file in zip(languages, arguments.files, strict=True)}
    one, two = map(len, sides.values())
    if one != two:
        files = " and ".join(map(str, arguments.files))
        raise UserError(f"{files}: {one} and {two} lines; prepare the text again")
    return sides


def changed_sides(arguments: Namespace, sides: Sides, change: Callable[[str, list[str]], list[str]]) -> Sides:
    """Return the sides after ``change(language, lines)`` of those that are changed."""
    chosen = arguments.languages or list(sides)
    return {lang: change(lang, lines) if lang in chosen else lines for lang, lines in sides.items()}


def write_sides(
    arguments: Namespace, sides: Sides, said: Mapping[str, Mapping[str, Any]], **facts: Any
) -> None:
    """Write both sides, and the statistics beside them: ``said`` of each language, and other facts."""
    for lines, file in zip(sides.values(), arguments.out, strict=True):
        write_text(file, "".join(f"{line}\n" for line in lines))
    statistics = {
        "format": FORMAT,
        "pair": arguments.pair,
        **facts,
        "sentences": len(next(iter(sides.values()))),
        "languages": dict(said),
        "sha256": {lang: sha256_of(file) for lang, file in zip(sides, arguments.out, strict=True)},
    }
    write_json(arguments.stats, statistics)


def changed_lines(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many lines are other than they were."""
    return sum(one != two for one, two in zip(before, after, strict=True))
