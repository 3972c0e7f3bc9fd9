"""Dissociation: does pruning a task's heads harm this task more than the others?

Two forms. The public one (the code of Li et al. 2023) subtracts raw metrics of different tasks, so that it is
not 0 where nothing changes and tasks score differently. The relative one compares what each task loses as a
share of its own base. Both are times 100, and positive where heads are special to their task, whether the
metric rises (BLEU) or falls (loss) with quality.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.means import defined, mean_sd
from workflow_scripts.analyse.permutations import relabel, share_as_large, smallest_p
from workflow_scripts.analyse.random_draws import Draws
from workflow_scripts.units.mask_sets import seed_of

Matrix = NDArray[np.float64]
PUBLIC, RELATIVE = FORMS = "public", "relative"
#: Assignments of random sets to tasks, at most; where there are no more, each is taken once.
ASSIGNMENTS = 1000


def mean_of_others(matrix: Matrix) -> Matrix:
    """Return the mean of each row of a [T, T] matrix without its diagonal, [T]."""
    others: Matrix = (matrix.sum(axis=1) - np.diag(matrix)) / (len(matrix) - 1)
    return others


def public(after: Matrix, base: Matrix, rises: bool = True) -> Matrix:
    """Return 100 · (mean over others of after[t, i] − after[t, t]) / base[t] of each task t, [T].

    ``after``: [T, T], the metric of task i after the heads of task t are pruned; ``base``: [T], before.
    ``rises``: whether higher is better; else the sign is turned. NaN where a base is 0.
    """
    sign = 1 if rises else -1
    found: Matrix = 100 * sign * (mean_of_others(after) - np.diag(after)) / np.where(base == 0, np.nan, base)
    return found


def loss_of(after: Matrix, base: Matrix, rises: bool = True) -> Matrix:
    """Return what each task loses as a share of its base: 1 − after / base where higher is better, after /
    base − 1 where lower is. ``after``: [..., T]. NaN where a base is 0."""
    share: Matrix = after / np.where(base == 0, np.nan, base)
    return 1 - share if rises else share - 1


def relative(after: Matrix, base: Matrix, rises: bool = True) -> Matrix:
    """Return 100 · (loss of task t − mean loss of the others) after task t's heads are pruned, [T]."""
    lost = loss_of(after, base, rises)
    return 100 * (np.diag(lost) - mean_of_others(lost))


def dissociation(
    after: Matrix, base: Matrix, random: Matrix, rises: bool, permutations: int, seed: int
) -> dict[str, Any]:
    """Return the public and the relative form of every task, their mean, sd and n, and two nulls.

    ``after``: [T, T], ``base``: [T], as in ``public``; ``random``: [draws, T], the metric after random heads
    are pruned. ``random`` of the result: each task's heads are one of these sets (mean, sd and range of draws
    for each task; of the mean over tasks under random assignments of sets to tasks, with p). ``permuted``:
    tasks' sets go to each other's tasks (p of the mean; ``smallest_p``, the least that so many tasks allow).
    p is one-sided. Undefined values are None.
    """
    forms = {PUBLIC: public, RELATIVE: relative}
    orders, exact = relabel(list(range(len(base))), permutations, seed)
    found: dict[str, Any] = {}
    for name, form in forms.items():
        values = form(after, base, rises)
        drawn = np.stack([form(np.tile(one, (len(base), 1)), base, rises) for one in random])
        rows = np.stack([form(after[order], base, rises) for order in orders])
        assigned = _assigned(drawn, seed)
        found[name] = {
            "tasks": [defined(value) for value in values],
            **mean_of(values),
            "random": {
                "tasks": [facts_of_draws(drawn[:, task]) for task in range(len(base))],
                "mean": defined(assigned.mean()),
                "low": defined(float(np.percentile(assigned, 2.5))),
                "high": defined(float(np.percentile(assigned, 97.5))),
                "assignments": len(assigned),
                "p": defined(share_as_large(assigned, float(values.mean()), exact=False)),
            },
            "permuted": {
                "mean": defined(rows.mean()),
                "orders": len(rows),
                "exact": exact,
                "p": defined(share_as_large(rows.mean(axis=1), float(values.mean()), exact)),
                "smallest_p": smallest_p(len(rows), exact),
            },
        }
    return found


def _assigned(drawn: Matrix, seed: int) -> Matrix:
    """Return the mean over tasks where each has a random set, [assignments]: of all assignments, or where
    these are too many of drawn ones.

    Two tasks and five sets have 25. Were they drawn a thousand times, p could be 1/1001; it is at least 1/26.
    """
    draws, tasks = drawn.shape
    if draws**tasks <= ASSIGNMENTS:
        chosen = np.indices((draws,) * tasks).reshape(tasks, -1).T
    else:
        generator = np.random.Generator(np.random.PCG64(seed_of(seed, "assignments")))
        chosen = generator.integers(draws, size=(ASSIGNMENTS, tasks))
    means: Matrix = drawn[chosen, np.arange(tasks)].mean(axis=1)
    return means


def mean_of(values: Sequence[float] | Matrix) -> dict[str, Any]:
    """Return mean, sd and n of values; None where one is undefined, for the mean of fewer tasks is another
    figure."""
    if not np.isfinite(values).all():
        return {"mean": None, "sd": None, "n": len(values)}
    return mean_sd(values)


def facts_of_draws(values: Matrix) -> dict[str, float | None]:
    """Return n, mean, sd and range of draws; None where one is undefined, as of ``mean_of``."""
    if not np.isfinite(values).all():
        return {"n": len(values), **dict.fromkeys(("mean", "sd", "low", "high"))}
    return Draws.of(values.tolist()).facts()


def pair_dissociation(after: Matrix, base: Matrix, rises: bool) -> Matrix:
    """Return how far two tasks come apart, symmetric [T, T] with NaN on the diagonal: what a task loses by
    its own heads more than the other one does, times 100, the mean of both ways round."""
    lost = loss_of(after, base, rises)
    one_way = 100 * (np.diag(lost)[:, None] - lost)
    both: Matrix = (one_way + one_way.T) / 2
    np.fill_diagonal(both, np.nan)
    return both
