"""What a system with several draws of its mask set shows: the distribution of a number over the draws.

One draw is one of many that there could be, so it is never shown as "random".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from workflow_scripts.common.students_t import half_interval
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.table import Block, Cells, Record
from workflow_scripts.report.tables.writing import Digits, decimal_mean, rounded, side_title

LEAST_DRAWS = 5  # below it an interval of the draws says little
COLUMNS = ["draws", "draws_sd", "draws_low", "draws_high", "draws_least", "draws_most"]
NOTE = (
    "A system with several draws of its mask set is one row: of each seed the mean over draws, then mean ± "
    "standard deviation over seeds. The block of draws has the spread over draws: of each draw the mean over "
    "seeds; the interval is that of the mean of all draws (t distribution, n − 1 degrees of freedom)."
)


@dataclass(frozen=True)
class Interval:
    """A 95 % interval of a mean."""

    low: float
    high: float


def interval(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean of n values: mean ± t · sd / √n with n − 1 degrees of freedom;
    None for one value."""
    if len(values) < 2:
        return None
    half = half_interval(stdev(values), len(values))
    mean = decimal_mean(values)
    return Interval(mean - half, mean + half)


def figures(values: Sequence[float]) -> list[float | int | None]:
    """Return the values of ``COLUMNS``; None, where there is no draw."""
    if not values:
        return [0, *[None] * (len(COLUMNS) - 1)]
    found = interval(values)
    low, high = (found.low, found.high) if found else (None, None)
    sd = stdev(values) if found else None
    return [len(values), sd, low, high, min(values), max(values)]


def draws_block(rows: Sequence[Record], display: Display) -> list[Block]:
    """Return a row for each system with draws and side; nothing where there is none."""
    lines: list[Cells] = []
    for row in rows:
        if row["draws"]:
            digits = display.digits(row)
            lines.append([f"{row['system']}, {side_title(row['side'], display.pivot)}", *_cells(row, digits)])
    header = ["system", "draws", "mean", "sd over draws", "95 % interval", "least", "most"]
    return [Block("Draws: all directions", header, lines)] if lines else []


def _cells(row: Record, digits: Digits) -> Cells:
    def shown(name: str) -> str:
        return "n/a" if row[name] is None else rounded(row[name], digits)

    between = "n/a" if row["draws_low"] is None else f"[{shown('draws_low')}, {shown('draws_high')}]"
    ends = [shown("draws_least"), shown("draws_most")]
    return [str(row["draws"]), shown("mean"), shown("draws_sd"), between, *ends]


def caution_on_draws(plan: Plan) -> list[str]:
    """Return what is said above every table where a control was drawn too few times."""
    few = [f"{key} ({len(names)})" for key, names in plan.draws.items() if len(names) < LEAST_DRAWS]
    if not few:
        return []
    return [
        f"Fewer than {LEAST_DRAWS} draws: {', '.join(few)}. So few say little about what another draw would "
        "give; take more (masks.sets: draws)."
    ]
