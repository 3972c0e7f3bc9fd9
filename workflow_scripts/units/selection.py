"""Which selector chooses the units of which direction and stack, and the masks that this gives.

A selection is one selector for all units, for those of some stacks (the others are kept), or four selectors:
by stack, and by whether a direction goes out of the pivot or into it, as the code of Neuron Specialization
has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError
from workflow_scripts.units.mask_sets import seed_of
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.selectors import TIE_RULE, parse_selector
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
    def of_manifest(cls, manifest: Mapping[str, Any]) -> Selection | None:
        """Return how a mask table was selected; None where it was made of other masks."""
        rule, k = manifest["rule"], manifest["k"]
        usual = {"mass": f"mass:{k}", "all": "all"}.get(str(rule))
        select = manifest.get("select", usual)
        if select is None or "like_rule" in manifest:
            return None
        stacks = tuple(manifest.get("stacks", STACKS))
        return cls(select, stacks, manifest.get("pivot"), manifest.get("seed"))

    @classmethod
    def parse(
        cls, text: str, stacks: Sequence[str] = STACKS, pivot: str | None = None, seed: int | None = None
    ) -> Selection:
        """Return the selection that ``text`` says: a selector, or four as JSON. Raises UserError."""
        if not text.startswith("{"):
            selector = parse_selector(text)
            if selector.name == "random" and seed is None:
                raise UserError(f"--select {selector.text} needs --seed")
            return cls(selector.text, tuple(stacks), None, seed if selector.name == "random" else None)
        four = json.loads(text)
        sides = [four.get(side, {}) for side in (OUT, INTO)]
        if set(four) != {OUT, INTO} or any(set(side) != set(STACKS) for side in sides) or pivot is None:
            example = json.dumps({side: dict.fromkeys(STACKS, "mass:95") for side in (OUT, INTO)})
            raise UserError(f"--select {text}: four selectors such as {example} are needed, and --pivot")
        chosen = [parse_selector(text) for side in sides for text in side.values()]
        drawn = any(selector.name == "random" for selector in chosen)
        return cls(four, STACKS, pivot, seed if drawn else None)

    def facts(self) -> dict[str, Any]:
        """Return what a manifest says of it; of ``mass`` and ``all`` in all stacks, rule and k say it all."""
        own = {"pivot": self.pivot, "seed": self.seed}
        if not isinstance(self.select, str):
            return {"rule": "four selectors", "select": self.select, "ties": TIE_RULE, **_given(own)}
        selector = parse_selector(self.select)
        facts = {"rule": selector.name, "ties": TIE_RULE}
        k = selector.text.removeprefix("mass:")
        if self.stacks == STACKS and selector.text in ("all", f"mass:{k}") and "@" not in k and ":" not in k:
            return {**facts, **({} if selector.text == "all" else {"k": k})}
        stacks = None if self.stacks == STACKS else list(self.stacks)
        return {**facts, "select": selector.text, **_given({**own, "stacks": stacks})}

    def row(self, direction: str, scores: NDArray[Any], space: UnitSpace) -> NDArray[np.bool_]:
        """Return the units that a direction keeps, bool [units], by its scores [units]."""
        keep = np.ones(space.size, dtype=np.bool_)
        seed = None if self.seed is None else seed_of(self.seed, direction)
        for stacks, text in self._texts(direction):
            part = space.part(stacks=stacks)
            ids = space.ids_of(part)
            keep[ids] = parse_selector(text).select(scores[ids], part, seed)
        return keep

    def masks(self, scores: ScoreTable) -> MaskTable:
        """Return masks with a row for each row of ``scores``."""
        keep = np.stack(
            [self.row(name, row, scores.space) for name, row in zip(scores.rows, scores.values, strict=True)]
        )
        return MaskTable(scores.rows, keep, scores.space, {**scores.metadata, **self.facts()})

    def _texts(self, direction: str) -> Iterator[tuple[Sequence[str], str]]:
        """Yield stacks with the selector of their units."""
        if isinstance(self.select, str):
            yield self.stacks, self.select
            return
        source, target = split_direction(direction)
        if self.pivot not in (source, target):
            raise UserError(f"--select: {direction} is neither out of the pivot {self.pivot!r} nor into it")
        for stack, text in self.select[OUT if source == self.pivot else INTO].items():
            yield (stack,), text


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
