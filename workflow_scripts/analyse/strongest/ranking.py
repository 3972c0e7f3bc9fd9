"""Which units are a language's strongest: those that are active far more often in it than in other languages.

The units of one stack are compared over languages: encoder units over source languages, decoder units over
target languages. A unit's score is the criterion ``difference`` of ``effects.language_units``: the share of
the language's positions at which it is active, minus the mean of that share over the other languages. It says
something of two languages already; LAPE orders the units of all languages at once, and needs many of them.
Units that are active no more often than elsewhere, as dead ones, are no language's; of equal scores the unit
with the lower number comes first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.effects.language_units import DIFFERENCE, Side, criterion, rates_on, sides
from workflow_scripts.analyse.kept_units import sides_of
from workflow_scripts.common.directions import ends_of
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import Stack, UnitSpace

SCORE = (
    "the share of the language's positions at which the unit is active, minus the mean of that share over the"
    " other languages of the same side; only units above 0"
)
#: Scores that differ by rounding alone are equal.
DIGITS = 12
SOURCE, TARGET = SIDES = ("source", "target")
STACK_OF: Mapping[str, Stack] = {SOURCE: "encoder", TARGET: "decoder"}


@dataclass(frozen=True)
class Strongest:
    """The strongest units of a language on a side, the first one first: ``ids`` [n], flat ids of the model's
    space, with ``scores``, ``rates`` and the mean of the ``others``' rates, each [n]."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    rates: NDArray[np.float64]
    others: NDArray[np.float64]


#: Language → side → its units; a side on which nothing can be compared is left out.
ByLanguage = dict[str, dict[str, Strongest]]


def compared(directions: Sequence[str]) -> list[Side]:
    """Return the sides with at least two languages; none for a single direction."""
    return [*sides(directions, None)] if sides_of(directions, None) else []


def alone(directions: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each side that has one language alone, with that language: nothing can be compared there."""
    ends = [ends_of(direction) for direction in directions]
    for side, languages in zip(SIDES, zip(*ends, strict=True), strict=True):
        if len(named := {one for one in languages if one is not None}) == 1:
            yield side, named.pop()


def strongest(counts: ScoreTable, most: int) -> ByLanguage:
    """Return at most ``most`` units of each language and side, by ``counts`` with a row for each direction.
    UserError: counts that do not say of how many positions they are."""
    found: ByLanguage = {}
    for side in compared(counts.rows):
        p, space = rates_on(side, counts)
        scores = criterion(DIFFERENCE, p).scores
        ids = counts.space.ids_of(space)
        name = SOURCE if side.stack == STACK_OF[SOURCE] else TARGET
        for language, rates, own in zip(side.languages, p.T, scores, strict=True):
            own = np.round(own, DIGITS)
            first = np.argsort(-own, kind="stable")[:most]
            first = first[own[first] > 0]
            found.setdefault(language, {})[name] = Strongest(
                np.asarray(ids)[first], own[first], rates[first], rates[first] - own[first]
            )
    return found


def name_of(unit: int, space: UnitSpace) -> str:
    """Return a unit as files name it: ``encoder.1.ffn:123``."""
    for key, span in space.slices().items():
        if span.start <= unit < span.stop:
            return f"{key}:{unit - span.start}"
    raise ValueError(f"no unit {unit} of {space.size}")
