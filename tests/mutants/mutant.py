"""One deliberate mistake in a line of the checkout, and the tests that must notice it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("workflow", "fairseq", "text", "evaluate", "comet", "hf", "scripts")


@dataclass(frozen=True)
class Mutant:
    """A change that some test must notice.

    ``what``: a name for it, unlike all others: what the code does wrongly after it. ``file``: from the
    checkout's root. ``old``: stands once in it. ``new``: takes its place. ``tests``: each
    ``"ENVIRONMENT path/of/test.py::name"``, passes without the change and fails with it.
    """

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        """Return the file's text with the mistake."""
        return text.replace(self.old, self.new)


def split_test(test: str) -> tuple[str, str, str]:
    """Return a test's environment, file and name (``name``, ``Class::name``, with or without ``[case]``)."""
    environment, _, rest = test.partition(" ")
    file, _, name = rest.partition("::")
    return environment, file, name


def faults(mutant: Mutant, root: Path = ROOT) -> list[str]:
    """Return why a mutant does not apply to a checkout, a line each; none if it does."""
    said = []
    path = root / mutant.file
    if not path.is_file():
        said.append(f"{mutant.file} does not exist")
    elif (count := path.read_text(encoding="utf-8").count(mutant.old)) != 1:
        said.append(f"{mutant.file} has {count} of {mutant.old!r}, not one")
    if mutant.old == mutant.new:
        said.append("changes nothing")
    if not mutant.tests:
        said.append("no test is named")
    for test in mutant.tests:
        environment, file, name = split_test(test)
        if environment not in ENVIRONMENTS:
            said.append(f"{test}: no environment {environment!r}")
        elif not (root / file).is_file():
            said.append(f"{test}: {file} does not exist")
        elif name.partition("[")[0] not in test_names(root / file):
            said.append(f"{test}: {file} has no test {name!r}")
    return [f"{mutant.what}: {line}" for line in said]


def test_names(path: Path) -> set[str]:
    """Return the tests that a file defines or imports, those of a class as ``Class::name``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.rpartition("::")[2].startswith("test_")}


def repeated(mutants: tuple[Mutant, ...]) -> list[str]:
    """Return the names that more than one mutant has."""
    names = [mutant.what for mutant in mutants]
    return sorted({name for name in names if names.count(name) > 1})
