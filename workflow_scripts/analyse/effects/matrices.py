"""The losses of every language without the units of each, on one side, and the matrices that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.effects.ablation import intervention
from workflow_scripts.analyse.effects.fragility import Paired, facts, paired_test
from workflow_scripts.analyse.effects.language_units import (
    Keep,
    Side,
    chosen,
    criterion,
    drawn,
    kept_on,
    rates_on,
)
from workflow_scripts.analyse.effects.material import replaced_by, sizes_of
from workflow_scripts.analyse.losses import sentence_losses
from workflow_scripts.analyse.means import defined
from workflow_scripts.analyse.random_draws import draw_names
from workflow_scripts.evaluate.significance.correction import DEFAULT_LEVEL, holm, resamples_needed
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import ScoreTable
from workflow_scripts.units.space import UnitSpace

FEWEST_RESAMPLES = 1000

Floats = NDArray[np.float64]
#: Of a set of units: its criterion or draw, and its size.
Key = tuple[str, str]


@dataclass(frozen=True)
class Chosen:
    """The units of every set on one side: ``keep``, of (criterion or draw, size), bool [languages, units] of
    ``space``; ``own``: which of a criterion's units meet what it asks for, as a share of each language's."""

    space: UnitSpace
    keep: Mapping[Key, Keep]
    own: Mapping[Key, Sequence[float]]

    def masks(self, languages: Sequence[str]) -> MaskTable:
        """Return a row for each set and language, ``row_of``, that leaves out its units."""
        rows = [row_of(key, language) for key in self.keep for language in languages]
        return MaskTable(rows, ~np.concatenate([*self.keep.values()]), self.space, {})


def row_of(key: Key, language: str) -> str:
    """Return the name of the mask row of a set and language."""
    return " ".join([*key, language])


def units_of(
    side: Side,
    counts: ScoreTable,
    masks: MaskTable | None,
    names: Sequence[str],
    sizes: Sequence[str],
    draws: int,
    seed: int,
) -> Chosen:
    """Return the units of each language of a side by each criterion and draw. ``counts``: a row for each
    direction; ``masks``: of the criterion ``masks``."""
    p, space = rates_on(side, counts)
    kept = None if masks is None else kept_on(side, masks)
    keep: dict[Key, Keep] = {}
    own: dict[Key, list[float]] = {}
    by_size = sizes_of(sizes, space)
    for name in names:
        found = criterion(name, p, kept)
        for size, selector in by_size.items():
            units = keep[name, size] = chosen(found, selector, space)
            own[name, size] = ((units & found.own).sum(axis=1) / units.sum(axis=1)).tolist()
    for draw, name in enumerate(draw_names(draws), start=1):
        for size, selector in by_size.items():
            keep[name, size] = drawn([*side.languages], selector, space, draw, seed)
    return Chosen(space, keep, own)


@dataclass(frozen=True)
class Losses:
    """Of one language's text, n sentences: ``full`` [n] nats, ``without`` [sets, languages, n], and how many
    ``tokens``."""

    full: Floats
    without: Floats
    tokens: int


def measure_language(
    port: Port, units: Chosen, side: Side, language: str, batches_of: Mapping[str, Batches], replace: str
) -> Losses:
    """Return the losses of a language's text, of all its directions on the side, under every set."""
    table = units.masks([*side.languages])
    found, tokens = [], 0
    for direction in side.languages[language]:
        batches = batches_of[direction]
        with port.direction(direction):
            means = replaced_by(port, batches, units.space, replace)
            gates = intervention(port, table, means)
            losses, counts = sentence_losses(port, gates, batches, [None, *table.rows])
        found.append(losses)
        tokens += int(counts.sum())
    full, *without = np.concatenate(found, axis=1)
    shape = (len(units.keep), len(side.languages), len(full))
    return Losses(full, np.asarray(without).reshape(shape), tokens)


def effect_matrices(texts: Sequence[Losses]) -> Floats:
    """Return E, [sets, languages of the units, languages of the text]: nats per token that are added.
    ``texts``: of each language."""
    columns = [(one.without - one.full).sum(axis=2) / one.tokens for one in texts]
    return np.stack(columns, axis=2)


def paired_tests(texts: Sequence[Losses], number: int, resamples: int, seed: int) -> list[Paired]:
    """Return the paired test of every language, of one set."""
    found = []
    for own, text in enumerate(texts):
        without = text.without[number]
        others = np.delete(without, own, axis=0)
        found.append(paired_test(without[own], others, text.tokens, resamples, seed))
    return found


def of_side(
    units: Chosen, side: Side, texts: Sequence[Losses], permutations: int, seed: int
) -> dict[str, Any]:
    """Return the JSON of one side."""
    matrices = effect_matrices(texts)
    resamples = max(FEWEST_RESAMPLES, resamples_needed(len(texts), DEFAULT_LEVEL))
    sets: dict[str, dict[str, Any]] = {}
    for number, (name, size) in enumerate(units.keep):
        of_set = facts(matrices[number], permutations, seed)
        if (name, size) in units.own:
            tests = paired_tests(texts, number, resamples, seed)
            corrected = holm([one.p for one in tests])
            of_set["own_units"] = list(units.own[name, size])
            of_set["paired"] = [
                {
                    "difference": one.difference,
                    "low": one.low,
                    "high": one.high,
                    "p": defined(one.p),
                    "p_holm": defined(p),
                }
                for one, p in zip(tests, corrected, strict=True)
            ]
        sets.setdefault(name, {})[size] = of_set
    return {
        "stack": side.stack,
        "languages": {
            language: {
                "directions": list(directions),
                "sentences": len(text.full),
                "tokens": text.tokens,
                "full": float(text.full.sum() / text.tokens),
            }
            for (language, directions), text in zip(side.languages.items(), texts, strict=True)
        },
        "units": {size: int(units.keep[name, size][0].sum()) for name, size in units.keep},
        "of_units": units.space.size,
        "resamples": resamples,
        "sets": sets,
    }
