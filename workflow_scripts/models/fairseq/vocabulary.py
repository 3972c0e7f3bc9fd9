"""A system's vocabulary in the form that fairseq's tasks and search take."""

from __future__ import annotations

import workflow_scripts.models.fairseq.compat  # noqa: F401  isort:skip  (before fairseq)

from fairseq.data import Dictionary

from workflow_scripts.units.vocabulary import SPECIALS, Vocabulary


def fairseq_dictionary(vocabulary: Vocabulary) -> Dictionary:
    """Return fairseq's dictionary with the same symbol under every id."""
    dictionary = Dictionary()
    for symbol in vocabulary.symbols[len(SPECIALS) :]:
        # A special that occurs again has a row of its own; bos(), pad(), eos() and unk() stay as they are.
        dictionary.add_symbol(symbol, overwrite=symbol in SPECIALS)
    return dictionary
