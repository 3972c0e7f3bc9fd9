"""Tables of docs/results as Markdown, and cells of unit analysis: a value over seeds, beside random draws."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workflow_scripts.report.tables.writing import Digits, rounded

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"
ZERO, ONE, TWO, THREE = Digits(0), Digits(1), Digits(2), Digits(3)
UNDEFINED = "–"
Row = Mapping[str, str]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table; the first column is text, the others are numbers."""
    rule = "|".join(["---", *["---:"] * (len(header) - 1)])
    return [f"| {' | '.join(header)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def signed(value: float, digits: Digits = TWO) -> str:
    """Return a difference with its sign."""
    return rounded(value, digits, sign=True).replace("-", "−")


def over_seeds(values: Sequence[float], digits: Digits = THREE, sign: bool = True) -> str:
    """Return a value, or mean ± sd (seeds) of several."""
    show = signed if sign else rounded
    if len(values) == 1:
        return show(values[0], digits)
    mean, sd = show(statistics.fmean(values), digits), rounded(statistics.stdev(values), digits)
    return f"{mean} ± {sd} ({len(values)})"


def span(low: float, high: float, digits: Digits = THREE) -> str:
    """Return the range of random draws."""
    return f"{signed(low, digits)} … {signed(high, digits)}"


def marked(text: str, rows: Iterable[tuple[float, float, float]]) -> str:
    """Return a text with ``*`` where each value is outside its range (value, low, high)."""
    return text + (" *" if all(not low <= value <= high for value, low, high in rows) else "")


def by(rows: Iterable[Row], *keys: str) -> dict[tuple[str, ...], list[Row]]:
    """Return rows by what they have in some columns."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def value_and_range(rows: Sequence[Row], digits: Digits = THREE) -> tuple[str, str]:
    """The cells of rows with the columns of random draws: the value, and the widest range of seeds."""
    values = [float(row["mean"]) for row in rows]
    lows, highs = ([float(row[f"random_{end}"]) for row in rows] for end in ("low", "high"))
    cell = over_seeds(values, digits)
    if len(rows) == 1 and rows[0]["sd"]:
        cell += f" ± {rounded(float(rows[0]['sd']), digits)}"
    return marked(cell, zip(values, lows, highs, strict=True)), span(min(lows), max(highs), digits)
