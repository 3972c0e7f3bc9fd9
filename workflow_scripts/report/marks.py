"""What is bold in a table, and what carries a dagger: by rule, and the rule stands under the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow_scripts.report.rounding import quantized

LOWER_IS_BETTER = ("ter",)
AGAINST_BASELINE, AGAINST_CONTROL, FLAGGED = "†", "‡", "§"
BOLD_RULE = (
    "Bold: the best number as shown, and those equal to it, of at least two systems; "
    "averages that lack scores are left out."
)
# Marks of a test set, profile, metric, direction and system.
Significant = Mapping[tuple[str, str, str, str, str], str]


def best(values: Sequence[float | None], metric: str, decimals: int, difference: bool = False) -> list[bool]:
    """Return which numbers are the best of the row or column, equal as shown; at least two must be there.

    Of TER the lowest is the best, of differences in TER too.
    """
    shown = [None if value is None else quantized(value, decimals) for value in values]
    there = [value for value in shown if value is not None]
    if len(values) < 2 or not there:
        return [False] * len(values)
    top = min(there) if metric in LOWER_IS_BETTER else max(there)
    return [value == top for value in shown]
