"""Language activation probability entropy (LAPE), in both public forms: units active in few languages.

Of one stack: P is the share of a language's positions at which a unit is active, q its shares of the sum over
the K languages, H the entropy of q in nats; of a unit that is never active every q is 1/K. A unit *belongs*
to a language where P is strictly above ``bar``, the ``round(0.95 N)``-th smallest of all N values of P.

- ``lape`` (Tang et al. 2024) takes the units of smallest H, of those that belong to some language;
- ``lape_lambda`` (its variant of 2025) takes those of smallest H / ln K − λ · (largest P) / (H_K / K), where
  H_K = 1 + 1/2 + … + 1/K; every unit can be taken.

``round`` is Python's, to even. Both take the ``round(0.01 · units)`` smallest over all layers.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.errors import UserError
from workflow_scripts.units.score_table import LAPE

#: The weight of the largest P in the published run of the variant.
LAMBDA = 0.109375
#: The share of all P that is at most the bar, and the share of all units that is taken.
BELOW_BAR, TAKEN = 0.95, 0.01

Floats = NDArray[np.float64]


def rates(counts: Mapping[str, tuple[NDArray[np.int64], int]], side: str) -> Floats:
    """Return P [units, languages] of counts by language: (how often each unit was active [units], at how many
    positions). ``side``: of which languages, for messages. UserError for fewer than two languages, or one
    without positions."""
    if len(counts) < 2:
        raise UserError(
            f"LAPE compares languages, and there is one {side} language here: {', '.join(counts)}; take"
            " another score, such as activations"
        )
    if empty := [language for language, (_, positions) in counts.items() if positions < 1]:
        raise UserError(f"LAPE: no position of the {side} language {empty[0]!r} was counted; count again")
    return np.stack([active / positions for active, positions in counts.values()], axis=1)


def entropy(p: Floats) -> Floats:
    """Return the entropy over languages, nats [units], of P [units, languages]."""
    sums = p.sum(axis=1, keepdims=True)
    q = np.divide(p, sums, out=np.full_like(p, 1 / p.shape[1]), where=sums > 0)
    summed: Floats = (q * np.log(q, out=np.zeros_like(q), where=q > 0)).sum(axis=1)
    return -summed


def bar(p: Floats) -> float:
    """Return the value that P must exceed where a unit belongs to a language."""
    return float(np.sort(p, axis=None)[max(round(BELOW_BAR * p.size), 1) - 1])


def order(p: Floats, form: str, weight: float = LAMBDA) -> Floats:
    """Return what a form orders units by [units], the smallest first; ``weight``: λ of ``lape_lambda``."""
    languages = p.shape[1]
    relative: Floats = entropy(p) / np.log(languages)
    if form == LAPE:
        return relative
    expected = sum(1 / k for k in range(1, languages + 1)) / languages
    largest: Floats = p.max(axis=1)
    lowered: Floats = relative - weight * largest / expected
    return lowered


def lape_sets(
    p: Floats, languages: Sequence[str], form: str = LAPE, weight: float = LAMBDA
) -> dict[str, NDArray[np.intp]]:
    """Return each language's units as the published code has them: flat ids, ascending.

    ``p``: P [units, languages] of all layers. A taken unit may belong to several languages, or with
    ``lape_lambda`` to none.
    """
    member = p > bar(p)
    by = order(p, form, weight)
    if form == LAPE:
        by = np.where(member.any(axis=1), by, np.inf)
    taken = np.argsort(by, kind="stable")[: round(TAKEN * len(p))]
    taken = np.sort(taken[np.isfinite(by[taken])])
    return {name: taken[member[taken, column]] for column, name in enumerate(languages)}


def scores(p: Floats, form: str) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a score [units, languages] by which ``top`` takes first the units that belong to a language, by
    what the form orders by, then all others by the same; and which belong, bool [units, languages].

    The score is minus the form's value; that of units that belong is raised above all others.
    """
    by = order(p, form)
    member = p > bar(p)
    above = 1 + float(by.max() - by.min())
    return -by[:, None] + above * member, member
