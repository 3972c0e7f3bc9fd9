"""Which units are a language's own, by three criteria and at random; as many of each layer for all.

The units of one stack are compared over languages: encoder units over source languages, decoder units over
target languages. A language's counts are those of its directions on that side. P is the share of its
positions at which a unit is active.

- ``difference``: P of the language minus the mean P of the others, the largest first;
- ``lape``: units that belong to the language and are active in few, see ``units.lape``;
- ``masks``: units that a mask set keeps in the language and in fewer than a third of the others. Those that
  fewer others keep come first, of these the larger ``difference``. Where they are too few, the other units
  that the language keeps follow in the same order, then the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.kept_units import sides_of
from workflow_scripts.analyse.random_draws import random_units
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.lape import rates, scores
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import LAPE, POSITIONS, ScoreTable
from workflow_scripts.units.selectors import Selector
from workflow_scripts.units.space import Stack, UnitSpace

DIFFERENCE, MASKS = "difference", "masks"
CRITERIA = (DIFFERENCE, LAPE, MASKS)
#: A unit is a language's own where fewer than one of so many other languages keep it.
ONE_OF = 3

Floats = NDArray[np.float64]
Keep = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """Languages that are compared: ``name``, such as ``into en``; the ``stack`` whose units are theirs;
    ``languages``: language → its directions on this side."""

    name: str
    stack: Stack
    languages: Mapping[str, Sequence[str]]


def sides(directions: Sequence[str], pivot: str | None) -> Iterator[Side]:
    """Yield the sides that have at least two languages; UserError if none has."""
    found = sides_of(directions, pivot)
    if not found:
        raise UserError(
            f"--directions: {' '.join(directions)}: no two languages on one side"
            f"{f' of {pivot}' if pivot else ''}; an effect matrix compares languages"
        )
    for name, languages in found.items():
        source = name.startswith("into ") or name == "as sources"
        yield Side(name, "encoder" if source else "decoder", languages)


def rates_on(side: Side, counts: ScoreTable) -> tuple[Floats, UnitSpace]:
    """Return P [units, languages] of the side's stack, and the space of these units.

    UserError: counts that do not say of how many positions they are, or a language without positions.
    """
    space = counts.space.part(stacks=[side.stack])
    ids = counts.space.ids_of(space)
    positions = counts.metadata.get(POSITIONS, {})
    by_language = {}
    for language, directions in side.languages.items():
        if silent := [name for name in directions if name not in positions]:
            raise UserError(
                f"{counts.origin}/{silent[0]}.npz: does not say at how many positions units were counted;"
                " count again"
            )
        active = np.sum([counts.row(name)[ids] for name in directions], axis=0)
        by_language[language] = active, sum(positions[name][side.stack] for name in directions)
    return rates(by_language, "source" if side.stack == "encoder" else "target"), space


def kept_on(side: Side, masks: MaskTable) -> Keep:
    """Return what each language keeps, bool [languages, units] of the side's stack: the units that at least
    one of its directions keeps. UserError: masks of other units than FFN neurons."""
    if "ffn" not in masks.space.kinds:
        raise UserError(
            f"{masks.origin}: masks of {', '.join(masks.space.kinds)}; the criterion takes FFN neurons"
        )
    ids = masks.space.ids_of(masks.space.part(kinds=["ffn"], stacks=[side.stack]))
    return np.stack(
        [np.any([masks.row(name) for name in names], axis=0)[ids] for names in side.languages.values()]
    )


@dataclass(frozen=True)
class Criterion:
    """``scores`` [languages, units]: the highest are taken. ``own`` [languages, units]: which meet what the
    criterion asks for; where these are fewer than are taken, others fill up."""

    scores: Floats
    own: Keep


def criterion(name: str, p: Floats, kept: Keep | None = None) -> Criterion:
    """Return a criterion of P [units, languages]; ``kept`` [languages, units]: for ``masks``."""
    others = (p.sum(axis=1, keepdims=True) - p) / (p.shape[1] - 1)
    difference: Floats = (p - others).T
    if name == DIFFERENCE:
        return Criterion(difference, difference > 0)
    if name == LAPE:
        found, member = scores(p, LAPE)
        return Criterion(found.T, member.T)
    if name != MASKS or kept is None:
        raise ValueError(f"no criterion {name!r} of {CRITERIA}, or no masks for it")
    by_others = kept.sum(axis=0) - kept
    own = kept & (ONE_OF * by_others < len(kept) - 1)
    ranks = np.empty_like(difference)
    for language in range(len(kept)):
        # The last key is the first to order by.
        keys = (-difference[language], by_others[language], ~kept[language], ~own[language])
        ranks[language, np.lexsort(keys)] = -np.arange(kept.shape[1])
    return Criterion(ranks, own)


def chosen(found: Criterion, size: Selector, space: UnitSpace) -> Keep:
    """Return each language's units, bool [languages, units], as many of each layer."""
    return np.stack([size.select(row, space) for row in found.scores])


def drawn(languages: Sequence[str], size: Selector, space: UnitSpace, draw: int, seed: int) -> Keep:
    """Return random units for each language, bool [languages, units], as many of each layer."""
    amount, stack = size.text.removeprefix("top:"), space.groups[0].stack
    return np.stack(
        [random_units(amount, space, seed, f"draw {draw} {stack} {language}") for language in languages]
    )
