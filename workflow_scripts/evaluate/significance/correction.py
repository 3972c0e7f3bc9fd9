"""Correction of p-values after Holm (1979) and Benjamini and Hochberg (1995), and wins, losses and ties.

A tie is a difference that was not shown, not one that was shown to be zero.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan, nan

from workflow_scripts.common.errors import UserError

WIN, LOSS, TIE = "win", "loss", "tie"
#: Error rates; of all other metrics more is better.
LOWER_IS_BETTER = frozenset({"ter"})
DEFAULT_LEVEL = 0.05
#: Resamples that may be as extreme as what was observed at the strictest of Holm's thresholds.
EXTREME_RESAMPLES = 10


@dataclass(frozen=True)
class Corrected:
    """Corrected p-values in the order given: ``p_holm`` and ``p_bh``, each of length n."""

    p_holm: list[float]
    p_bh: list[float]


def higher_is_better(metric: str) -> bool:
    """Return whether more of a metric is better; so it is of all but error rates."""
    return metric not in LOWER_IS_BETTER


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected after Holm, in the order given; an undefined one (NaN) is no test and stays
    so. Written here because stages that run the model correct too, where statsmodels is not."""
    tested = sorted((p, place) for place, p in enumerate(p_values) if not isnan(p))
    corrected, last = [nan] * len(p_values), 0.0
    for before, (p, place) in enumerate(tested):
        last = corrected[place] = max(last, min(1.0, (len(tested) - before) * p))
    return corrected


def correct(p_values: Sequence[float]) -> Corrected:
    """Correct the p-values of one family of n tests; n may be 0. Raises ValueError: a value that is not
    between 0 and 1."""
    if strange := [p for p in p_values if not 0 <= p <= 1]:
        raise ValueError(f"{strange[0]} is no p-value")
    if not p_values:
        return Corrected([], [])
    # Here, since it brings pandas and scipy along: a second that a job without tests need not spend.
    from statsmodels.stats.multitest import multipletests

    return Corrected(holm(p_values), [float(p) for p in multipletests(p_values, method="fdr_bh")[1]])


def resamples_needed(tests: int, level: float) -> int:
    """Return how many resamples a family of tests needs after Holm's correction.

    The smallest p-value is one in as many; the strictest threshold, ``level / tests``, is to be ten of these,
    or one resample more or less would decide what is significant there. Raises UserError: a level that is
    not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UserError(f"--level is {level}, a number between 0 and 1 is needed")
    return ceil(EXTREME_RESAMPLES * tests / level)


def outcome(difference: float, p_value: float, metric: str, level: float = DEFAULT_LEVEL) -> str:
    """Return ``win``, ``loss`` or ``tie`` of a system against another.

    ``difference``: system minus other, in the metric's unit. ``p_value``: corrected (Holm's in the tables);
    significant if it is at most ``level``.
    """
    if difference == 0 or p_value > level:
        return TIE
    return WIN if (difference > 0) == higher_is_better(metric) else LOSS


def count_outcomes(outcomes: Sequence[str]) -> dict[str, int]:
    """Return how many wins, losses and ties there are, in this order."""
    counts = Counter(outcomes)
    return {name: counts[name] for name in (WIN, LOSS, TIE)}
