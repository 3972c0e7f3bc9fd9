"""From metrics under pruned heads to curves, matrices of tasks, dissociation, and similarity of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.heads.dissociation import (
    dissociation,
    facts_of_draws,
    mean_of,
    mean_of_others,
    pair_dissociation,
)
from workflow_scripts.analyse.heads.similarity_test import against_similarity
from workflow_scripts.analyse.means import defined
from workflow_scripts.analyse.random_draws import Draws

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A metric of every direction: ``base`` of the whole model, and ``after``: ``(task or draw, size)`` →
    direction → value without these heads. ``rises``: whether higher is better."""

    metric: str
    rises: bool
    base: Mapping[str, float]
    after: Mapping[tuple[str, str], Mapping[str, float]]


@dataclass(frozen=True)
class Asked:
    """What the figures are of. ``tasks``: task → directions; ``sizes`` and ``draws``: their names."""

    tasks: Mapping[str, Sequence[str]]
    sizes: Sequence[str]
    draws: Sequence[str]
    permutations: int
    seed: int

    def of_tasks(self, values: Mapping[str, float]) -> Matrix:
        """Return the metric of every task, [T]: each of its directions counts the same."""
        return np.array([np.mean([values[name] for name in names]) for names in self.tasks.values()])

    def matrix(self, measured: Measured, size: str) -> Matrix:
        """Return the metric of task i without the heads of task t, [T, T]."""
        return np.stack([self.of_tasks(measured.after[name, size]) for name in self.tasks])

    def random(self, measured: Measured, size: str) -> Matrix:
        """Return the metric of every task without random heads, [draws, T]."""
        return np.stack([self.of_tasks(measured.after[name, size]) for name in self.draws])


def findings(asked: Asked, every: Sequence[Measured], similar: Mapping[str, Matrix]) -> dict[str, Any]:
    """Return what the result file says of each metric: ``base``, ``matrices``, ``random``, ``curves``,
    ``dissociation``, and ``similarity`` of tasks with what it has to do with dissociation.

    ``similar``: way → [T, T].
    """
    names = list(asked.tasks)
    found: dict[str, Any] = {
        "metrics": {one.metric: {"rises": one.rises} for one in every},
        "similarity": {way: _table(names, names, matrix) for way, matrix in similar.items()},
    }
    keys = "base", "matrices", "random", "curves", "dissociation", "against_similarity"
    found |= {key: {} for key in keys}
    for one in every:
        base = asked.of_tasks(one.base)
        after = {size: asked.matrix(one, size) for size in asked.sizes}
        drawn = {size: asked.random(one, size) for size in asked.sizes}
        chance = asked.permutations, asked.seed
        found["base"][one.metric] = dict(zip(names, map(defined, base), strict=True))
        found["matrices"][one.metric] = {size: _table(names, names, after[size]) for size in after}
        found["random"][one.metric] = {size: _table(asked.draws, names, drawn[size]) for size in after}
        found["curves"][one.metric] = {size: curve(after[size], base, drawn[size]) for size in after}
        found["dissociation"][one.metric] = {
            size: dissociation(after[size], base, drawn[size], one.rises, *chance) for size in after
        }
        found["against_similarity"][one.metric] = {
            size: {
                way: against_similarity(pair_dissociation(after[size], base, one.rises), matrix, *chance)
                for way, matrix in similar.items()
            }
            for size in after
        }
    return found


def curve(after: Matrix, base: Matrix, drawn: Matrix) -> dict[str, Any]:
    """Return how a metric changes without a task's heads, in its own unit: mean, sd and n over tasks for the
    task itself (``own``) and for others (the mean of each task's), over draws for random heads, and where
    ``own`` and ``others`` stand among these. What is undefined, such as Matthews where all examples get one
    class, is None.

    ``after``: [T, T], ``base``: [T], ``drawn``: [draws, T].
    """
    change = after - base
    draws = (drawn - base).mean(axis=1)

    def stands(values: Matrix) -> dict[str, Any]:
        mean = float(values.mean())
        known = np.isfinite([mean, *draws]).all()
        return {**mean_of(values), "place": Draws.of(draws.tolist()).place(mean) if known else None}

    return {
        "own": stands(np.diag(change)),
        "others": stands(mean_of_others(change)),
        "random": facts_of_draws(draws),
    }


def _table(rows: Sequence[str], columns: Sequence[str], values: Matrix) -> dict[str, dict[str, Any]]:
    return {
        name: dict(zip(columns, map(defined, row), strict=True))
        for name, row in zip(rows, values, strict=True)
    }
