"""Do two mask sets group languages alike? The correlation of their matrices of overlap.

Units of two models that were trained from different random weights have no common numbering, so the overlap
of their masks says nothing. Which languages share units within each model can be compared: the IoUs of all
pairs of languages in one model, correlated with those in the other (representational similarity,
Kriegeskorte et al. 2008). Pairs that share a language are not independent, so the languages of one matrix are
exchanged as a whole (Mantel 1967). Units of different kinds are compared in the same way.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.permutations import ROUNDING, relabel, share_as_large, smallest_p

#: With two languages there is one pair, and nothing to correlate.
FEWEST_LANGUAGES = 3


def structure(
    one: NDArray[np.float64], other: NDArray[np.float64], permutations: int, seed: int
) -> dict[str, Any]:
    """Return the correlation of two symmetric matrices of overlap [languages, languages].

    Returns:
        ``r``: Pearson's over pairs of languages, None where it is undefined (fewer than three languages, or
        equal overlap of all pairs in a matrix); ``p``: the share of orders of the second's languages with at
        least this r (one-sided; the given order is added to random ones); ``orders``, ``exact``, and
        ``smallest_p``, which no result can be below.
    """
    languages = len(one)
    if languages < FEWEST_LANGUAGES:
        return {"r": None, "p": None, "languages": languages}
    upper = np.triu_indices(languages, 1)
    first, second = _standardised(one[upper]), _standardised(other[upper])
    if first is None or second is None:
        return {"r": None, "p": None, "languages": languages}
    orders, exact = relabel(range(languages), permutations, seed)
    r = float(first @ second)
    whole = np.zeros_like(other)
    whole[upper] = second
    whole += whole.T
    exchanged = whole[orders[:, upper[0]], orders[:, upper[1]]] @ first
    return {
        "r": r,
        "p": share_as_large(exchanged, r, exact),
        "languages": languages,
        "orders": len(orders),
        "exact": exact,
        "smallest_p": smallest_p(len(orders), exact),
    }


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return values around their mean, of length 1; None where they do not differ."""
    around = values - values.mean()
    length = float(np.linalg.norm(around))
    return around / length if length > ROUNDING else None
