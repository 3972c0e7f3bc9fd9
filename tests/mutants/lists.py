"""All mutants, read from the tables of this folder (`*.txt`).

``NAME = ENVIRONMENT path/of/test.py`` names a file of tests; ``@`` the file
in which the next mistakes are made. A mistake is ``=`` with its name, the lines to be changed after
``-``, what takes their place after ``+`` (none: nothing), and after ``?`` each test that must notice it.
"""

from tests.mutants.mutant import ROOT, Mutant, faults, repeated


def all_mutants() -> tuple[Mutant, ...]:
    """Return the mutants of every table."""
    tables = sorted((ROOT / "tests/mutants").glob("*.txt"))
    return tuple(mutant for table in tables for mutant in read(table.read_text(encoding="utf-8")))


def read(table: str) -> list[Mutant]:
    """Return the mutants of a table."""
    files: dict[str, str] = {}
    file, made = "", []
    parts: dict[str, list[str]] = {}
    for line in [*table.splitlines(), "="]:
        mark, text = line[:1], line[2:]
        if mark in "=@" and mark and parts:
            tests = [f"{files[name]}::{rest}" for name, _, rest in (one.partition(" ") for one in parts["?"])]
            old, new = ("\n".join(parts[sign]) for sign in "-+")
            made.append(Mutant(parts["="][0], file, old, new, tuple(tests)))
            parts = {}
        if mark == "@":
            file = text
        elif mark == "=":
            parts = {"=": [text], "-": [], "+": [], "?": []}
        elif mark in parts:
            parts[mark].append(text)
        elif mark not in ("", "#"):
            name, _, where = line.partition(" = ")
            files[name] = where
    return made


def faults_of(mutants: tuple[Mutant, ...]) -> list[str]:
    """Return what is wrong with mutants: one does not apply, a test is not there, a name is another's."""
    said = [line for mutant in mutants for line in faults(mutant)]
    return [*said, *(f"{what}: the name of two" for what in repeated(mutants))]
