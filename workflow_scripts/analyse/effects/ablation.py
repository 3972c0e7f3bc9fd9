"""What removing, keeping and scaling ever more units of a score does to a direction's loss.

Of each direction the units that its own scores name are removed from its own text: the highest (``top``), the
lowest (``bottom``), and random ones, in several draws. Then the same units are kept and all others removed.
Nothing is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.analyse.effects.curves import kept_area, removal_area
from workflow_scripts.analyse.losses import sentence_losses
from workflow_scripts.analyse.means import defined
from workflow_scripts.analyse.random_draws import draw_names, random_units
from workflow_scripts.models.port import Batches, Intervention, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selectors import parse_selector
from workflow_scripts.units.space import UnitSpace

REMOVED, KEPT = TESTS = ("removed", "kept")
TOP, BOTTOM = "top", "bottom"
#: The rows that are in every curve: no unit is off, all are.
NONE, ALL = "none", "all"

Keep = NDArray[np.bool_]


@dataclass(frozen=True)
class Sets:
    """The units of one direction: set → size → which units of ``space`` it names, bool [units].

    A set is a score and an end of its order, ``activations top``, or a draw, ``random-1``. Sizes ascend."""

    space: UnitSpace
    named: Mapping[str, Mapping[str, Keep]]

    def shares(self) -> list[float]:
        """Return the share of the units at each point of a curve: 0, the sizes, 1."""
        sizes = next(iter(self.named.values())).values()
        return [0.0, *(float(keep.mean()) for keep in sizes), 1.0]

    def masks(self) -> MaskTable:
        """Return a row for each test, set and size, ``row_of``, and one that leaves out all."""
        rows = [ALL]
        keep = [np.zeros(self.space.size, dtype=np.bool_)]
        for name, sizes in self.named.items():
            for size, units in sizes.items():
                rows += [row_of(REMOVED, name, size), row_of(KEPT, name, size)]
                keep += [~units, units]
        return MaskTable(rows, np.stack(keep), self.space, {})


def row_of(test: str, name: str, size: str) -> str:
    """Return the name of the mask row of a test, set and size."""
    return f"{test} {name} {size}"


def sets_of(
    scores: Mapping[str, ScoreTable],
    direction: str,
    sizes: Sequence[str],
    draws: int,
    seed: int,
    stacks: Sequence[str],
) -> Sets:
    """Return the units of one direction by each score, and so many random draws.

    ``scores``: name → a table with a row of the direction, all of one space. ``sizes``: of each group, as
    ``top:`` takes them, ascending. A draw's larger sets hold its smaller ones. UserError: a score that is
    undefined.
    """
    whole = next(iter(scores.values())).space
    space = whole.part(stacks=stacks)
    ids = whole.ids_of(space)
    named: dict[str, dict[str, Keep]] = {}
    for name, table in scores.items():
        for end in (TOP, BOTTOM):
            named[f"{name} {end}"] = {
                size: parse_selector(f"{end}:{size}").select(table.row(direction)[ids], space)
                for size in sizes
            }
    for number, name in enumerate(draw_names(draws), start=1):
        draw = f"draw {number} {direction}"
        named[name] = {size: random_units(size, space, seed, draw) for size in sizes}
    return Sets(space, named)


@dataclass(frozen=True)
class Ablated:
    """Of one direction: ``full`` and ``off``, nats per token of the whole model and of one without all these
    units, ``tokens`` and ``sentences``; ``added``: test → set → Δ at each share; ``dose``: set → gate → Δ."""

    full: float
    off: float
    tokens: int
    sentences: int
    shares: list[float]
    added: dict[str, dict[str, list[float]]]
    dose: dict[str, dict[str, float]] = field(default_factory=dict)

    def areas(self) -> dict[str, dict[str, float]]:
        """Return test → set → area under its curve, see ``curves``."""
        areas = {REMOVED: removal_area, KEPT: kept_area}
        return {
            test: {name: areas[test](self.shares, values) for name, values in by_set.items()}
            for test, by_set in self.added.items()
        }


def ablate(
    port: Port,
    sets: Sets,
    batches: Batches,
    *,
    means: Mapping[str, Tensor] | None = None,
    factors: Sequence[str] = (),
    dose: str | None = None,
) -> Ablated:
    """Measure the loss of one direction's text under all its sets.

    ``means``: group key → [units, width]; removed units have them instead of 0. ``factors``: gates, such as
    ``scale:0.5`` and ``zero``, of the units that the sets name at the size ``dose``. Lay a system's own masks
    by entering ``port.direction`` around the call.
    """
    table = sets.masks()
    losses, counts = sentence_losses(port, intervention(port, table, means), batches, [None, *table.rows])
    tokens = int(counts.sum())
    full, *rest = (losses.sum(axis=1) / tokens).tolist()
    loss = dict(zip(table.rows, rest, strict=True))
    off = loss[ALL] - full
    added: dict[str, dict[str, list[float]]] = {test: {} for test in TESTS}
    for name, sizes in sets.named.items():
        for test, ends in ((REMOVED, (0.0, off)), (KEPT, (off, 0.0))):
            between = [loss[row_of(test, name, size)] - full for size in sizes]
            added[test][name] = [ends[0], *between, ends[1]]
    scaled: dict[str, dict[str, float]] = {}
    if dose is not None:
        names = list(sets.named)
        units = MaskTable(names, np.stack([~sets.named[name][dose] for name in names]), sets.space, {})
        for gate in factors:
            gates = port.intervene(units, dict.fromkeys(sets.space.kinds, gate))
            found, _ = sentence_losses(port, gates, batches, names)
            for name, one in zip(names, (found.sum(axis=1) / tokens).tolist(), strict=True):
                scaled.setdefault(name, {})[gate] = one - full
    return Ablated(full, loss[ALL], tokens, len(counts), sets.shares(), added, scaled)


def intervention(port: Port, table: MaskTable, means: Mapping[str, Tensor] | None) -> Intervention:
    """Return masks that remove units: their value is 0, or with ``means`` their mean."""
    gate = "zero" if means is None else "mean"
    return port.intervene(table, dict.fromkeys(table.space.kinds, gate), means)


def by_direction(found: Mapping[str, Ablated]) -> dict[str, Any]:
    """Return the JSON's ``directions``."""
    return {
        name: {
            "full": one.full,
            "all_removed": one.off,
            "tokens": one.tokens,
            "sentences": one.sentences,
            "added": one.added,
            "areas": {
                test: {of: defined(value) for of, value in areas.items()}
                for test, areas in one.areas().items()
            },
            **({"dose": one.dose} if one.dose else {}),
        }
        for name, one in found.items()
    }
