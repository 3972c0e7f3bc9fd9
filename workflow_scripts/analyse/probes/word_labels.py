"""Labels of words for one property: gold ones, or such as follow from the words themselves."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.probes.labelled import Labelled, drop_rare
from workflow_scripts.analyse.probes.matrix import rows_of
from workflow_scripts.analyse.probes.word_values import Words
from workflow_scripts.common.directions import language_of
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.word_properties import DERIVED, DIRECTION, LANGUAGE, POSITION, SUFFIX
from workflow_scripts.units.space import STACKS

#: First place, from 1, of each class of places in a sentence.
PLACES = {1: "1", 2: "2", 3: "3", 4: "4-5", 6: "6-8", 9: "9+"}
#: Suffixes are the last so many letters of words of at least so many; the most frequent so many of them.
SUFFIX_LETTERS, LETTERS, SUFFIXES = 2, 4, 20

Labels = Sequence[str | None]


def _languages(words: Words) -> Labels:
    side = STACKS.index(words.facts["stack"])
    return [language_of(direction, side) for direction in words.directions]


def _positions(words: Words) -> Labels:
    starts = list(PLACES)
    return [PLACES[max(start for start in starts if start <= place + 1)] for place in words.places]


def _suffixes(words: Words) -> Labels:
    found = [form[-SUFFIX_LETTERS:].casefold() if len(form) >= LETTERS else None for form in words.forms]
    counts = Counter(one for one in found if one is not None)
    frequent = {one for one, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SUFFIXES]}
    return [one if one in frequent else None for one in found]


_OF_WORDS: dict[str, Callable[[Words], Labels]] = {
    LANGUAGE: _languages,
    DIRECTION: lambda words: words.directions,
    POSITION: _positions,
    SUFFIX: _suffixes,
}


def labels_of(words: Words, name: str) -> Labels:
    """Return the label of each word for a property, [words], None where it has none.

    UserError: no word has labels of that name.
    """
    if name in _OF_WORDS:
        return _OF_WORDS[name](words)
    if name not in words.labels:
        known = [*DERIVED, *words.labels]
        raise UserError(f"--property: no {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return words.labels[name]


@dataclass(frozen=True)
class Chosen:
    """The words that a property's probe is about. ``rows``: int64, of the file of values. ``y``, ``labels``:
    class of each and names of classes. ``rare``: labels that were left out → their words. ``unlabelled``:
    words without a label."""

    rows: NDArray[np.int64]
    y: NDArray[np.int64]
    labels: Sequence[str]
    rare: dict[str, int]
    unlabelled: int

    def of(self, values: NDArray[np.float16], words: Words, name: str, folder: Path) -> Labelled:
        """Return the words with their values, [words, units]: all rows of ``values``, or a copy of some, in a
        file of ``folder`` where it is large."""
        whole = len(self.rows) == len(words)
        return Labelled(
            X=values if whole else rows_of(values, self.rows, folder),
            y=self.y,
            sentences=np.array(words.lines, dtype=np.int64)[self.rows],
            words=[words.forms[row] for row in self.rows],
            labels=self.labels,
            name=name,
        )


def choose(words: Words, name: str, fewest: int) -> Chosen:
    """Return the words that have a label of a property which at least ``fewest`` words have.

    UserError: fewer than two labels are left.
    """
    given = labels_of(words, name)
    there = np.array([row for row, label in enumerate(given) if label is not None], dtype=np.int64)
    names = sorted({label for label in given if label is not None})
    number = {label: place for place, label in enumerate(names)}
    y = np.array([number[label] for label in given if label is not None], dtype=np.int64)
    keep, y, labels, rare = drop_rare(y, names, fewest)
    if len(labels) < 2:
        only = f" ({labels[0]})" if labels else ""
        raise UserError(
            f"--property {name}: {len(labels)} label{only} of at least {fewest} words, a probe tells two"
            " apart; more sentences, a smaller --fewest or another property are needed"
        )
    return Chosen(there[keep], y, labels, rare, len(words) - len(there))
