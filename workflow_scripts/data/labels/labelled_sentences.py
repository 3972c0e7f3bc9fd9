"""Words of a CoNLL-U file with their labels, for models that cut text into pieces themselves."""

from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.data.labels.conllu import read_conllu
from workflow_scripts.data.labels.label_words import parts_of


def labelled_sentences(path: Path, most: int | None = None) -> list[list[tuple[str, Mapping[str, str]]]]:
    """Return the words of the first ``most`` sentences, each with its labels; a contraction has none.
    UserError as ``read_conllu``."""
    return [
        [
            (form, {} if word is None else word.labels)
            for token in one.tokens
            for form, word in parts_of(token)
        ]
        for one in read_conllu(path)[:most]
    ]
