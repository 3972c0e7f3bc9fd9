"""Mean and standard deviation of some values, of which some may be undefined. Standard library only."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

#: What stands in a table for an undefined value.
UNDEFINED = "–"


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Return ``values``, their ``mean``, ``sd`` (None of one value) and ``n``; undefined ones, NaN or None,
    are None and do not count."""
    given = [None if value is None or not math.isfinite(value) else float(value) for value in values]
    known = [value for value in given if value is not None]
    return {
        "mean": statistics.fmean(known) if known else None,
        "sd": statistics.stdev(known) if len(known) > 1 else None,
        "n": len(known),
        "values": given,
    }


def shown(found: dict[str, Any], form: str = ".3f") -> str:
    """Return a cell of a table: mean ± sd (n), the mean alone of one value, or that it is undefined."""
    if found["mean"] is None:
        return UNDEFINED
    mean = format(found["mean"], form)
    return mean if found["sd"] is None else f"{mean} ± {format(found['sd'], form.lstrip('+'))} ({found['n']})"
