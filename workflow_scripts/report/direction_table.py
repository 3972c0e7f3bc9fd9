"""The table ``scores``: for programs every score; for people single directions averaged over seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from workflow_scripts.report.ceilings import CEILING
from workflow_scripts.report.display import Display, signature_notes
from workflow_scripts.report.layout import side_of
from workflow_scripts.report.marks import AGAINST_BASELINE, AGAINST_CONTROL, BOLD_RULE, FLAGGED, Significant
from workflow_scripts.report.names import table_title
from workflow_scripts.report.rounding import rounded, stored, written
from workflow_scripts.report.scores import COLUMNS, Flags, Plan, Score
from workflow_scripts.report.summary import display_order, estimate
from workflow_scripts.report.table import Block, Cells, Record, Shown, Table, frame_of, records


def direction_table(
    scores: Sequence[Score],
    plan: Plan,
    display: Display,
    significant: Significant | None = None,
    flags: Flags | None = None,
) -> Table:
    """Return the table of single directions; ``significant`` is None where nothing was tested."""
    frame = frame_of([list(vars(score).values()) for score in scores], COLUMNS)
    rows = sorted(records(frame), key=lambda row: _place(row, plan))
    notes = [
        "Each number: mean ± standard deviation over seeds (number of seeds) of one direction's score; of "
        "one seed the number alone. The csv and parquet files hold every seed's, unrounded.",
        BOLD_RULE,
        *significance_rule(significant, display),
    ]
    blocks = [
        _block(table_title(*place), list(grouped), plan, display, significant or {}, flags or {})
        for place, grouped in groupby(rows, key=lambda row: (row["testset"], row["profile"], row["metric"]))
    ]
    title = f"Scores of {plan.experiment} by direction"
    return Table("scores", title, frame, blocks, notes, [], plan.size - len(scores), plan.size)


def significance_rule(significant: Significant | None, display: Display) -> list[str]:
    """Return the rule of the daggers."""
    if significant is None:
        return ["No significance was tested, so nothing is marked as significant."]
    control = f", {AGAINST_CONTROL}: from `{display.control}`" if display.control else ""
    return [
        f"{AGAINST_BASELINE}: differs significantly from `{display.baseline}`{control} (approximate "
        "randomisation, Holm-corrected over directions), in the same sense in every seed; for better or "
        "worse: the numbers say which."
    ]


def _place(row: Record, plan: Plan) -> tuple[int, ...]:
    lists = {"testset": plan.testsets, "profile": plan.profiles, "metric": plan.metrics}
    return tuple(values.index(row[key]) for key, values in lists.items())


def _block(
    title: str, rows: Sequence[Record], plan: Plan, display: Display, significant: Significant, flags: Flags
) -> Block:
    metric, profile, testset = rows[0]["metric"], rows[0]["profile"], rows[0]["testset"]
    digits = display.digits(rows[0])
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        values[row["direction"], row["system"]].append(stored(row["score"], metric, profile))
    systems = display_order(plan.systems)
    ceilings = {d: display.ceilings.of_direction(rows[0], d) for d in plan.directions}
    # A column of its own, and only where the text processing takes something.
    last = [CEILING] if any(value is not None for value in ceilings.values()) else []
    lines: list[Cells] = []
    for direction in plan.directions_of(testset):
        found = [values.get((direction, system)) for system in systems]
        means = [estimate(by_seed) if by_seed else None for by_seed in found]
        shown = [mean.mean if mean else None for mean in means]
        bold = display.best(shown, rows[0], side_of(direction, display.pivot), direction)
        line: Cells = [Shown(direction, marks=FLAGGED if flags.get((metric, direction)) else "")]
        for system, mean, is_best in zip(systems, means, bold, strict=True):
            n = mean.n if mean else 0
            text = written(*((mean.mean, mean.sd) if mean else (None, None)), n, "scores missing", digits)
            text += "" if n == len(plan.seeds) else f" [{n}/{len(plan.seeds)}]"
            marks = significant.get((testset, profile, metric, direction, system), "")
            line.append(Shown(text, is_best, marks))
        ceiling = ceilings[direction]
        lines.append([*line, *("" if ceiling is None else rounded(ceiling, digits) for _ in last)])
    flagged = [
        {**row, "flags": "; ".join(flags.get((metric, row["direction"]), []))}
        for row in {row["direction"]: row for row in rows}.values()
    ]
    return Block("", ["direction", *systems, *last], lines, title, notes=signature_notes(flagged))
