"""Selectors: scores in, kept units out.

What: ``mass`` (cumulative threshold of Neuron Specialization); ``keep_all`` and ``random_like`` (controls).
Inputs: scores [units] or a mask [units], and the unit space; every selector works in each group by itself.
Outputs: keep, bool [units].
Source: Neuron Specialization, section 3 (cumulative threshold factor k), with exact arithmetic: the
published code compares float32 sums, which loses units at k = 100, and leaves ties to an unstable sort.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.errors import UserError
from workflow_scripts.units.space import UnitSpace

TIE_RULE = "stable: equal scores keep the lower index first"

# A spelling of k is part of file names. Above 100 every unit is kept.
SMALLEST_K, LARGEST_K = Decimal("0.000001"), 1_000_000


def normalise_k(k: Decimal | str | int) -> str:
    """Return the one spelling of a threshold: ``"97.50"`` -> ``"97.5"``, ``"1E+2"`` -> ``"100"``.

    Raises UserError unless ``k`` is a positive decimal number.
    """
    try:
        value = Decimal(k)
    except InvalidOperation:
        raise UserError(f"k is {k!r}, not a decimal number such as 95 or 97.5") from None
    if not value.is_finite() or value <= 0:
        raise UserError(f"k is {k}, but a share of the activations in percent is above 0")
    if not SMALLEST_K <= value <= LARGEST_K:
        raise UserError(f"k is {k}, but a share in percent is from {SMALLEST_K:f} to {LARGEST_K}")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def mass(scores: NDArray[Any], space: UnitSpace, k: Decimal | str | int) -> NDArray[np.bool_]:
    """Keep, in each group, the fewest units of highest score that together hold k percent of the group's sum.

    Args:
        scores: [units], int64 or float64, not negative. Floats are compared exactly too, as the dyadic
            fractions they are.
        space: numbers the units.
        k: percent; above 100 keeps every unit.

    Returns:
        keep, bool [units]. The unit that crosses the threshold is kept; equal scores keep the lower index
        first; a group without any score keeps its first unit; k = 100 keeps every unit with a score.

    Raises:
        UserError: k is not a positive decimal number.
        ValueError: the scores do not fit the space, or are negative or undefined.
    """
    percent = Decimal(normalise_k(k))
    if scores.shape != (space.size,):
        raise ValueError(f"scores {scores.shape} do not fit a space of {space.size} units")
    if not (scores >= 0).all() or not np.isfinite(scores).all():
        raise ValueError("scores must be defined and not negative")
    if percent > 100:
        return keep_all(space)
    numerator, denominator = percent.as_integer_ratio()
    keep = np.zeros(space.size, dtype=np.bool_)
    for span in space.slices().values():
        values = _integers(scores[span])
        order = np.argsort(-values, kind="stable")
        sums = np.cumsum(values[order])
        # The smallest whole sum S with 100 * denominator * S >= numerator * total.
        needed = -(-numerator * int(sums[-1]) // (100 * denominator))
        prefix = 1 + int(np.searchsorted(sums, needed, side="left"))
        keep[span][order[:prefix]] = True
    return keep


def _integers(values: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers in the same proportions as ``values``, whose sum is exact.

    int64 where the sum fits, else an object array of Python's unbounded integers.
    """
    if np.issubdtype(values.dtype, np.integer):
        fits = int(values.max()) * values.size < 2**63
        return values.astype(np.int64 if fits else object)
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    common = math.lcm(*(denominator for _, denominator in ratios))
    return np.array([numerator * (common // denominator) for numerator, denominator in ratios], dtype=object)


def keep_all(space: UnitSpace) -> NDArray[np.bool_]:
    """Return a mask that keeps every unit: the continued-training control."""
    return np.ones(space.size, dtype=np.bool_)


def random_like(keep: NDArray[np.bool_], space: UnitSpace, seed: int) -> NDArray[np.bool_]:
    """Return a random mask that keeps as many units in every group as ``keep`` does.

    Args: keep, bool [units]; seed, of the generator (PCG64; the same seed gives the same mask).
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = np.zeros(space.size, dtype=np.bool_)
    for span in space.slices().values():
        count = int(keep[span].sum())
        drawn[span][generator.permutation(span.stop - span.start)[:count]] = True
    return drawn
