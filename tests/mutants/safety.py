"""Mistakes of what keeps results safe: a training goes on from something else, a result is out of date."""

from __future__ import annotations

from tests.mutants import safety_files, safety_rules, safety_runs, safety_text, safety_training

LISTS = (safety_training, safety_files, safety_rules, safety_runs, safety_text)
MUTANTS = tuple(mutant for part in LISTS for mutant in part.MUTANTS)
