"""How numbers are averaged, rounded and written (spec 4.1, "Double rounding").

Averages and rounding are decimal, half up: a reader of 18.8 and 18.9 expects 18.85, and 18.9 of one decimal,
where binary numbers may give 18.849999… and 18.8. Averages are of unrounded scores; in the profile ``paper``
(rebuilt references) they are of scores as they were stored for the published table: one decimal, COMET four.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

SACREBLEU = ("bleu", "chrf", "ter")  # 0–100; what is not one of them is a COMET model, about 0–1
PAPER = "paper"  # profile
DECIMALS = 2  # digits shown of sacrebleu's metrics
COMET_DECIMALS = 4


def decimals_of(metric: str, profile: str, decimals: int = DECIMALS) -> int:
    """Return how many digits are shown: in the profile ``paper`` as in the published table, .824 and 25.6."""
    if metric in SACREBLEU:
        return 1 if profile == PAPER else decimals
    return 3 if profile == PAPER else COMET_DECIMALS


def stored(score: float, metric: str, profile: str) -> float:
    """Return a direction's score as averages take it: unrounded, or of the profile ``paper`` as stored."""
    if profile != PAPER:
        return score
    return float(quantized(score, 1 if metric in SACREBLEU else COMET_DECIMALS))


def decimal_mean(values: Sequence[float]) -> float:
    """Return the mean of what the numbers read as, rounded to a float once (at least one number)."""
    return float(sum(Decimal(repr(value)) for value in values) / len(values))


def decimal_difference(one: float, two: float) -> float:
    """Return ``one - two`` of what the numbers read as: 34.3 - 31.6 is 2.7."""
    return float(Decimal(repr(one)) - Decimal(repr(two)))


def quantized(value: float, decimals: int) -> Decimal:
    """Round half up the shortest decimal form of ``value``."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def rounded(value: float, decimals: int = DECIMALS, sign: bool = False) -> str:
    """Return ``value`` for people, rounded half up once: 25.55 → "25.6"."""
    number = quantized(value, decimals)
    if number == 0:
        number = abs(number)  # no "-0.00"
    return f"{number:+}" if sign else f"{number}"


def written(
    mean: float | None, sd: float | None, n: int, reason: str, decimals: int = DECIMALS, sign: bool = False
) -> str:
    """Return "39.61 ± 0.12 (3)": mean, standard deviation and number of seeds, or "n/a (why)"."""
    if mean is None:
        return f"n/a ({reason})"
    spread = "n/a" if sd is None else rounded(sd, decimals)
    return f"{rounded(mean, decimals, sign)} ± {spread} ({n})"
