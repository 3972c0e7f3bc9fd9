"""Effects of one language's units on another, freed of how fragile languages are, and how strong units.

E [languages, languages] has the nats per token that are added to the loss of the column's language where the
row's units are off. Some languages lose from any units, and some units harm any language: C is E with the
means of rows and of columns taken out (two-way centring), so that both are gone. Then

- the *advantage* is the mean of C's diagonal minus the mean of the rest;
- the *permutation test* gives languages the units of others in every possible way, and asks how often the
  diagonal's mean is as large as it is;
- the *collateral* of a language's units is their mean harm to others, by their harm to the language itself;
- the *paired test* of a language compares, sentence by sentence, the loss without its own units with the mean
  loss without those of each other language (approximate randomisation, Noreen 1989). Rows are not centred
  there: units that harm any language win everywhere, and the collateral says so.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.heads.dissociation import mean_of_others
from workflow_scripts.analyse.means import defined
from workflow_scripts.analyse.permutations import relabel, share_as_large, smallest_p
from workflow_scripts.evaluate.significance.resampling import compare
from workflow_scripts.evaluate.significance.scorer import mean_score

Floats = NDArray[np.float64]


def centred(effects: Floats) -> Floats:
    """Return C of E, [n, n]."""
    rows, columns = effects.mean(axis=1, keepdims=True), effects.mean(axis=0, keepdims=True)
    found: Floats = effects - rows - columns + effects.mean()
    return found


def advantage(effects: Floats) -> float:
    """Return the advantage of the diagonal of C, of E [n, n]."""
    found = centred(effects)
    n = len(found)
    diagonal = float(np.trace(found))
    return diagonal / n - (float(found.sum()) - diagonal) / (n * (n - 1))


@dataclass(frozen=True)
class Permutations:
    """``p``: the share of ``orders`` whose diagonal is as large (of all orders if ``exact``, else the given
    one is added); ``smallest``: the smallest p that there can be."""

    p: float
    orders: int
    exact: bool

    @property
    def smallest(self) -> float:
        """1 / orders, of drawn ones 1 / (orders + 1)."""
        return smallest_p(self.orders, self.exact)


def permutation_test(effects: Floats, permutations: int, seed: int) -> Permutations:
    """Test whether languages are harmed by their own units more than by those of others, of E [n, n]."""
    found = centred(effects)
    n = len(found)
    orders, exact = relabel(range(n), permutations, seed)
    sums = found[np.arange(n), orders].sum(axis=1)
    return Permutations(share_as_large(sums, float(np.trace(found)), exact), len(orders), exact)


def collateral(effects: Floats) -> list[float]:
    """Return each row's mean harm to others by its harm to its own language, [n]; NaN where that is not above
    0."""
    pairs = zip(mean_of_others(effects), np.diag(effects), strict=True)
    return [float(rest / own) if own > 0 else math.nan for rest, own in pairs]


@dataclass(frozen=True)
class Paired:
    """Own units against those of others on one language: nats per token, the interval of 95 % over sentences,
    and the two-sided ``p``; NaN where all sentences differ by the same, whose spread is not known."""

    difference: float
    low: float
    high: float
    p: float


def paired_test(own: Floats, others: Floats, tokens: int, resamples: int, seed: int) -> Paired:
    """Compare the losses of a language's sentences without its own units, [n] nats, with those without the
    units of each other language, [others, n]; ``tokens``: of all sentences."""
    rest = others.mean(axis=0)
    found = compare({"nll": own[:, None]}, {"nll": rest[:, None]}, {"nll": mean_score}, resamples, seed)[
        "nll"
    ]
    # Per sentence, to per token.
    scale = len(own) / tokens
    same = np.ptp(own - rest) == 0
    p = math.nan if same else found.p_randomisation
    return Paired(found.difference * scale, found.low * scale, found.high * scale, p)


def facts(effects: Floats, permutations: int, seed: int) -> dict[str, Any]:
    """Return what the JSON says of a matrix E [n, n]."""
    found = permutation_test(effects, permutations, seed)
    diagonal = np.diag(effects)
    others = effects[~np.eye(len(effects), dtype=bool)].reshape(len(effects), -1)
    rates = collateral(effects)
    return {
        "raw": effects.tolist(),
        "centred": centred(effects).tolist(),
        "own": float(diagonal.mean()),
        "others": float(mean_of_others(effects).mean()),
        "advantage": advantage(effects),
        "hit_hardest": int((diagonal > others.max(axis=1)).sum()),
        "collateral": [defined(one) for one in rates],
        "permutation": {
            "p": found.p,
            "orders": found.orders,
            "exact": found.exact,
            "smallest_p": found.smallest,
        },
    }
