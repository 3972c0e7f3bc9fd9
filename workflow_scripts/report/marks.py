"""What is bold in a table, and the signs behind numbers; the rules are printed with the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow_scripts.evaluate.correction import higher_is_better
from workflow_scripts.report.rounding import Digits, quantized

AGAINST_BASELINE, AGAINST_CONTROL, FLAGGED = "†", "‡", "§"
BOLD_RULE = (
    "Bold: the best number as shown, and those equal to it, of at least two systems; "
    "averages that lack scores are left out."
)
# Marks of a test set, profile, metric, direction and system.
Significant = Mapping[tuple[str, str, str, str, str], str]


def best(values: Sequence[float | None], metric: str, digits: Digits) -> list[bool]:
    """Return which numbers are the best of the row or column, equal as shown; of one alone there is no best.

    Of TER the lowest is the best, of differences in TER too.
    """
    shown = [None if value is None else quantized(value, digits) for value in values]
    there = [value for value in shown if value is not None]
    if len(there) < 2:
        return [False] * len(values)
    top = max(there) if higher_is_better(metric) else min(there)
    return [value == top for value in shown]
