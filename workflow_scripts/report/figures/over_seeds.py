"""Values of several seeds and of random draws, of which some may be undefined."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from workflow_scripts.analyse.means import defined
from workflow_scripts.report.figures.intervals import T_INTERVAL, Mean, mean_of
from workflow_scripts.report.read.analyses import number
from workflow_scripts.report.read.read_files import Row

#: The mean of no values.
UNDEFINED = Mean(math.nan, 0, None, None)


def over_seeds(values: Iterable[float]) -> Mean:
    """Return the mean of the values that are defined, not NaN, and its interval; of none a mean of NaN."""
    there = [value for value in values if math.isfinite(value)]
    return mean_of(there) if there else UNDEFINED


@dataclass(frozen=True)
class Chance:
    """Random draws beside a value: the ``mean`` of several seeds' means, and ``low`` to ``high``, the widest
    of the seeds' ranges in which 95 % of further draws would lie. NaN where undefined."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[Row], prefix: str = "random") -> Self:
        """Describe the rows of seeds, which have ``random_mean``, ``random_low`` and ``random_high``."""
        means, lows, highs = (
            [value for row in rows if math.isfinite(value := number(row[f"{prefix}_{name}"]))]
            for name in ("mean", "low", "high")
        )
        return cls(
            math.fsum(means) / len(means) if means else math.nan,
            min(lows, default=math.nan),
            max(highs, default=math.nan),
        )

    def cells(self, prefix: str = "random") -> dict[str, float | None]:
        """Return the cells of a figure's data, None where undefined."""
        return {f"{prefix}_{name}": defined(getattr(self, name)) for name in ("mean", "low", "high")}


def mean_cells(value: Mean) -> dict[str, float | None]:
    """Return the cells of a mean over seeds in a figure's data: its interval is None of one seed, and the
    mean, too, of none."""
    return {"mean": defined(value.mean), "low": value.low, "high": value.high, "seeds": value.n}


def bars_over_seeds(seeds: Sequence[str]) -> str:
    """Return the sentence of a caption on bars over seeds."""
    if len(seeds) == 1:
        return "One seed: no interval over seeds is drawn."
    return f"Bars: {T_INTERVAL} over seeds."


def undefined_note(values: Iterable[float]) -> list[str]:
    """Return a sentence on values that are not drawn because they are undefined, if there are any."""
    missing = sum(not math.isfinite(value) for value in values)
    verb = "value is" if missing == 1 else "values are"
    return [f"{missing} {verb} undefined and not drawn."] if missing else []
