"""All mutants, by list."""

from __future__ import annotations

import importlib

from tests.mutants.mutant import ROOT, Mutant, faults, repeated

LISTS = ("science", "safety", "pages")


def all_mutants() -> tuple[Mutant, ...]:
    """Return the mutants of every list."""
    there = [name for name in LISTS if (ROOT / f"tests/mutants/{name}.py").is_file()]
    modules = [importlib.import_module(f"tests.mutants.{name}") for name in there]
    return tuple(mutant for module in modules for mutant in module.MUTANTS)


def faults_of(mutants: tuple[Mutant, ...]) -> list[str]:
    """Return what is wrong with mutants: one does not apply, a test is not there, a name is another's."""
    said = [line for mutant in mutants for line in faults(mutant)]
    return [*said, *(f"{what}: the name of two" for what in repeated(mutants))]
