"""Mistakes that change a result without an error: what the science rests on."""

from __future__ import annotations

from tests.mutants import (
    science_data,
    science_decoding,
    science_masks,
    science_scores,
    science_scripts,
    science_training,
    science_units,
)

PARTS = (
    science_units,
    science_masks,
    science_training,
    science_data,
    science_decoding,
    science_scores,
    science_scripts,
)
MUTANTS = tuple(mutant for part in PARTS for mutant in part.MUTANTS)
