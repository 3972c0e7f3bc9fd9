"""Curves of the loss over how many units are removed or kept, and the areas under them.

The loss is taken relative to the model's: Δ(x) is the nats per token that are added where a share x of the
units is removed, Δ(1) where all are. Then

- *effect when removed*: the area under Δ(x) / Δ(1) of the units in an order. It is 1 where the first units
  take all with them, near 0 where the loss comes with the last ones;
- *faithfulness when kept*: the area under 1 − Δkept(x) / Δ(1), where a share x is kept and the rest removed.
  It is 1 where the first units do all the work.

Both are trapezoids over the shares that were measured, with 0 and 1 among them. A part of the units can cost
more than all of them, so that an area may be above 1, and faithfulness below 0. Where Δ(1) is not above 0 the
areas are undefined (NaN).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def area(shares: Sequence[float], values: Sequence[float]) -> float:
    """Return the area under ``values`` over ``shares``, n numbers each, that go from 0 to 1. Equal shares are
    one point. ValueError: shares that do not begin at 0 and end at 1, or that fall."""
    x, y = np.asarray(shares, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x[0] != 0 or x[-1] != 1 or (np.diff(x) < 0).any():
        raise ValueError(f"shares {shares} do not go from 0 to 1")
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum())


def removal_area(shares: Sequence[float], added: Sequence[float]) -> float:
    """Return the effect when removed. ``added``: Δ at each of ``shares``, the last one Δ(1)."""
    return area(shares, [one / added[-1] for one in added]) if added[-1] > 0 else float("nan")


def kept_area(shares: Sequence[float], added: Sequence[float]) -> float:
    """Return the faithfulness when kept. ``added``: Δkept at each of ``shares``, the first one Δ(1)."""
    return area(shares, [1 - one / added[0] for one in added]) if added[0] > 0 else float("nan")
