"""How numbers are averaged, rounded and written, and what metrics, sides and tables are called for people.

Averages are decimal (of 18.8 and 18.9: 18.85) and of unrounded scores; in the profile ``paper`` they are of
scores as they were stored for the published table: one decimal, COMET four. Numbers are rounded half up,
once; in the profile ``paper`` as the published table was, by printf's rule (55.05 is 55.04999… and becomes
55.0).
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from workflow_scripts.common.metric_names import SHOWN
from workflow_scripts.evaluate.significance.correction import higher_is_better
from workflow_scripts.report.read.layout import BOTH, INTO, OTHER, OUT
from workflow_scripts.report.read.read_scores import RAW

SACREBLEU = tuple(SHOWN)  # 0–100; what is not one of them is a COMET model, about 0–1
PAPER = "paper"  # profile
DECIMALS = 2  # digits shown of sacrebleu's metrics
COMET_DECIMALS = 4


class Digits(NamedTuple):
    """How many decimals are shown, and whether they are rounded as the published table was."""

    decimals: int = DECIMALS
    as_published: bool = False


HUNDREDTHS = Digits()


def digits_of(metric: str, profile: str) -> Digits:
    """Return how a metric is shown: in the profile ``paper`` as in the published table, .824 and 25.6."""
    if profile == PAPER:
        return Digits(1 if metric in SACREBLEU else 3, as_published=True)
    return Digits(DECIMALS if metric in SACREBLEU else COMET_DECIMALS)


def stored(score: float, metric: str, profile: str) -> float:
    """Return a direction's score as averages take it: unrounded, or of the profile ``paper`` as stored."""
    if profile != PAPER:
        return score
    return float(quantized(score, Digits(1 if metric in SACREBLEU else COMET_DECIMALS)))


def decimal_mean(values: Sequence[float]) -> float:
    """Return the mean of what the numbers read as, rounded to a float once (at least one number)."""
    return float(sum(Decimal(repr(value)) for value in values) / len(values))


def decimal_difference(one: float, two: float) -> float:
    """Return ``one - two`` of what the numbers read as: 34.3 - 31.6 is 2.7."""
    return float(Decimal(repr(one)) - Decimal(repr(two)))


def quantized(value: float, digits: Digits = HUNDREDTHS) -> Decimal:
    """Round half up the shortest decimal form of ``value``, or as the published table was rounded."""
    unit = Decimal(1).scaleb(-digits.decimals)
    if digits.as_published:
        return Decimal(value).quantize(unit, rounding=ROUND_HALF_EVEN)
    return Decimal(repr(value)).quantize(unit, rounding=ROUND_HALF_UP)


def rounded(value: float, digits: Digits = HUNDREDTHS, sign: bool = False) -> str:
    """Return ``value`` for people, rounded once: 25.55 → "25.6"."""
    number = quantized(value, digits)
    if number == 0:
        number = abs(number)  # no "-0.00"
    return f"{number:+}" if sign else f"{number}"


def written(
    mean: float | None, sd: float | None, n: int, reason: str, digits: Digits = HUNDREDTHS, sign: bool = False
) -> str:
    """Return "39.61 ± 0.12 (3)": mean, standard deviation and number of seeds. Of one seed it is the number
    alone: "39.61"; without a mean "n/a (why)"."""
    if mean is None:
        return f"n/a ({reason})"
    number = rounded(mean, digits, sign)
    return number if sd is None else f"{number} ± {rounded(sd, digits)} ({n})"


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
    Of TER the lowest is the best, of differences in TER too."""
    shown = [None if value is None else quantized(value, digits) for value in values]
    there = [value for value in shown if value is not None]
    if len(there) < 2:
        return [False] * len(values)
    top = max(there) if higher_is_better(metric) else min(there)
    return [value == top for value in shown]
