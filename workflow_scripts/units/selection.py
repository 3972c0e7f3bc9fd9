"""Which selector chooses the units of which direction and stack, and the masks that this gives.

A selection is one selector for all units, or for those of some stacks (the others are kept), or four: by
stack, and by whether a direction goes out of the pivot or into it, as in the code of Neuron Specialization.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.directions import ends_of
from workflow_scripts.common.errors import UserError
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ABOUT_COUNTS, ScoreTable
from workflow_scripts.units.selectors import TIE_RULE, Selector, parse_selector
from workflow_scripts.units.space import STACKS, UnitSpace

OUT, INTO = "out", "into"


@dataclass(frozen=True)
class Selection:
    """``select``: a selector, or side → stack → selector; ``stacks``: where it leaves units out."""

    select: str | Mapping[str, Mapping[str, str]]
    stacks: tuple[str, ...] = STACKS
    pivot: str | None = None
    seed: int | None = None

    @classmethod
    def of_masks(cls, masks: MaskTable) -> Self | None:
        """Return how masks were selected; None where they were made of other masks, or it is not known."""
        facts = masks.manifest
        if masks.select is None or "like_rule" in facts:
            return None
        return cls(masks.select, tuple(facts.get("stacks", STACKS)), facts.get("pivot"), facts.get("seed"))

    @classmethod
    def parse(
        cls,
        text: str,
        stacks: Sequence[str] | None = None,
        pivot: str | None = None,
        seed: int | None = None,
    ) -> Self:
        """Return the selection of a text: a selector, or four as JSON. Raises UserError."""
        if not text.startswith("{"):
            selector = parse_selector(text)
            if pivot is not None:
                raise UserError(f"--pivot: goes with four selectors, not with --select {selector.text}")
            if selector.name == "random" and seed is None:
                raise UserError(f"--select {selector.text} needs --seed")
            own = tuple(stack for stack in STACKS if stack in (stacks or STACKS))
            return cls(selector.text, own, None, seed if selector.name == "random" else None)
        four: dict[str, dict[str, str]] = {}
        try:
            sides = json.loads(text)
            four = {side: {stack: sides[side][stack] for stack in STACKS} for side in (OUT, INTO)}
        except (ValueError, TypeError, KeyError):
            sides = None
        if four != sides or pivot is None:
            example = json.dumps({side: dict.fromkeys(STACKS, "mass:95") for side in (OUT, INTO)})
            raise UserError(f"--select {text}: four selectors such as {example} are needed, and --pivot")
        if stacks is not None:
            raise UserError("--stacks: four selectors name both; write 'all' for the one that is kept whole")
        chosen = [parse_selector(text) for side in four.values() for text in side.values()]
        drawn = any(selector.name == "random" for selector in chosen)
        if drawn and seed is None:
            raise UserError(f"--select {text} needs --seed")
        return cls(four, STACKS, pivot, seed if drawn else None)

    def facts(self) -> dict[str, Any]:
        """Return its entries of a manifest; ``k`` only where ``rule`` and ``k`` say all."""
        found: dict[str, Any] = {
            "rule": "four selectors",
            "select": self.select,
            "ties": TIE_RULE,
            "pivot": self.pivot,
            "seed": self.seed,
        }
        if isinstance(self.select, str):
            selector = parse_selector(self.select)
            found |= {"rule": selector.name, "select": selector.text}
            if self.stacks != STACKS:
                found["stacks"] = list(self.stacks)
            elif selector.name == "mass" and selector.scope == "group" and not selector.magnitude:
                found["k"] = selector.text.partition(":")[2]
        return {name: value for name, value in found.items() if value is not None}

    def row(self, direction: str, scores: NDArray[Any], space: UnitSpace) -> NDArray[np.bool_]:
        """Return the units that a direction keeps, bool [units], by its scores [units]."""
        keep = np.ones(space.size, dtype=np.bool_)
        for stacks, selector in self.selectors(direction):
            part = space.part(stacks=stacks)
            ids = space.ids_of(part)
            # Not the direction alone, by which random rows of another mask file are drawn: these are others.
            name = " ".join([direction, *stacks])
            seed = None if self.seed is None else seed_of(self.seed, name)
            keep[ids] = selector.select(scores[ids], part, seed)
        return keep

    def masks(self, scores: ScoreTable, gate: Mapping[str, str] | None = None) -> MaskTable:
        """Return masks with a row for each row of ``scores``; ``gate``: kind of unit → how it acts."""
        rows = zip(scores.rows, scores.values, strict=True)
        keep = np.stack([self.row(name, row, scores.space) for name, row in rows])
        made_from = {name: value for name, value in scores.metadata.items() if name not in ABOUT_COUNTS}
        return MaskTable(scores.rows, keep, scores.space, {**made_from, **self.facts(), "gate": gate})

    def selectors(self, direction: str) -> Iterator[tuple[Sequence[str], Selector]]:
        """Yield each selector of a direction, with the stacks whose units it chooses from."""
        if isinstance(self.select, str):
            yield self.stacks, parse_selector(self.select)
            return
        source, target = ends_of(direction)
        if self.pivot not in (source, target):
            raise UserError(f"--select: {direction} is neither out of the pivot {self.pivot!r} nor into it")
        for stack, text in self.select[OUT if source == self.pivot else INTO].items():
            yield (stack,), parse_selector(text)
