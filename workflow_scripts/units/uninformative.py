"""Scores that say nothing about which units a direction needs: masks of them are refused.

Such are units that are nearly always active, choices among equal scores, and groups without any score
(docs/explanation/uninformative-scores.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import LEAST_POSITIONS, POSITIONS, SATURATED, ScoreTable
from workflow_scripts.units.selection import Selection
from workflow_scripts.units.space import UnitSpace

#: A group is saturated where this share of its units is active at this share of the positions.
SATURATED_UNITS, SATURATED_POSITIONS = 0.95, 0.99
#: Largest share of a group's kept units, and of its units, about which the order of equal scores may decide.
#: In counts of trained models the units that fire once in each sentence have one score: up to 5 % of a group,
#: sometimes 20 % of the kept ones.
MOST_TIED = 0.05
#: From this share of its units on, a group's kept ones count as tied even if few are left out.
BLOCK = 0.1
#: They do where scores are coarse too: from so many units for each distinct score on. Counts of 100 sentences
#: or more have at most three.
COARSE = 10
#: What a mask manifest calls the list of what was accepted.
ACCEPTED = "accepted_uninformative"
ACCEPT = "or accept it: --accept-uninformative, masks.accept_uninformative"


@dataclass(frozen=True)
class _Choice:
    """What a selector chose from: the units of one group (or all, "the model") in one row.

    ``values``: [units], higher ones are taken first; ``saturated``: the share of units that are active nearly
    everywhere.
    """

    layer: str
    row: str
    scores: NDArray[np.int64] | NDArray[np.float64]
    values: NDArray[np.int64] | NDArray[np.float64]
    keep: NDArray[np.bool_]
    saturated: float

    @property
    def kept(self) -> int:
        return int(self.keep.sum())

    @property
    def lowest(self) -> int:
        """The position of a kept unit with the boundary's score."""
        kept = np.flatnonzero(self.keep)
        return int(kept[self.values[kept].argmin()])

    @property
    def tied(self) -> int:
        """Kept units with the boundary's score, if others with this score are left out; a single one is 0."""
        number = int((self.values[self.keep] == self.values[self.lowest]).sum())
        return number if number > 1 and self.tied_out else 0

    @property
    def tied_out(self) -> int:
        """Units that are left out and have the boundary's score."""
        return int((self.values[~self.keep] == self.values[self.lowest]).sum())

    @property
    def is_tied(self) -> bool:
        """Whether the order of units with equal scores decides too much."""
        block, size = self.tied + self.tied_out, self.keep.size
        if block > BLOCK * size or self.is_coarse:
            decided = self.tied
        else:
            decided = min(self.tied, self.tied_out) if block > MOST_TIED * size else 0
        return decided > MOST_TIED * self.kept

    @property
    def is_coarse(self) -> bool:
        """Whether many units have each score; those without any do not count."""
        scores = self.scores[self.scores != 0]
        return len(scores) >= COARSE * max(len(np.unique(scores)), 1)


def check_informative(
    scores: ScoreTable, keep: NDArray[np.bool_], selection: Selection, accept: bool = False
) -> dict[str, list[str]]:
    """Refuse masks of scores that say nothing; return what a mask manifest says of it.

    Args:
        scores: of every row; ``metadata`` may have the positions of its counts, or what was found of the
            counts that the scores were made of (``score_table``).
        keep: bool [rows, units], what ``selection`` made of them.
        selection: how; what looks at no score (``all``, ``random``) is not checked.
        accept: take them all the same; the manifest then has the list of what was found.

    Raises:
        UserError: a line for each kind that was found, with the group, the row and the figure.
    """
    choices = list(_choices(scores, keep, selection))
    whose = "'s most frequent unit" if LEAST_POSITIONS in scores.metadata else ""
    found = [f"{scores.origin}: {line}" for line in _problems(choices, whose)]
    if found and not accept:
        raise UserError("\n".join(f"{line}; {ACCEPT}" for line in found))
    return {ACCEPTED: found} if found else {}


def _choices(scores: ScoreTable, keep: NDArray[np.bool_], selection: Selection) -> Iterator[_Choice]:
    for row, values, kept in zip(scores.rows, scores.values, keep, strict=True):
        for stacks, selector in selection.selectors(row):
            part = scores.space.part(stacks=stacks)
            ids = scores.space.ids_of(part)
            ranked = selector.ranked(values[ids])
            if ranked is None:
                continue
            shares = _saturated(scores, row, values[ids], part)
            for layer, pool in selector.pools(part).items():
                chosen, share = ids[pool], float(shares[pool].mean())
                yield _Choice(layer, row, values[chosen], ranked[pool], kept[chosen], share)


def saturated_groups(active: NDArray[Any], positions: float, space: UnitSpace) -> dict[str, float]:
    """Return the groups that are saturated, each with its share of units that are active nearly everywhere.
    ``active`` [units]: at how many of the ``positions``."""
    nearly = _nearly_everywhere(active, positions)
    shares = {key: float(nearly[span].mean()) for key, span in space.slices().items()}
    return {key: share for key, share in shares.items() if share >= SATURATED_UNITS}


def _saturated(
    scores: ScoreTable, row: str, values: NDArray[Any], part: UnitSpace
) -> NDArray[np.float64] | NDArray[np.bool_]:
    """Return which units of a row are active nearly everywhere [units]; of scores that were made of counts
    the share of their group, where it is saturated."""
    sizes = [group.size for group in part.groups]
    counted = scores.metadata.get(POSITIONS, scores.metadata.get(LEAST_POSITIONS, {})).get(row)
    if counted is not None:
        return _nearly_everywhere(values, np.repeat([counted[one.stack] for one in part.groups], sizes))
    of_counts = scores.metadata.get(SATURATED, {}).get(row, {})
    return np.repeat([float(of_counts.get(one.key, 0)) for one in part.groups], sizes)


def _nearly_everywhere(active: NDArray[Any], positions: float | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which units are active [units]; none at 0 positions, where no count says any number of them."""
    return (active > 0) & (active >= SATURATED_POSITIONS * positions)


def _problems(choices: list[_Choice], whose: str) -> Iterator[str]:
    """Yield a line for each kind of score that says nothing, of the first group where it is found. ``whose``:
    of which unit the positions are, where others are not known."""
    saturated = [one for one in choices if one.saturated >= SATURATED_UNITS]
    if saturated:
        first = saturated[0]
        yield (
            f"saturated: {first.saturated:.1%} of the units of {first.layer} are active at"
            f" {SATURATED_POSITIONS:.0%} of the positions of {first.row}{whose} or more{_more(saturated)};"
            " take a criterion that is not how often a unit is active"
        )
    tied = [one for one in choices if one.is_tied]
    layers = {layer: [one for one in choices if one.layer == layer] for layer in _layers(choices)}
    empty = {layer: sum(not one.scores.any() for one in group) for layer, group in layers.items()}
    if tied:
        first = tied[0]
        yield (
            f"tied: {first.tied} of the {first.kept} units that {first.row} keeps in {first.layer} have the"
            f" score {first.scores[first.lowest]:g}, and so have {first.tied_out} that are left out"
            f"{_more(tied)}: their order alone decides; take another amount, or more text"
        )
    for layer, number in empty.items():
        if 2 * number > (rows := len(layers[layer])):
            yield (
                f"all zero: no unit of {layer} has a score in {number} of {rows} rows; take more text, or"
                " leave this stack out"
            )
            return


def _layers(choices: list[_Choice]) -> list[str]:
    return list(dict.fromkeys(one.layer for one in choices))


def _more(found: list[_Choice]) -> str:
    return f" (and in {len(found) - 1} more rows and groups)" if len(found) > 1 else ""
