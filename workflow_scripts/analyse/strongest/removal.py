"""The loss of every language without the strongest units of each, by sentence, beside random units."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.criteria import draw
from workflow_scripts.analyse.effects.ablation import intervention
from workflow_scripts.analyse.losses import sentence_losses
from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.pace import Pace
from workflow_scripts.common.directions import ends_of
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.space import UnitSpace

Floats = NDArray[np.float64]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sets:
    """The units of each language, and random ones, as many of each layer: draw → the same rows of others."""

    own: MaskTable
    drawn: Mapping[str, MaskTable]

    @classmethod
    def of(cls, units: Mapping[str, Sequence[int]], space: UnitSpace, draws: int, seed: int) -> "Sets":
        """``units``: language → flat ids of ``space``; a language without units is left out."""
        rows = {language: ids for language, ids in units.items() if len(ids)}
        keep = np.zeros((len(rows), space.size), dtype=np.bool_)
        for row, ids in zip(keep, rows.values(), strict=True):
            row[[*ids]] = True
        own = MaskTable([*rows], keep, space, {})
        return cls(own, draw(own, draws, seed) if rows else {})

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that have units."""
        return self.own.rows

    def masks(self) -> MaskTable:
        """Return a row for each set, ``row_of``, that leaves out its units."""
        tables = {"": self.own, **self.drawn}
        rows = [row_of(language, name) for name in tables for language in self.languages]
        keep = np.concatenate([table.keep for table in tables.values()])
        return MaskTable(rows, ~keep, self.own.space, {})

    def rows_for(self, direction: str) -> list[str]:
        """Return the rows that a direction is measured under: the units of every language, and the random
        ones of its own languages."""
        rows = [row_of(language) for language in self.languages]
        own = [language for language in self.languages if language in ends_of(direction)]
        return [*rows, *(row_of(language, name) for language in own for name in self.drawn)]


def row_of(language: str, name: str = "") -> str:
    """Return the name of a language's mask row; ``name``: of a draw."""
    return f"{name} {language}".strip()


@dataclass(frozen=True)
class Part:
    """Of a direction's n sentences: ``full`` [n] nats, ``added`` [n] by mask row, and how many ``tokens``."""

    full: Floats
    added: Mapping[str, Floats]
    tokens: int


#: Direction → its losses.
Parts = Mapping[str, Part]


def measure(
    port: Port, sets: Sets, directions: Sequence[str], batches_of: Mapping[str, Batches]
) -> dict[str, Part]:
    """Return the losses of each direction of a language that has units, whole and under its rows."""
    masks = intervention(port, sets.masks(), None)
    found: dict[str, Part] = {}
    pace = Pace(len(directions))
    for direction in directions:
        rows = sets.rows_for(direction)
        with port.direction(direction):
            losses, counts = sentence_losses(port, masks, batches_of[direction], [None, *rows])
        full, *without = losses
        added = {row: one - full for row, one in zip(rows, without, strict=True)}
        found[direction] = Part(full, added, int(counts.sum()))
        logger.info(f"{direction}: {len(rows)} sets | {pace.step()}")
    return found


def text_of(language: str, parts: Parts, other: str | None = None) -> list[str]:
    """Return the directions that are a language's text; ``other``: without those of another language, whose
    own text they are as well."""
    mine = [name for name in parts if language in ends_of(name)]
    return [name for name in mine if other is None or other not in ends_of(name)]


def paired(parts: Sequence[Part], row: str) -> dict[str, Any]:
    """Return mean, sd and n over sentences of what a mask row adds. A sentence's nats are divided by the mean
    length of all, so that the mean is that of nats per token."""
    added = np.concatenate([part.added[row] for part in parts])
    return mean_sd(added * len(added) / sum(part.tokens for part in parts))


def removed(sets: Sets, parts: Parts) -> dict[str, Any]:
    """Return the JSON: ``matrix`` [units of, loss of], without the cells of which there is no text, and by
    language the mean of each of its random sets."""
    matrix: dict[str, dict[str, Any]] = {}
    for own in sets.languages:
        matrix[own] = {}
        for language in sets.languages:
            names = text_of(language, parts, None if language == own else own)
            if names:
                matrix[own][language] = paired([parts[name] for name in names], row_of(own))
    whole = {one: [parts[name] for name in text_of(one, parts)] for one in sets.languages}
    sizes = sets.own.keep.sum(axis=1).tolist()
    return {
        "units": max(sizes),
        "units_of": dict(zip(sets.languages, sizes, strict=True)),
        "draws": len(sets.drawn),
        "full": {
            language: float(sum(one.full.sum() for one in text) / sum(one.tokens for one in text))
            for language, text in whole.items()
        },
        "matrix": matrix,
        "random": {
            language: [paired(text, row_of(language, name))["mean"] for name in sets.drawn]
            for language, text in whole.items()
        },
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the matrix says of each language, in words."""
    for language, cells in found["matrix"].items():
        others = [one["mean"] for name, one in cells.items() if name != language]
        most = f", others at most {max(others):+.3f}" if others else ""
        draws = found["random"][language]
        yield (
            f"{language}: {cells[language]['mean']:+.3f} nats a token without its"
            f" {found['units_of'][language]} strongest units{most}; {len(draws)} random sets"
            f" {min(draws):+.3f} to {max(draws):+.3f}"
        )
