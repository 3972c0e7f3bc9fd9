"""Mistakes that change a result without an error: what the science rests on."""

from __future__ import annotations

from tests.mutants import science_scores, science_text, science_training, science_units

LISTS = (science_units, science_training, science_text, science_scores)
MUTANTS = tuple(mutant for part in LISTS for mutant in part.MUTANTS)
