"""Write prepared text in Latin letters: by uroman, or of Serbian Cyrillic by cyrtranslit.

There is no way back: cyrtranslit would make mixed script of it. What the tools leave and confuse is counted:
characters that are not ASCII, and words that were different before.
"""

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.languages import THREE_LETTERS, base_code
from workflow_scripts.data.varied_pair import (
    changed_lines,
    changed_sides,
    pair_parser,
    read_sides,
    write_sides,
)

LATIN, CYRILLIC_TO_LATIN = CHANGES = ("latin", "cyrillic_to_latin")
SERBIAN = "sr"
CYRILLIC = re.compile("[\u0400-\u04ff]")


def uroman_code(language: str) -> str:
    """Return the code by which uroman has a language's own rules: three letters of ISO 639-3."""
    base = base_code(language)
    return THREE_LETTERS.get(base, base)


def romaniser() -> Callable[[str, list[str]], list[str]]:
    """Return uroman's function of language and lines; its tables are read once."""
    from uroman import Uroman

    tables = Uroman()

    def romanise(language: str, lines: list[str]) -> list[str]:
        code = uroman_code(language)
        # A sentence stays one line: some separators become line breaks.
        return [" ".join(str(tables.romanize_string(line, lcode=code)).split()) for line in lines]

    return romanise


def serbian_in_latin(language: str, lines: list[str]) -> list[str]:
    """Return Serbian lines in Latin letters. Raises UserError: another language, or no Cyrillic in them."""
    if base_code(language) != SERBIAN:
        raise UserError(
            f"--languages: {CYRILLIC_TO_LATIN} is of Serbian alone, not of {language!r}; take latin"
        )
    if not any(map(CYRILLIC.search, lines)):
        raise UserError(f"{language}: no line has a Cyrillic letter: it is in Latin letters already")
    import cyrtranslit

    return [str(cyrtranslit.to_latin(line, "sr")) for line in lines]


def statistics(before: Sequence[str], after: Sequence[str]) -> dict[str, Any]:
    """Return what a change of script did to a side.

    Returns:
        ``changed_lines``; ``lines_not_ascii``, ``characters_not_ascii``: after it; ``types``: different words
        (between blanks); ``changed_types``; ``collided_types``: those that are written like another one after
        it. Words are those of lines that have as many after it.
    """
    written: dict[str, set[str]] = {}
    for one, two in zip(before, after, strict=True):
        words = one.split(), two.split()
        for old, new in zip(*words, strict=True) if len(words[0]) == len(words[1]) else ():
            written.setdefault(new, set()).add(old)
    types = {old: new for new, olds in written.items() for old in olds}
    return {
        "changed_lines": changed_lines(before, after),
        "lines_not_ascii": sum(not line.isascii() for line in after),
        "characters_not_ascii": sum(not letter.isascii() for line in after for letter in line),
        "types": len(types),
        "changed_types": sum(old != new for old, new in types.items()),
        "collided_types": sum(len(olds) for olds in written.values() if len(olds) > 1),
    }


def main(argv: list[str] | None = None) -> None:
    """Command line; see docs/reference/commands.md."""
    parser = pair_parser("Write a pair's text in Latin letters.")
    parser.add_argument("--change", choices=CHANGES, required=True)
    arguments = parser.parse_args(argv)
    sides = read_sides(arguments)
    made = changed_sides(arguments, sides, romaniser() if arguments.change == LATIN else serbian_in_latin)
    said = {lang: statistics(sides[lang], made[lang]) for lang in made}
    write_sides(arguments, made, said, change=arguments.change)
    for lang, one in said.items():
        print(f"{lang}: {', '.join(f'{name} {value}' for name, value in one.items())}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
