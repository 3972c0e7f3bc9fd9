"""Mean, standard deviation and number of values, of which some may be undefined."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def defined(value: float | None) -> float | None:
    """Return a value as JSON has it: None where it is undefined."""
    return None if value is None or not math.isfinite(value) else float(value)


def mean_sd(values: Iterable[float | None]) -> dict[str, Any]:
    """Return ``mean``, ``sd`` and ``n`` of the values that are defined; None where there are none, or for the
    deviation fewer than two."""
    there = np.asarray([one for one in map(defined, values) if one is not None], dtype=np.float64)
    return {
        "mean": float(there.mean()) if len(there) else None,
        "sd": float(there.std(ddof=1)) if len(there) > 1 else None,
        "n": len(there),
    }
