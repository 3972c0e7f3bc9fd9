"""What the rows of the table ``controls`` say in words. Standard library only: pages say the same."""

from collections.abc import Mapping
from typing import Any

from workflow_scripts.common.naming import number_of
from workflow_scripts.evaluate.significance.correction import higher_is_better
from workflow_scripts.report.tables.writing import Digits, digits_of, metric_name, rounded, written

#: What a row shows.
ONE_SEED, EQUAL, NOT_SHOWN, BETTER, WORSE = "one seed", "equal", "not shown", "better", "worse"


def shows(row: Mapping[str, Any]) -> str:
    """Return what the numbers of a row show of its system: ``BETTER`` or ``WORSE`` than the other where the
    95 % interval over seeds leaves out 0, else ``NOT_SHOWN``; ``EQUAL`` in every seed; ``ONE_SEED``."""
    if row["n"] == 1:
        return ONE_SEED
    if not row["sd"]:
        return EQUAL
    if row["low"] <= 0 <= row["high"]:
        return NOT_SHOWN
    return BETTER if (row["difference"] > 0) == higher_is_better(row["metric"]) else WORSE


def sentence(row: Mapping[str, Any]) -> str:
    """Return what the numbers of a row say, in words: "ns − random: +0.10 ± 0.30 BLEU (n = 3 seeds, 5 draws):
    no difference that this design could detect (±0.50)"."""
    digits = digits_of(row["metric"], row["profile"])
    number = written(row["difference"], row["sd"], row["n"], "", digits, sign=True).partition(" (")[0]
    counted = f"n = {number_of(row['n'], 'seed')}"
    if row["draws"]:
        counted += f", {number_of(row['draws'], 'draw')}"
    said = f"{row['system']} − {row['against']}: {number} {metric_name(row['metric'])} ({counted}): "
    said += _verdict(row, digits)
    if row["above"] is not None:
        said += f"; better than {row['above']:.0f} of {row['draws']} draws"
    return said


def _verdict(row: Mapping[str, Any], digits: Digits) -> str:
    shown = shows(row)
    if shown == ONE_SEED:
        return "one seed, which cannot tell a difference from chance"
    if shown == EQUAL:
        return "the same in every seed, so that nothing says how far it could vary"
    least = rounded(row["detectable"], digits)
    if shown == NOT_SHOWN:
        return f"no difference that this design could detect (±{least})"
    low, high = (rounded(row[name], digits, sign=True) for name in ("low", "high"))
    return f"{shown} (95 % interval {low} to {high}; this design detects ±{least})"
