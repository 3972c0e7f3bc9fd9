"""The table ``summary``: averages by group and side, differences to baseline and control, the sweep of k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from workflow_scripts.options import ALL, DIRECTION
from workflow_scripts.report.display import Display, averaging_notes, comparable, found, signature_notes
from workflow_scripts.report.layout import BOTH
from workflow_scripts.report.marks import BOLD_RULE, FLAGGED
from workflow_scripts.report.names import side_title, table_title, without_title
from workflow_scripts.report.rounding import Digits, written
from workflow_scripts.report.summary import CSV_COLUMNS, Summary, row_of, sweep_key
from workflow_scripts.report.table import Block, Cells, Record, Shown, Table, chosen, frame_of, records


def summary_table(summary: Summary, display: Display) -> Table:
    """Return the table of all cells."""
    frame = frame_of([row_of(cell) for cell in summary.cells], CSV_COLUMNS)
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
    if "continued" in others:
        notes.append(f"`{display.control}` was trained further in the same way without masks: the control.")
    if display.pivot:
        notes.append(f"The column both is the mean of out of {display.pivot} and into {display.pivot}.")
    if summary.missing:
        notes.append("Cells with missing scores say how many of the expected were found: [found/expected].")
    blocks: list[Block] = []
    for place, grouped in groupby(rows, key=lambda row: (row["testset"], row["profile"], row["metric"])):
        section = list(grouped)
        own = [*_group_blocks(section, display, others), *_sweep_blocks(section, display, others)]
        own[-1].notes.extend(signature_notes(section))
        blocks += [Block(b.title, b.header, b.rows, table_title(*place), notes=b.notes) for b in own]
    title = f"Scores of {summary.cells[0].experiment}"
    skipped, missing, expected = summary.skipped, summary.missing, summary.expected
    return Table("summary", title, frame, blocks, notes, skipped, missing, expected)


def _group_blocks(rows: Sequence[Record], display: Display, others: Mapping[str, str]) -> list[Block]:
    blocks = []
    shown = [row for row in rows if row["grouping"] != DIRECTION]
    # Of averages without named directions, only those over all are shown here; the table groups has them all.
    shown = [row for row in shown if not row["without"] or row["grouping"] == ALL]
    for (without, grouping, group), grouped in groupby(
        shown, key=lambda row: (row["without"], row["grouping"], row["group"])
    ):
        part = list(grouped)
        counts = dict.fromkeys(
            f"{row['directions']} {side_title(row['side'], display.pivot)}"
            for row in part
            if row["side"] != BOTH
        )
        title = "All directions" if grouping == ALL else f"{grouping}: {group}"
        title += without_title(without, display.excluded)
        names = {row["system"]: row["system"] for row in part}
        blocks.append(_block(f"{title} ({', '.join(counts)})", part, "system", display, names, others))
    return blocks


def _sweep_blocks(rows: Sequence[Record], display: Display, others: Mapping[str, str]) -> list[Block]:
    overall = chosen(rows, grouping=ALL, without="")
    families: dict[str, dict[str, str]] = {}
    for row in overall:
        if sweep := sweep_key(row["system"]):
            families.setdefault(sweep[0], {})[row["system"]] = sweep[1]
    return [
        _block(
            f"Sweep of k: {family}, all directions",
            [row for row in overall if row["system"] in names],
            "k",
            display,
            names,
            others,
        )
        for family, names in families.items()
        if len(names) > 1  # one k is no sweep; it stands in the blocks above
    ]


def _block(
    title: str,
    rows: Sequence[Record],
    label: str,
    display: Display,
    names: dict[str, str],
    others: Mapping[str, str],
) -> Block:
    header = [label]
    lines: dict[str, Cells] = {system: [name] for system, name in names.items()}
    for side in dict.fromkeys(row["side"] for row in rows):
        header += [side_title(side, display.pivot), *(f"Δ {name}" for name in others.values())]
        column = chosen(rows, side=side)
        digits = display.digits(column[0])
        bold = display.best(comparable(column), column[0], side)
        for row, is_best in zip(column, bold, strict=True):
            text = written(row["mean"], row["sd"], row["n"], "scores missing", digits) + found(row)
            lines[row["system"]] += [
                Shown(text, is_best, FLAGGED if row["flags"] else ""),
                *(_difference(row, against, digits) for against in others),
            ]
    firsts = [chosen(rows, side=side)[0] for side in dict.fromkeys(row["side"] for row in rows)]
    last = display.ceilings_of(firsts, len(others)) if label == "system" else []
    return Block(title, header, [*lines.values(), *last])


def _difference(row: Record, against: str, digits: Digits) -> str:
    mean, sd, n = (row[f"{against}_difference{part}"] for part in ("", "_sd", "_n"))
    return written(mean, sd, n, row[f"{against}_note"], digits, sign=True)
