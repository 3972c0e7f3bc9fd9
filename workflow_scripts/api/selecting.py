"""From counts to masks: which units are a direction's own, and the model without them."""

from collections.abc import Sequence

import numpy as np

from workflow_scripts.analyse.effects.language_units import DIFFERENCE, criterion
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import POSITIONS, ScoreTable
from workflow_scripts.units.select_masks import informative_masks
from workflow_scripts.units.selection import Selection


def above_others(counts: ScoreTable) -> ScoreTable:
    """Return how much more often each unit is active in a row than in the others, float64 [rows, units].

    A score is the share of the row's positions at which the unit is active, minus the mean of this share over
    the other rows: from -1 to 1. Units of the encoder say something where the rows' sources differ.

    Args:
        counts: of at least two rows, as ``Model.counts`` and ``read_counts`` return them.

    Raises:
        UserError: there is one row, or the counts do not say of how many positions they are.
    """
    positions = counts.metadata.get(POSITIONS, {})
    if silent := [row for row in counts.rows if row not in positions]:
        raise UserError(f"{counts.origin}: {silent[0]}: no positions are known of it; count again")
    if len(counts.rows) < 2:
        raise UserError(f"{counts.origin}: {counts.rows[0]} is the only row; count another direction as well")
    groups = counts.space.groups
    sizes = [group.size for group in groups]
    of_each = [np.repeat([positions[row][group.stack] for group in groups], sizes) for row in counts.rows]
    scores = criterion(DIFFERENCE, (counts.values / np.stack(of_each)).T).scores
    facts = {name: value for name, value in counts.metadata.items() if name != POSITIONS}
    facts["counting"] = f"{facts.get('counting')}; share of positions above the mean of the other rows"
    return ScoreTable(counts.rows, np.ascontiguousarray(scores), counts.space, facts, counts.origin)


def select(
    scores: ScoreTable, selector: str, *, stacks: Sequence[str] | None = None, seed: int | None = None
) -> MaskTable:
    """Return masks that keep the units which a selector takes, one row for each row of ``scores``.

    Args:
        scores: or counts.
        selector: such as ``top:1%`` (of each layer), ``top:1%@model`` (of all layers together), ``mass:95``,
            ``bottom:12``, ``random:1%``; docs/how-to/mask-sets.md lists them.
        stacks: ``["decoder"]``: take units of this stack, and keep the other one whole.
        seed: of what ``random`` draws.

    Raises:
        UserError: no such selector, one that takes less than a unit, or scores that say nothing of the units.
    """
    return informative_masks(scores, Selection.parse(selector, stacks, seed=seed))


def without(masks: MaskTable) -> MaskTable:
    """Return masks that leave out what ``masks`` keep, and keep the rest.

    A layer that a row keeps whole stays whole: nothing was chosen there.
    """
    keep = masks.keep
    for span in masks.space.slices().values():
        chosen = ~keep[:, span].all(axis=1)
        keep[chosen, span] = ~keep[chosen, span]
    rule = masks.manifest["rule"]
    facts = {**masks.manifest, "rule": "without", "ties": None, "like_rule": rule}
    return MaskTable(masks.rows, keep, masks.space, facts, masks.origin)
