"""Mistakes of tables and figures: what a reader would take for a result, and is none."""

from __future__ import annotations

from tests.mutants import pages_figures, pages_marks, pages_tables

LISTS = (pages_figures, pages_tables, pages_marks)
MUTANTS = tuple(mutant for part in LISTS for mutant in part.MUTANTS)
