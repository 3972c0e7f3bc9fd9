"""Gold labels of words: read from CoNLL-U, aligned to the subwords of a text."""
