"""How numbers are averaged, rounded and written.

Averages are decimal (of 18.8 and 18.9: 18.85) and of unrounded scores; in the profile ``paper`` they are of
scores as they were stored for the published table: one decimal, COMET four. Numbers are rounded half up,
once; in the profile ``paper`` as the published table was, by printf's rule (55.05 is 55.04999… and becomes
55.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from workflow_scripts.metric_names import SHOWN

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
    """Return "39.61 ± 0.12 (3)": mean, standard deviation and number of seeds.

    Of one seed it is the number alone: "39.61"; without a mean "n/a (why)".
    """
    if mean is None:
        return f"n/a ({reason})"
    number = rounded(mean, digits, sign)
    return number if sd is None else f"{number} ± {rounded(sd, digits)} ({n})"
