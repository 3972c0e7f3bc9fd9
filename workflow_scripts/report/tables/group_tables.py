"""The tables ``groups``, ``differences`` (paper, table 2) and ``interference``: a system a row.

``interference`` compares bilingual with multilingual systems by resource: where a multilingual system is
worse, its languages interfere; where better, they transfer.
"""

from collections.abc import Callable, Sequence
from typing import Any

from workflow_scripts.common.checked_options import ALL, DIRECTION, Groupings
from workflow_scripts.evaluate.significance.correction import higher_is_better
from workflow_scripts.report.read.layout import BOTH
from workflow_scripts.report.read.read_scores import Flags, Plan, Score
from workflow_scripts.report.tables.display import Display, averaging_notes, signature_notes
from workflow_scripts.report.tables.summary import (
    CSV_COLUMNS,
    Cell,
    Summary,
    row_of,
    shared_notes,
    summarise,
)
from workflow_scripts.report.tables.table import (
    Block,
    Cells,
    Record,
    Table,
    chosen,
    frame_of,
    records,
    sections,
)
from workflow_scripts.report.tables.writing import BOLD_RULE, side_title, table_title, without_title

Reason = Callable[[Record], str]  # why a row has no number
MOST_GROUPS = 4  # beside each other with all their sides; with more, each side is a block of its own
PLACE = ["experiment", "testset", "profile", "metric", "without", "grouping", "group", "side", "system"]
COUNTS = ["directions", "scores", "scores_expected"]
GROUPS_COLUMNS = [*PLACE, *COUNTS, "mean", "sd", "n", "signature", "flags"]
DIFFERENCES_COLUMNS = [*PLACE, "against", *COUNTS, "difference", "sd", "n", "note", "signature", "flags"]
SEEDS_NOTE = "Mean ± standard deviation over seeds (number of seeds); of one seed the number alone."
TIERS = "tier"  # the grouping by resource
_DIFFERENCE = ("score", "difference", "sd", "n", "reading", "note", "signature", "flags")
INTERFERENCE_COLUMNS = [*PLACE, "bilingual", *COUNTS, *_DIFFERENCE]
NO_SYSTEM = "no bilingual system: name one (--bilingual, report.bilingual)"
INTERFERENCE_RULE = (
    "Each number is the difference to the bilingual system: below it is interference, above it is transfer "
    "(of TER the other way round). High tiers tend to show interference, low ones transfer."
)


def groups_table(summary: Summary, display: Display) -> Table:
    """Return the table of averages by group and side."""
    rows = _grouped(summary)
    frame = frame_of([[row[column] for column in GROUPS_COLUMNS] for row in rows], GROUPS_COLUMNS)
    blocks = blocks_of(records(frame), display, "mean")
    notes = [SEEDS_NOTE, *averaging_notes(rows), *both_note(display), BOLD_RULE]
    title = f"Scores of {summary.cells[0].experiment} by group and side"
    return Table("groups", title, frame, blocks, notes, summary.skipped, summary.missing, summary.expected)


def differences_table(summary: Summary, display: Display) -> Table:
    """Return the table of differences to the baseline and to continued training."""
    rows = _grouped(summary)
    systems = {row["system"] for row in rows}
    against = display.others(systems)
    lines = []
    for key, name in against.items():
        for row in rows:
            place = [row[column] for column in PLACE]
            counts = [row[f"{key}_directions"], *(row[column] for column in COUNTS[1:])]
            found = [row[f"{key}_{part}"] for part in ("difference", "difference_sd", "difference_n", "note")]
            if row["system"] != name:
                lines.append([*place, name, *counts, *found, row["signature"], row["flags"]])
    frame = frame_of(lines, DIFFERENCES_COLUMNS)
    blocks: list[Block] = []
    for name in against.values():
        part = chosen(records(frame), against=name)
        blocks += blocks_of(part, display, "difference", lambda row: row["note"], f"Difference to {name}, ")
    absent = [
        f"differences to {name}: no such system"
        for name in (display.baseline, display.control)
        if name and name not in systems
    ]
    notes = ["Differences are taken seed by seed.", SEEDS_NOTE, *averaging_notes(rows), *both_note(display)]
    title = f"Differences between systems of {summary.cells[0].experiment} by group and side"
    notes += [BOLD_RULE, *shared_notes(summary, against.values())]
    skipped = [*absent, *summary.skipped]
    return Table("differences", title, frame, blocks, notes, skipped, summary.missing, summary.expected)


def both_note(display: Display) -> list[str]:
    """Return what "avg" means."""
    if not display.pivot:
        return []
    return [f"avg: the mean of out of {display.pivot} and into {display.pivot}, before rounding."]


def _grouped(summary: Summary) -> list[dict[str, Any]]:
    """Return the rows of averages, and of each difference how many directions it is over."""
    return [
        dict(zip(CSV_COLUMNS, row_of(cell), strict=True))
        | {"baseline_directions": cell.to_baseline.directions}
        | {"continued_directions": cell.to_control.directions}
        for cell in summary.cells
        if cell.grouping != DIRECTION
    ]


def blocks_of(
    rows: Sequence[Record], display: Display, value: str, reason: Reason | None = None, prefix: str = ""
) -> list[Block]:
    """Return a block for each grouping of each section; wide ones are a block for each side. ``value``:
    column of the numbers; ``difference`` has a sign."""
    blocks: list[Block] = []
    for place, section in sections(rows):
        own: list[Block] = []
        for without in dict.fromkeys(row["without"] for row in section):
            part = chosen(section, without=without)
            overall = chosen(part, grouping=ALL)
            groupings = [name for name in dict.fromkeys(row["grouping"] for row in part) if name != ALL]
            for grouping in groupings or [ALL]:
                members = chosen(part, grouping=grouping) if groupings else []
                label = f"{grouping} × side" if groupings else "All directions"
                title = label + without_title(without or "", display.excluded)
                shown = [*members, *overall]
                parts = {title: shown}
                if len({row["group"] for row in shown}) > MOST_GROUPS:
                    sides = dict.fromkeys(row["side"] for row in shown)
                    titles = [f"{title}: {side_title(side, display.pivot)}" for side in sides]
                    parts = dict(zip(titles, (chosen(shown, side=side) for side in sides), strict=True))
                own += [_block(name, rows, display, value, reason) for name, rows in parts.items()]
        own[-1].notes.extend(signature_notes(section))
        title = prefix + table_title(*place)
        blocks += [Block(b.title, b.header, b.rows, title, b.spans, b.notes) for b in own]
    return blocks


def _block(title: str, rows: Sequence[Record], display: Display, value: str, reason: Reason | None) -> Block:
    places = list(dict.fromkeys((row["group"], row["side"]) for row in rows))
    groups = list(dict.fromkeys(group for group, _ in places))
    spans = [(group, sum(place[0] == group for place in places)) for group in groups]
    lines: dict[str, Cells] = {row["system"]: [display.label(row["system"])] for row in rows}
    columns = [chosen(rows, group=group, side=side) for group, side in places]
    for column in columns:
        for row, cell in zip(column, display.averages(column, value, reason), strict=True):
            lines[row["system"]].append(cell)
    header = ["avg" if side == BOTH else side_title(side, display.pivot) for _, side in places]
    last = display.ceilings_of([column[0] for column in columns]) if value == "mean" else []
    return Block(title, ["system", *header], [*lines.values(), *last], spans=spans)


def interference_table(
    scores: Sequence[Score],
    plan: Plan,
    display: Display,
    groups: Groupings,
    bilingual: str | None = None,
    flags: Flags | None = None,
) -> Table:
    """Return the table; without a bilingual system its numbers are n/a and say why."""
    chosen_groups = {TIERS: groups[TIERS]} if TIERS in groups else {}
    summary = summarise(
        scores, plan, display.pivot, chosen_groups, bilingual or "", bilingual or "", display.excluded, flags
    )
    cells = [cell for cell in summary.cells if cell.grouping != DIRECTION and cell.system != bilingual]
    frame = frame_of([_row(cell, bilingual) for cell in cells], INTERFERENCE_COLUMNS)
    blocks = blocks_of(records(frame), display, "difference", lambda row: row["note"]) if bilingual else []
    notes = [INTERFERENCE_RULE, SEEDS_NOTE, *averaging_notes(records(frame)), *both_note(display), BOLD_RULE]
    skipped = list(summary.skipped)
    if bilingual is None:
        notes = [f"n/a: {NO_SYSTEM}."]
    else:
        notes.insert(0, f"The bilingual system is `{bilingual}`.")
        notes += shared_notes(summary, [bilingual])
    if not chosen_groups:
        skipped.append(f"high and low resource: no grouping {TIERS!r} of languages (groups.{TIERS})")
    title = f"Interference and transfer in {plan.experiment}"
    return Table("interference", title, frame, blocks, notes, skipped, summary.missing, summary.expected)


def _row(cell: Cell, bilingual: str | None) -> list[Any]:
    difference = cell.to_baseline
    note = NO_SYSTEM if bilingual is None else difference.reason
    directions = cell.directions if bilingual is None else difference.directions
    return [
        *(getattr(cell, column) for column in PLACE),
        bilingual or "",
        *(directions, cell.scores, cell.scores_expected),
        *(cell.value.mean, difference.mean, difference.sd, difference.n),
        *(reading_of(difference.mean, cell.metric), note, cell.signature, cell.flags),
    ]


def reading_of(difference: float | None, metric: str) -> str:
    """Return ``interference``, ``transfer`` or ``none``; "" without a difference."""
    if difference is None:
        return ""
    if difference == 0:
        return "none"
    return "transfer" if (difference > 0) == higher_is_better(metric) else "interference"
