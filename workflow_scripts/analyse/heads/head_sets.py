"""The sets of heads of a pruning: each task's own at every size, and random ones by the same rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.activations.score_importance import COUNTING
from workflow_scripts.analyse.heads.pruning import Heads, PruningRule, names_of
from workflow_scripts.analyse.heads.scorer import Scorer


@dataclass(frozen=True)
class HeadSets:
    """``pruned``: task → size → bool [heads]; ``random``: draw → size → bool [heads]; ``scores``: each task's
    importances [heads], none pruned; ``counts``: size → type (or the model) → how many go."""

    scorer: Scorer
    tasks: Mapping[str, Sequence[str]]
    rule: PruningRule
    exact: bool
    counts: Mapping[str, Mapping[str, int]]
    pruned: Mapping[str, Mapping[str, Heads]]
    scores: Mapping[str, NDArray[np.float64]]
    random: Mapping[str, Mapping[str, Heads]]

    @classmethod
    def of(
        cls,
        scorer: Scorer,
        tasks: Mapping[str, Sequence[str]],
        rule: PruningRule,
        exact: bool,
        draws: int,
        seed: int,
    ) -> Self:
        """Score the heads of tasks and choose; ``exact`` as in ``Scorer.pruned``."""
        space = scorer.space
        pruned, scores = scorer.pruned(tasks, rule, exact)
        random = rule.random_steps(draws, space, seed)
        return cls(scorer, tasks, rule, exact, rule.counts(space), pruned, scores, random)

    @property
    def sets(self) -> dict[tuple[str, str], Heads]:
        """Return every set: (task or draw, size) → bool [heads]."""
        every = {**self.pruned, **self.random}
        return {(name, size): gone for name, of in every.items() for size, gone in of.items()}

    def facts(self, permutations: int) -> dict[str, Any]:
        """Return what the result file says of them. ``permutations``: of tasks, in what follows."""
        space = self.scorer.space
        return {
            "counting": COUNTING[self.scorer.estimator].partition(",")[0] + ", per token of the unit's stack",
            "normalised": self.scorer.normalise,
            "scope": self.rule.scope,
            "keep_per_layer": self.rule.keep_per_layer,
            "ascending": self.rule.ascending,
            "exact": self.exact,
            "draws": list(self.random),
            "permutations": permutations,
            "tasks": self.tasks,
            "groups": {group.key: group.size for group in space.groups},
            "importance": {
                name: {key: one[span].tolist() for key, span in space.slices().items()}
                for name, one in self.scores.items()
            },
            "sizes": self.counts,
            "pruned": {
                name: {size: names_of(gone, space) for size, gone in steps.items()}
                for name, steps in self.pruned.items()
            },
        }
