"""Mean and standard deviation of some values, of which some may be undefined."""

from collections.abc import Sequence
from typing import Any

from workflow_scripts.analyse.means import defined, mean_sd

#: What stands in a table for an undefined value.
UNDEFINED = "–"


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """Return ``values``, their ``mean``, ``sd`` (None of one value) and ``n``; undefined ones, NaN or None,
    are None and do not count."""
    return {**mean_sd(values), "values": [defined(value) for value in values]}


def shown(found: dict[str, Any], form: str = ".3f") -> str:
    """Return a cell of a table: mean ± sd (n), the mean alone of one value, or that it is undefined."""
    if found["mean"] is None:
        return UNDEFINED
    mean = format(found["mean"], form)
    return mean if found["sd"] is None else f"{mean} ± {format(found['sd'], form.lstrip('+'))} ({found['n']})"
