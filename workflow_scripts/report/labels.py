"""What metrics, sides and tables are called for people, and which numbers are bold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflow_scripts.evaluate.correction import higher_is_better
from workflow_scripts.metric_names import SHOWN
from workflow_scripts.report.layout import BOTH, INTO, OTHER, OUT
from workflow_scripts.report.rounding import Digits, quantized
from workflow_scripts.report.scores import RAW

METRIC_NAMES = {**SHOWN, "comet": "COMET"}


def metric_name(metric: str) -> str:
    """Return what people call a metric, and which way it is read where that is not plain."""
    name = METRIC_NAMES.get(metric, metric)
    return name if higher_is_better(metric) else f"{name} (lower is better)"


def difference_word(metric: str) -> str:
    """Return what a score less another is called: more of an error rate is not a gain."""
    return "gain" if higher_is_better(metric) else "difference"


def table_title(testset: str, profile: str, metric: str) -> str:
    """Return "flores, BLEU"; references other than the test set's own text are named."""
    name = metric_name(metric)
    return f"{testset}, {name}" if profile == RAW else f"{testset}, {name}, {profile} references"


def profile_title(testset: str, profile: str) -> str:
    """Return "flores"; references other than the test set's own text are named."""
    return testset if profile == RAW else f"{testset}, {profile} references"


def side_title(side: str, pivot: str) -> str:
    """Return a side as a heading, with the pivot's code."""
    return {OUT: f"out of {pivot}", INTO: f"into {pivot}", BOTH: "both (mean)", OTHER: "other"}[side]


def without_title(name: str, excluded: Mapping[str, list[str]]) -> str:
    """Return ", without sindhi (sd-en, en-sd)", "" where nothing is left out."""
    return f", without {name} ({', '.join(excluded[name])})" if name else ""


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
