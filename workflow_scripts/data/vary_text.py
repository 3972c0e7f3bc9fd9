"""Make text of prepared text: its first sentences, a bootstrap sample, or sentences of shuffled words.

What is drawn depends on the text's name and the number of lines alone (of words: on the language, too), so
that pairs with the same sentences get the same sample and share their sources as before. Another draw of a
name changes none that is there.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from workflow_scripts.common.checked_options import at_least
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.data.varied_pair import (
    Sides,
    changed_lines,
    changed_sides,
    pair_parser,
    read_sides,
    write_sides,
)

SHUFFLED_WORDS = "shuffled_words"


def generator_of(name: str) -> np.random.Generator:
    """Return the generator of a name: the same name draws the same."""
    digest = hashlib.sha256(f"text:{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))


def first_lines(sides: Sides, number: int, files: list[Path]) -> Sides:
    """Return the first lines of both sides. Raises UserError if there are not as many."""
    for lang, file in zip(sides, files, strict=True):
        if len(sides[lang]) < number:
            raise UserError(f"{file}: {len(sides[lang])} sentences, fewer than the first {number} asked for")
    return {lang: lines[:number] for lang, lines in sides.items()}


def bootstrap(sides: Sides, name: str) -> tuple[Sides, int]:
    """Return as many lines drawn with replacement, both sides' together, and how many different ones."""
    number = len(next(iter(sides.values())))
    drawn = generator_of(name).integers(number, size=number).tolist()
    return {lang: [lines[one] for one in drawn] for lang, lines in sides.items()}, len(set(drawn))


def shuffled_words(lines: list[str], name: str) -> list[str]:
    """Return each line with its words (between blanks) in random order."""
    generator = generator_of(name)
    return [" ".join(generator.permutation(line.split(" ")).tolist()) for line in lines]


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = pair_parser("Make a pair's text of another text of it.")
    parser.add_argument("--name", required=True, help="of the text that is made: decides what is drawn")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--first", type=int, help="the first so many sentences")
    way.add_argument("--bootstrap", action="store_true", help="as many, drawn with replacement")
    way.add_argument("--change", choices=[SHUFFLED_WORDS])
    arguments = parser.parse_args(argv)
    at_least("first", arguments.first, 1)
    sides = read_sides(arguments)
    if arguments.first is not None:
        made, facts = first_lines(sides, arguments.first, arguments.files), {"first": arguments.first}
    elif arguments.bootstrap:
        made, distinct = bootstrap(sides, arguments.name)
        facts = {"drawn_with_replacement": arguments.name, "different_sentences": distinct}
    else:
        made = changed_sides(
            arguments, sides, lambda lang, lines: shuffled_words(lines, f"{arguments.name} {lang}")
        )
        changed = {lang: {"changed_lines": changed_lines(sides[lang], made[lang])} for lang in made}
        write_sides(arguments, made, changed, change=arguments.change)
        print(f"{arguments.pair}: {changed}", file=sys.stderr)
        return
    write_sides(arguments, made, {}, **facts)


if __name__ == "__main__":
    run_main(main)
