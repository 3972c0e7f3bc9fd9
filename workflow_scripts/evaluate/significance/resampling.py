"""Paired tests of two systems: bootstrap and approximate randomisation, as sacrebleu defines them.

Statistics are resampled, never text, and random numbers are drawn as ``sacrebleu.significance`` draws them:
the same seed gives sacrebleu's p-values, but that a resample exactly as extreme as what was observed counts
as extreme (Noreen 1989, Phipson and Smyth 2010). Koehn (2004), Riezler and Maxwell (2005).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.evaluate.significance.scorer import Scorer

Statistics = Mapping[str, NDArray[Any]]
#: Two resamples of equal sums may differ by rounding where statistics are not whole numbers.
TOLERANCE = 1e-9
#: Of an interval of 95 %, one fortieth of the resamples lies on either side (sacrebleu's).
TAIL = 40
#: Rows of a matrix at a time. A multiple of 32, since random bits are drawn by 32.
ROWS = 256
#: Numbers of a matrix at a time, where sentences are many.
LARGEST_BLOCK = 4_000_000


@dataclass(frozen=True)
class Difference:
    """A system minus another, in the metric's own unit.

    ``low`` and ``high``: 95 % of the bootstrap's differences lie between them. ``sentence_sd``: their
    standard deviation, to be set beside that over seeds. ``n``: sentences.
    """

    difference: float
    low: float
    high: float
    sentence_sd: float
    p_bootstrap: float
    p_randomisation: float
    n: int


def compare(
    system: Statistics, other: Statistics, scorers: Mapping[str, Scorer], resamples: int, seed: int
) -> dict[str, Difference]:
    """Test two systems on one direction, all metrics on the same resamples; by metric, in ``system``'s order.

    ``system``, ``other``: metric -> statistics [n, d]. ``scorers``: metric -> what makes a score of summed
    statistics [d] and n. ``resamples``: of the bootstrap, and as many random assignments. Each test begins
    with ``seed``, as sacrebleu's do. Raises ValueError: not everywhere as many sentences.
    """
    n = len(next(iter(system.values())))
    if any(len(array) != n for arrays in (system, other) for array in arrays.values()):
        raise ValueError("not all statistics are of the same sentences")
    sums = {"system": _Sums(system), "other": _Sums(other)}
    ours, theirs = (_Scores(one, scorers, n, resamples) for one in sums.values())
    for rows, block in _in_blocks(resamples, n, _counts(seed, n)):
        for scores, one in zip((ours, theirs), sums.values(), strict=True):
            scores.fill(rows, block @ one.stacked)
    bootstrap = {metric: ours.of[metric] - theirs.of[metric] for metric in system}

    gap = sums["system"].stacked - sums["other"].stacked
    whole = sums["system"].stacked.sum(axis=0) + sums["other"].stacked.sum(axis=0)
    for rows, block in _in_blocks(resamples, n, _coins(seed, n)):
        # Where the coin says so a sentence is the other system's, else the system's own.
        mixed = sums["system"].stacked.sum(axis=0) - block @ gap
        ours.fill(rows, mixed)
        theirs.fill(rows, whole - mixed)

    found = {}
    for metric in system:
        score = [scorers[metric](arrays[metric].sum(axis=0), n) for arrays in (system, other)]
        difference = score[0] - score[1]
        spread = np.abs(bootstrap[metric])
        shuffled = np.abs(ours.of[metric] - theirs.of[metric])
        low, high = interval(bootstrap[metric])
        sentence_sd = float(np.std(bootstrap[metric], ddof=1)) if resamples > 1 else 0.0
        ps = (p_value(spread - spread.mean(), abs(difference)), p_value(shuffled, abs(difference)))
        found[metric] = Difference(difference, low, high, sentence_sd, *ps, n)
    return found


def p_value(statistics: NDArray[np.float64], observed: float) -> float:
    """Return (c + 1) / (R + 1), c of R statistics being at least as extreme as what was observed."""
    extreme = int(np.count_nonzero(statistics >= observed - TOLERANCE))
    return (extreme + 1) / (len(statistics) + 1)


def interval(differences: NDArray[np.float64]) -> tuple[float, float]:
    """Return the bounds of the 95 % interval, taken as sacrebleu's ``estimate_ci`` does."""
    ordered = np.sort(differences)
    out = len(ordered) // TAIL
    return float(ordered[out]), float(ordered[len(ordered) - out - 1])


class _Sums:
    """All metrics' statistics side by side: one product of matrices for all of them."""

    def __init__(self, statistics: Statistics) -> None:
        self.stacked = np.concatenate([np.asarray(a, np.float64) for a in statistics.values()], axis=1)
        self.whole = {metric: np.issubdtype(array.dtype, np.integer) for metric, array in statistics.items()}
        ends = list(accumulate((array.shape[1] for array in statistics.values()), initial=0))
        self.columns = dict(zip(statistics, map(slice, ends, ends[1:]), strict=True))


class _Scores:
    """The scores of resamples by metric: ``of`` -> [R]."""

    def __init__(self, layout: _Sums, scorers: Mapping[str, Scorer], n: int, resamples: int) -> None:
        self.layout, self.scorers, self.n = layout, scorers, n
        self.of = {metric: np.empty(resamples) for metric in layout.columns}

    def fill(self, rows: slice, sums: NDArray[np.float64]) -> None:
        """Score the sums [rows, all columns] of a block."""
        for metric, columns in self.layout.columns.items():
            # Sums of counts are exact; as whole numbers the scorers see what they see of text.
            part = sums[:, columns]
            part = np.rint(part).astype(np.int64) if self.layout.whole[metric] else part
            self.of[metric][rows] = [self.scorers[metric](row, self.n) for row in part]


def _in_blocks(
    resamples: int, n: int, draw: Callable[[int], NDArray[Any]]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    step = max(32, min(ROWS, LARGEST_BLOCK // n // 32 * 32))
    for start in range(0, resamples, step):
        rows = slice(start, min(start + step, resamples))
        yield rows, draw(rows.stop - rows.start).astype(np.float64)


def _counts(seed: int, n: int) -> Callable[[int], NDArray[np.int64]]:
    """Return what draws rows of a bootstrap: how often each of n sentences is in the resample."""
    rng = np.random.default_rng(seed)

    def draw(rows: int) -> NDArray[np.int64]:
        chosen = rng.choice(n, size=(rows, n), replace=True)
        chosen += n * np.arange(rows)[:, None]
        return np.bincount(chosen.ravel(), minlength=rows * n).reshape(rows, n)

    return draw


def _coins(seed: int, n: int) -> Callable[[int], NDArray[np.bool_]]:
    """Return what draws rows of random assignments: whether each of n sentences is swapped."""
    rng = np.random.default_rng(seed)
    return lambda rows: rng.integers(2, size=(rows, n), dtype=bool)
