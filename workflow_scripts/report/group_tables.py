"""The tables ``groups`` and ``differences``: one row a system, one column a side (paper, table 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from workflow_scripts.options import ALL, DIRECTION
from workflow_scripts.report.display import Display, averaging_notes, comparable, found, signature_notes
from workflow_scripts.report.layout import BOTH
from workflow_scripts.report.marks import BOLD_RULE, FLAGGED
from workflow_scripts.report.names import side_title, table_title, without_title
from workflow_scripts.report.rounding import written
from workflow_scripts.report.summary import CSV_COLUMNS, Summary, row_of
from workflow_scripts.report.table import Block, Cells, Record, Shown, Table, chosen, frame_of, records

MOST_GROUPS = 4  # beside each other with all their sides; with more, each side is a block of its own
PLACE = ["experiment", "testset", "profile", "metric", "without", "grouping", "group", "side", "system"]
COUNTS = ["directions", "scores", "scores_expected"]
GROUPS_COLUMNS = [*PLACE, *COUNTS, "mean", "sd", "n", "signature", "flags"]
DIFFERENCES_COLUMNS = [*PLACE, "against", *COUNTS, "difference", "sd", "n", "note", "signature", "flags"]
SEEDS_NOTE = "Mean ± standard deviation over seeds (number of seeds); of one seed the number alone."


def groups_table(summary: Summary, display: Display) -> Table:
    """Return the table of averages by group and side."""
    rows = _grouped(summary)
    frame = frame_of([[row[column] for column in GROUPS_COLUMNS] for row in rows], GROUPS_COLUMNS)
    blocks = blocks_of(records(frame), display, "mean", lambda row: "scores missing")
    notes = [SEEDS_NOTE, *averaging_notes(rows), *both_note(display), BOLD_RULE]
    title = f"Scores of {summary.cells[0].experiment} by group and side"
    return Table("groups", title, frame, blocks, notes, summary.skipped, summary.missing, summary.expected)


def differences_table(summary: Summary, display: Display) -> Table:
    """Return the table of differences to the baseline and to continued training."""
    rows = _grouped(summary)
    systems = {row["system"] for row in rows}
    against = display.others(systems)
    lines = [
        [
            *(row[column] for column in PLACE),
            name,
            *(row[column] for column in COUNTS),
            *(row[f"{key}_difference{part}"] for part in ("", "_sd", "_n")),
            *(row[f"{key}_note"], row["signature"], row["flags"]),
        ]
        for key, name in against.items()
        for row in rows
        if row["system"] != name
    ]
    frame = frame_of(lines, DIFFERENCES_COLUMNS)
    blocks = [
        block
        for name in against.values()
        for block in blocks_of(
            chosen(records(frame), against=name),
            display,
            "difference",
            lambda row: row["note"],
            f"Difference to {name}, ",
        )
    ]
    absent = [
        f"differences to {name}: no such system"
        for name in (display.baseline, display.control)
        if name and name not in systems
    ]
    notes = ["Differences are taken seed by seed.", SEEDS_NOTE, *averaging_notes(rows), *both_note(display)]
    title = f"Differences between systems of {summary.cells[0].experiment} by group and side"
    skipped = [*absent, *summary.skipped]
    return Table(
        "differences", title, frame, blocks, [*notes, BOLD_RULE], skipped, summary.missing, summary.expected
    )


def both_note(display: Display) -> list[str]:
    """Return what "avg" means."""
    if not display.pivot:
        return []
    return [f"avg: the mean of out of {display.pivot} and into {display.pivot}, before rounding."]


def _grouped(summary: Summary) -> list[dict[str, Any]]:
    rows = [dict(zip(CSV_COLUMNS, row_of(cell), strict=True)) for cell in summary.cells]
    return [row for row in rows if row["grouping"] != DIRECTION]


def blocks_of(
    rows: Sequence[Record], display: Display, value: str, reason: Callable[[Record], str], prefix: str = ""
) -> list[Block]:
    """Return a block for each grouping of each section; wide ones are a block for each side.

    ``value``: column of the numbers; ``difference`` has a sign. ``reason``: why a row has no number.
    """
    blocks: list[Block] = []
    for place, in_section in groupby(rows, key=lambda row: (row["testset"], row["profile"], row["metric"])):
        section = list(in_section)
        own: list[Block] = []
        for without in dict.fromkeys(row["without"] for row in section):
            part = chosen(section, without=without)
            overall = chosen(part, grouping=ALL)
            groupings = [name for name in dict.fromkeys(row["grouping"] for row in part) if name != ALL]
            for grouping in groupings or [ALL]:
                members = chosen(part, grouping=grouping) if groupings else []
                label = f"{grouping} × side" if groupings else "All directions"
                title = label + without_title(without or "", display.excluded)
                own += _wide_or_not(title, [*members, *overall], display, value, reason)
        own[-1].notes.extend(signature_notes(section))
        title = prefix + table_title(*place)
        blocks += [Block(b.title, b.header, b.rows, title, b.spans, b.notes) for b in own]
    return blocks


def _wide_or_not(
    title: str, rows: Sequence[Record], display: Display, value: str, reason: Callable[[Record], str]
) -> list[Block]:
    if len({row["group"] for row in rows}) <= MOST_GROUPS:
        return [_block(title, rows, display, value, reason)]
    return [
        _block(f"{title}: {side_title(side, display.pivot)}", chosen(rows, side=side), display, value, reason)
        for side in dict.fromkeys(row["side"] for row in rows)
    ]


def _block(
    title: str, rows: Sequence[Record], display: Display, value: str, reason: Callable[[Record], str]
) -> Block:
    places = list(dict.fromkeys((row["group"], row["side"]) for row in rows))
    groups = list(dict.fromkeys(group for group, _ in places))
    spans = [(group, sum(place[0] == group for place in places)) for group in groups]
    lines: dict[str, Cells] = {row["system"]: [row["system"]] for row in rows}
    for group, side in places:
        column = chosen(rows, group=group, side=side)
        digits = display.digits(column[0])
        bold = display.best(comparable(column, value), column[0], side)
        for row, is_best in zip(column, bold, strict=True):
            text = written(row[value], row["sd"], row["n"], reason(row), digits, value == "difference")
            marks = FLAGGED if row["flags"] else ""
            lines[row["system"]].append(Shown(text + found(row), is_best, marks))
    header = ["avg" if side == BOTH else side_title(side, display.pivot) for _, side in places]
    firsts = [chosen(rows, group=group, side=side)[0] for group, side in places]
    last = display.ceilings_of(firsts) if value == "mean" else []
    return Block(title, ["system", *header], [*lines.values(), *last], spans=spans)
