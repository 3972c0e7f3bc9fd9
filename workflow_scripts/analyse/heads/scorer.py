"""Importance of attention heads to tasks, and the heads that go by it, all at once or size after size."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.score_importance import importances
from workflow_scripts.analyse.heads.pruning import Heads, PruningRule, layer_normalised
from workflow_scripts.models.port import Batches, Port
from workflow_scripts.units.mask_table import MaskTable
from workflow_scripts.units.score_table import IMPORTANCE
from workflow_scripts.units.space import UnitSpace


@dataclass(frozen=True)
class Scorer:
    """How a task's heads are scored: the mean over its directions of their importance per token.

    ``batches_of``: direction → its text; ``laid``: direction → what the system has for it; ``estimator``:
    one of ``IMPORTANCES``; ``normalise``: divide by the norm within each layer's attention.
    """

    port: Port
    space: UnitSpace
    batches_of: Mapping[str, Batches]
    laid: Mapping[str, AbstractContextManager[None]]
    estimator: str = IMPORTANCE
    normalise: bool = False

    def importance(self, directions: Sequence[str], gone: Heads | None = None) -> NDArray[np.float64]:
        """Return the importance of every head, float64 [heads], with those of ``gone`` pruned already."""
        masks = None
        if gone is not None and gone.any():
            masks = self.port.intervene(MaskTable(["pruned"], ~gone[None], self.space, {}))
        found = []
        for direction in directions:
            with self.laid[direction], nullcontext() if masks is None else masks.use("pruned"):
                scored = importances(self.port, self.batches_of[direction], self.space)
            one = scored.per_token(self.estimator)
            found.append(layer_normalised(one, self.space) if self.normalise else one)
        mean: NDArray[np.float64] = np.mean(found, axis=0)
        return mean

    def pruned(
        self, tasks: Mapping[str, Sequence[str]], rule: PruningRule, exact: bool
    ) -> tuple[dict[str, dict[str, Heads]], dict[str, NDArray[np.float64]]]:
        """Return each task's pruned heads, task → size → bool [heads], and its importances, none pruned.

        ``exact``: importance is taken again, with the heads that are gone, before each further size.
        """
        scores = {name: self.importance(directions) for name, directions in tasks.items()}
        if not exact:
            return {name: rule.steps(rule.order(one), self.space) for name, one in scores.items()}, scores
        found: dict[str, dict[str, Heads]] = {}
        for name, directions in tasks.items():
            gone, again, steps = np.zeros(self.space.size, dtype=np.bool_), scores[name], {}
            for size, wanted in rule.counts(self.space).items():
                if gone.any():
                    again = self.importance(directions, gone)
                steps[size] = gone = rule.extended(gone, rule.order(again), wanted, self.space)
            found[name] = steps
        return found, scores
