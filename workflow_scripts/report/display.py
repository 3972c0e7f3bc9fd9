"""What all tables of one experiment share: which numbers are bold, ceilings, notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from workflow_scripts.report.ceilings import CEILING, Ceilings
from workflow_scripts.report.floor import Floor
from workflow_scripts.report.marks import FLAGGED, best
from workflow_scripts.report.rounding import PAPER, Digits, digits_of, rounded
from workflow_scripts.report.table import Cells, Record

EVERYTHING_RANKED, NO_CEILINGS = Floor(), Ceilings()
PAPER_RULE = (
    "In the profile paper averages are of scores rounded to one decimal (COMET: four), and are rounded as "
    "the published ones were: from the nearest binary number (18.85 is 18.9, 55.05 is 55.0)."
)


class Display:
    """What all tables of one experiment share.

    ``excluded``: the directions of each name of ``without``. ``as_options``: what a note advises is an option
    of ``evaluate_outputs``, not a key of the config.
    """

    def __init__(
        self,
        pivot: str,
        baseline: str = "baseline",
        control: str = "continued",
        excluded: Mapping[str, list[str]] | None = None,
        floor: Floor = EVERYTHING_RANKED,
        ceilings: Ceilings = NO_CEILINGS,
        as_options: bool = False,
    ) -> None:
        self.floor, self.ceilings = floor, ceilings
        self.as_options = as_options
        self.pivot, self.baseline, self.control = pivot, baseline, control
        self.excluded = dict(excluded or {})

    def others(self, systems: Collection[str]) -> dict[str, str]:
        """Whom systems are compared with, of those that there are: by column of the summary, the name."""
        named = {"baseline": self.baseline, "continued": self.control}
        return {key: name for key, name in named.items() if name in systems}

    def best(self, values: Sequence[float | None], row: Record, side: str, direction: str = "") -> list[bool]:
        """Which numbers of a direction, or averages over a side, are the best; none if not ranked."""
        place = (row["testset"], row["profile"], side, row["metric"], direction)
        return (
            best(values, row["metric"], self.digits(row))
            if self.floor.ranks(*place)
            else [False] * len(values)
        )

    def ceilings_of(self, columns: Sequence[Record], between: int = 0) -> list[Cells]:
        """Return the last row of averages, their ceilings; nothing where none is shown.

        ``columns``: a row of each column. ``between``: empty cells after each.
        """
        found = [self.ceilings.of_average(row) for row in columns]
        if all(value is None for value in found):
            return []
        cells: Cells = [CEILING]
        for row, value in zip(columns, found, strict=True):
            cells += ["" if value is None else rounded(value, self.digits(row)), *[""] * between]
        return [cells]

    def digits(self, row: Record) -> Digits:
        """How the numbers of a row are shown."""
        return digits_of(row["metric"], row["profile"])


def averaging_notes(rows: Sequence[Record]) -> list[str]:
    """Return the rules that averages of these rows follow."""
    profiles = {row["profile"] for row in rows}
    rule = "Averages over directions are of unrounded scores; what is shown is rounded half up, once."
    return [*([rule] if profiles != {PAPER} else []), *([PAPER_RULE] if PAPER in profiles else [])]


def signature_notes(rows: Sequence[Record]) -> list[str]:
    """Return the signatures of a section's numbers, and its flags."""
    signatures = [one for row in rows for one in (row["signature"] or "").split("; ") if one]
    listed = "`, `".join(dict.fromkeys(signatures))
    several = "s (the tokenizer is the target language's)" if len(set(signatures)) > 1 else ""
    notes = [
        f"Signature{several} of all numbers of this section: `{listed}`; references: {rows[0]['profile']}."
    ]
    flags = [one for row in rows for one in (row["flags"] or "").split("; ") if one]
    if flags:
        notes.append(f"{FLAGGED} among the directions: {'; '.join(dict.fromkeys(flags))}.")
    return notes


def found(row: Record) -> str:
    """Return " [3/4]" where scores are missing."""
    counted = (row["scores"], row["scores_expected"])
    return "" if counted[0] == counted[1] else f" [{counted[0]}/{counted[1]}]"


def comparable(rows: Sequence[Record], value: str = "mean") -> list[float | None]:
    """Return what may be compared: averages that lack scores may not."""
    return [row[value] if row["scores"] == row["scores_expected"] else None for row in rows]
