"""The tables ``scores`` (every score; for people by direction, averaged over seeds) and ``summary``.

``summary`` has averages by group and side, differences to baseline and control, and the sweep of k.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from workflow_scripts.common.checked_options import ALL, DIRECTION
from workflow_scripts.report.read.ceilings import CEILING
from workflow_scripts.report.read.layout import BOTH, side_of
from workflow_scripts.report.read.read_scores import COLUMNS, Flags, Plan, Score
from workflow_scripts.report.tables.averages import NO_DIRECTIONS, average, values_of
from workflow_scripts.report.tables.display import Display, averaging_notes, signature_notes
from workflow_scripts.report.tables.draws import COLUMNS as COLUMNS_OF_DRAWS
from workflow_scripts.report.tables.draws import NOTE as NOTE_ON_DRAWS
from workflow_scripts.report.tables.draws import draws_block, figures
from workflow_scripts.report.tables.summary import (
    CSV_COLUMNS,
    Summary,
    display_order,
    row_of,
    rows_of,
    shared_notes,
    sweep_key,
)
from workflow_scripts.report.tables.table import (
    Block,
    Cells,
    Record,
    Shown,
    Table,
    chosen,
    frame_of,
    records,
    sections,
)
from workflow_scripts.report.tables.writing import (
    AGAINST_BASELINE,
    AGAINST_CONTROL,
    BOLD_RULE,
    FLAGGED,
    Digits,
    Significant,
    rounded,
    side_title,
    table_title,
    without_title,
    written,
)

NOTE_ON_CHOICE = "(chosen): of the sweep the k with the lowest validation loss, see the table choice."


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
    blocks = [_directions(part, plan, display, significant or {}, flags or {}) for _, part in sections(rows)]
    title = f"Scores of {plan.experiment} by direction"
    return Table("scores", title, frame, blocks, notes, [], plan.size - len(scores), plan.size)


def significance_rule(significant: Significant | None, display: Display) -> list[str]:
    """Return the rule of the daggers."""
    if significant is None:
        return ["No significance was tested, so nothing is marked as significant."]
    control = f", {AGAINST_CONTROL}: from `{display.control}`" if display.control else ""
    every = "every seed and draw" if display.draws else "every seed"
    return [
        f"{AGAINST_BASELINE}: differs significantly from `{display.baseline}`{control} (approximate "
        f"randomisation, Holm-corrected over directions), in the same sense in {every}; for better or "
        "worse: the numbers say which."
    ]


def _place(row: Record, plan: Plan) -> tuple[int, ...]:
    lists = {"testset": plan.testsets, "profile": plan.profiles, "metric": plan.metrics}
    return tuple(values.index(row[key]) for key, values in lists.items())


def _directions(
    rows: Sequence[Record], plan: Plan, display: Display, significant: Significant, flags: Flags
) -> Block:
    testset, profile, metric = (rows[0][key] for key in ("testset", "profile", "metric"))
    digits = display.digits(rows[0])
    values = values_of([Score(**row) for row in rows], plan)
    systems = display_order(rows_of(plan))
    ceilings = {d: display.ceilings.of_direction(rows[0], d) for d in plan.directions}
    # A column of its own, and only where the text processing takes something.
    last = [CEILING] if any(value is not None for value in ceilings.values()) else []
    lines: list[Cells] = []
    for direction in plan.directions_of(testset):
        means = [average(values, plan, testset, [[direction]], system) for system in systems]
        shown = [mean.mean for mean in means]
        bold = display.best(shown, rows[0], side_of(direction, display.pivot), direction)
        line: Cells = [Shown(direction, marks=FLAGGED if flags.get((metric, direction)) else "")]
        for system, mean, is_best in zip(systems, means, bold, strict=True):
            text = written(mean.mean, mean.sd, mean.n, mean.reason, digits)
            if mean.n < len(plan.seeds) and mean.reason != NO_DIRECTIONS:
                text += f" [{mean.n}/{len(plan.seeds)}]"
            marks = significant.get((testset, profile, metric, direction, system), "")
            line.append(Shown(text, is_best, marks))
        ceiling = ceilings[direction]
        lines.append([*line, *("" if ceiling is None else rounded(ceiling, digits) for _ in last)])
    alone = {row["direction"]: row for row in rows}
    flagged = [{**row, "flags": "; ".join(flags.get((metric, d), []))} for d, row in alone.items()]
    section = table_title(testset, profile, metric)
    return Block(
        "", ["direction", *map(display.label, systems), *last], lines, section, notes=signature_notes(flagged)
    )


def summary_table(summary: Summary, display: Display) -> Table:
    """Return the table of all cells."""
    drawn = any(cell.draws for cell in summary.cells)
    columns = [*CSV_COLUMNS, *(COLUMNS_OF_DRAWS if drawn else [])]
    lines = [[*row_of(cell), *(figures(cell.draws) if drawn else [])] for cell in summary.cells]
    frame = frame_of(lines, columns)
    rows = records(frame)
    others = display.others({cell.system for cell in summary.cells})
    notes = [
        "Each number: mean over directions, then mean ± standard deviation over seeds "
        "(number of seeds); of one seed the number alone.",
        *averaging_notes(rows),
        BOLD_RULE,
    ]
    if others:
        named = ", ".join(f"Δ {name} to `{name}`" for name in others.values())
        notes.append(f"Differences are taken seed by seed: {named}.")
        notes += shared_notes(summary, others.values())
    if "continued" in others:
        notes.append(f"`{display.control}` was trained further in the same way without masks: the control.")
    if display.pivot:
        notes.append(f"The column both is the mean of out of {display.pivot} and into {display.pivot}.")
    notes += [NOTE_ON_DRAWS] if drawn else []
    notes += [NOTE_ON_CHOICE] if display.chosen else []
    if summary.missing:
        notes.append("Cells with missing scores say how many of the expected were found: [found/expected].")
    blocks: list[Block] = []
    for place, section in sections(rows):
        own = [*_group_blocks(section, display, others), *_sweep_blocks(section, display, others)]
        own += draws_block(chosen(section, grouping=ALL, without=""), display) if drawn else []
        own[-1].notes.extend(signature_notes(section))
        blocks += [Block(b.title, b.header, b.rows, table_title(*place), notes=b.notes) for b in own]
    title = f"Scores of {summary.cells[0].experiment}"
    return Table("summary", title, frame, blocks, notes, summary.skipped, summary.missing, summary.expected)


def _group_blocks(rows: Sequence[Record], display: Display, others: Mapping[str, str]) -> list[Block]:
    blocks = []
    shown = [row for row in rows if row["grouping"] != DIRECTION]
    # Of averages without named directions, only those over all are shown here; the table groups has them all.
    shown = [row for row in shown if not row["without"] or row["grouping"] == ALL]
    for (without, grouping, group), grouped in groupby(shown, itemgetter("without", "grouping", "group")):
        part = list(grouped)
        # Of each side the most: a system may lack directions.
        most: dict[str, int] = {}
        for row in part:
            most[row["side"]] = max(row["directions"], most.get(row["side"], 0))
        counts = [f"{most[side]} {side_title(side, display.pivot)}" for side in most if side != BOTH]
        title = "All directions" if grouping == ALL else f"{grouping}: {group}"
        title += without_title(without, display.excluded)
        blocks.append(_averages(f"{title} ({', '.join(counts)})", part, display, others, {}))
    return blocks


def _sweep_blocks(rows: Sequence[Record], display: Display, others: Mapping[str, str]) -> list[Block]:
    overall = chosen(rows, grouping=ALL, without="")
    families: dict[str, dict[str, str]] = {}
    for row in overall:
        if sweep := sweep_key(row["system"]):
            families.setdefault(sweep[0], {})[row["system"]] = sweep[1]
    blocks = []
    for family, ks in families.items():
        if len(ks) > 1:  # one k is no sweep; it is in the blocks above
            rows = [row for row in overall if row["system"] in ks]
            blocks.append(_averages(f"Sweep of k: {family}, all directions", rows, display, others, ks))
    return blocks


def _averages(
    title: str, rows: Sequence[Record], display: Display, others: Mapping[str, str], ks: Mapping[str, str]
) -> Block:
    """A row for each system, or for each k of a sweep; a column for each side and each difference."""
    lines: dict[str, Cells] = {}
    for row in rows:
        named = ks.get(row["system"], display.label(row["system"]))
        lines[row["system"]] = [named + (" (chosen)" if row["system"] in display.chosen else "")]
    header = ["k" if ks else "system"]
    columns = [chosen(rows, side=side) for side in dict.fromkeys(row["side"] for row in rows)]
    for column in columns:
        header += [side_title(column[0]["side"], display.pivot), *(f"Δ {name}" for name in others.values())]
        digits = display.digits(column[0])
        for row, cell in zip(column, display.averages(column), strict=True):
            lines[row["system"]] += [cell, *(_difference(row, against, digits) for against in others)]
    last = [] if ks else display.ceilings_of([column[0] for column in columns], len(others))
    return Block(title, header, [*lines.values(), *last])


def _difference(row: Record, against: str, digits: Digits) -> str:
    mean, sd, n = (row[f"{against}_difference{part}"] for part in ("", "_sd", "_n"))
    return written(mean, sd, n, row[f"{against}_note"], digits, sign=True)
