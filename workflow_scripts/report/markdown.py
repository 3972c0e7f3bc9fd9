"""Write a summary of scores as Markdown for people: ``tables/summary.md``.

In:  a ``Summary``.
Out: text; one section for each test set and metric, with a table for each group, the sweep of k and the
     single directions. Numbers are rounded from unrounded values, and only where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from workflow_scripts.report.scores import RAW
from workflow_scripts.report.summary import (
    ALL,
    BOTH,
    DIRECTION,
    INTO,
    OTHER,
    OUT,
    Cell,
    Estimate,
    Summary,
    sweep_key,
)

METRIC_NAMES = {"bleu": "BLEU", "chrf": "chrF++"}
DECIMALS = 2


def rounded(value: float, decimals: int = DECIMALS, sign: bool = False) -> str:
    """Round half up the shortest decimal form of ``value``, as a reader of the unrounded number would.

    (25.55 → "25.6", where binary rounding of some sums gives 25.5.)
    """
    number = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    if number == 0:
        number = abs(number)  # no "-0.00"
    return f"{number:+}" if sign else f"{number}"


def written(value: Estimate, decimals: int = DECIMALS, sign: bool = False) -> str:
    """Return "39.61 ± 0.12 (3)": mean, standard deviation and number of seeds, or "n/a (why)"."""
    if value.mean is None:
        return f"n/a ({value.reason})"
    spread = "n/a" if value.sd is None else rounded(value.sd, decimals)
    return f"{rounded(value.mean, decimals, sign)} ± {spread} ({value.n})"


def side_title(side: str, pivot: str) -> str:
    """Return a side as a heading, with the pivot's code."""
    return {OUT: f"out of {pivot}", INTO: f"into {pivot}", BOTH: "both (mean)", OTHER: "other"}[side]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first column is text, the others numbers."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    lines = [header, rule, *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def table_title(testset: str, profile: str, metric: str) -> str:
    """Return "flores, BLEU"; references other than the test set's own text are named."""
    name = METRIC_NAMES.get(metric, metric)
    return f"{testset}, {name}" if profile == RAW else f"{testset}, {name}, {profile} references"


def render(summary: Summary, pivot: str, decimals: int = DECIMALS, control: str = "continued") -> str:
    """Return the whole document.

    Args:
        summary: all cells, in the order of display.
        pivot: code of the pivot language, or "".
        decimals: digits after the point.
        control: name of the system behind the second difference.
    """
    partial = f"PARTIAL ({summary.missing} of {summary.expected} scores missing): " if summary.missing else ""
    experiment = summary.cells[0].experiment
    lines = [
        f"# {partial}Scores of {experiment}",
        "",
        "Each number: mean over directions of unrounded scores, then mean ± standard deviation over seeds "
        "(number of seeds); for one seed the deviation is n/a.",
        f"Differences are taken seed by seed: Δ baseline to `baseline`, Δ {control} to `{control}`, "
        "the control that was trained further in the same way without masks.",
    ]
    if pivot:
        lines += [f"The column both is the mean of out of {pivot} and into {pivot}."]
    if partial:
        lines += ["", "Cells with missing scores say how many of the expected were found: [found/expected]."]
    marker = "PARTIAL: " if partial else ""
    for table, grouped in groupby(summary.cells, key=lambda cell: (cell.testset, cell.profile, cell.metric)):
        cells = list(grouped)
        lines += ["", f"## {marker}{table_title(*table)}"]
        lines += _group_tables(cells, pivot, decimals, control, marker)
        lines += _sweep_tables(cells, pivot, decimals, control, marker)
        lines += _direction_table(cells, decimals, marker)
        lines += ["", f"Signature of all numbers of this section: `{cells[0].signature}`; "]
        lines[-1] += f"references: {cells[0].profile}."
    if summary.skipped:
        lines += ["", "## Not shown", ""]
        lines += [f"- {item}" for item in summary.skipped]
    return "\n".join(lines) + "\n"


def _found(cell: Cell) -> str:
    return "" if cell.scores == cell.scores_expected else f" [{cell.scores}/{cell.scores_expected}]"


def _system_rows(
    cells: Sequence[Cell], label: str, pivot: str, decimals: int, control: str, names: dict[str, str]
) -> list[str]:
    """One row a system, three columns a side."""
    sides = list(dict.fromkeys(cell.side for cell in cells))
    header = [label]
    for side in sides:
        header += [side_title(side, pivot), "Δ baseline", f"Δ {control}"]
    by_place = {(cell.system, cell.side): cell for cell in cells}
    rows = []
    for system, name in names.items():
        row = [name]
        for side in sides:
            cell = by_place[system, side]
            row += [
                written(cell.value, decimals) + _found(cell),
                written(cell.to_baseline, decimals, sign=True),
                written(cell.to_control, decimals, sign=True),
            ]
        rows.append(row)
    return markdown_table(header, rows)


def _group_tables(cells: Sequence[Cell], pivot: str, decimals: int, control: str, marker: str) -> list[str]:
    lines: list[str] = []
    shown = [cell for cell in cells if cell.grouping != DIRECTION]
    for (grouping, group), grouped in groupby(shown, key=lambda cell: (cell.grouping, cell.group)):
        part = list(grouped)
        counts = dict.fromkeys(
            f"{cell.directions} {side_title(cell.side, pivot)}" for cell in part if cell.side != BOTH
        )
        title = "All directions" if grouping == ALL else f"{grouping}: {group}"
        lines += ["", f"### {marker}{title} ({', '.join(counts)})", ""]
        names = {cell.system: cell.system for cell in part}
        lines += _system_rows(part, "system", pivot, decimals, control, names)
    return lines


def _sweep_tables(cells: Sequence[Cell], pivot: str, decimals: int, control: str, marker: str) -> list[str]:
    lines: list[str] = []
    overall = [cell for cell in cells if cell.grouping == ALL]
    families: dict[str, dict[str, str]] = {}
    for cell in overall:
        sweep = sweep_key(cell.system)
        if sweep:
            families.setdefault(sweep[0], {})[cell.system] = sweep[1]
    for family, names in families.items():
        if len(names) < 2:
            continue  # one k is no sweep; it stands in the tables above
        part = [cell for cell in overall if cell.system in names]
        lines += ["", f"### {marker}Sweep of k: {family}, all directions", ""]
        lines += _system_rows(part, "k", pivot, decimals, control, names)
    return lines


def _direction_table(cells: Sequence[Cell], decimals: int, marker: str) -> list[str]:
    part = [cell for cell in cells if cell.grouping == DIRECTION]
    systems = list(dict.fromkeys(cell.system for cell in part))
    rows = [
        [direction, *(written(cell.value, decimals) + _found(cell) for cell in grouped)]
        for direction, grouped in groupby(part, key=lambda cell: cell.group)
    ]
    return ["", f"### {marker}Single directions", "", *markdown_table(["direction", *systems], rows)]
