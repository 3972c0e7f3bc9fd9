"""The table ``interference``: bilingual against multilingual systems, by resource.

Where a multilingual system is worse than bilingual ones, its languages interfere; where better, they
transfer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workflow_scripts.evaluate.correction import higher_is_better
from workflow_scripts.options import DIRECTION, Groups
from workflow_scripts.report.display import Display, averaging_notes
from workflow_scripts.report.group_tables import COUNTS, PLACE, SEEDS_NOTE, blocks_of, both_note
from workflow_scripts.report.marks import BOLD_RULE
from workflow_scripts.report.scores import Flags, Plan, Score
from workflow_scripts.report.summary import Cell, summarise
from workflow_scripts.report.table import Table, frame_of, records

TIERS = "tier"  # the grouping by resource
COLUMNS = [
    *PLACE,
    *("bilingual", *COUNTS, "score", "difference", "sd", "n", "reading", "note", "signature", "flags"),
]
NO_SYSTEM = "no bilingual system: name one (--bilingual, report.bilingual)"
RULE = (
    "Each number is the difference to the bilingual system: below it is interference, above it is transfer "
    "(of TER the other way round). High tiers tend to show interference, low ones transfer."
)


def interference_table(
    scores: Sequence[Score],
    plan: Plan,
    display: Display,
    groups: Groups,
    bilingual: str | None = None,
    flags: Flags | None = None,
) -> Table:
    """Return the table; without a bilingual system its numbers are n/a and say why."""
    chosen_groups = {TIERS: groups[TIERS]} if TIERS in groups else {}
    summary = summarise(
        scores, plan, display.pivot, chosen_groups, bilingual or "", bilingual or "", display.excluded, flags
    )
    cells = [cell for cell in summary.cells if cell.grouping != DIRECTION and cell.system != bilingual]
    frame = frame_of([_row(cell, bilingual) for cell in cells], COLUMNS)
    blocks = blocks_of(records(frame), display, "difference", lambda row: row["note"]) if bilingual else []
    notes = [RULE, SEEDS_NOTE, *averaging_notes(records(frame)), *both_note(display), BOLD_RULE]
    skipped = list(summary.skipped)
    if bilingual is None:
        notes = [f"n/a: {NO_SYSTEM}."]
    else:
        notes.insert(0, f"The bilingual system is `{bilingual}`.")
    if not chosen_groups:
        skipped.append(f"high and low resource: no grouping {TIERS!r} of languages (groups.{TIERS})")
    title = f"Interference and transfer in {plan.experiment}"
    return Table("interference", title, frame, blocks, notes, skipped, summary.missing, summary.expected)


def _row(cell: Cell, bilingual: str | None) -> list[Any]:
    difference = cell.to_baseline
    note = NO_SYSTEM if bilingual is None else difference.reason
    return [
        *(getattr(cell, column) for column in PLACE),
        bilingual or "",
        *(getattr(cell, column) for column in COUNTS),
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
