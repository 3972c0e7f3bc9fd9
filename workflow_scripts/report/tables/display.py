"""What all tables of one experiment share: which numbers are bold, ceilings, notes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.read.ceilings import CEILING, Ceilings
from workflow_scripts.report.tables.averages import MISSING, NO_DIRECTIONS
from workflow_scripts.report.tables.cautions import Floor
from workflow_scripts.report.tables.table import Cells, Record, Shown
from workflow_scripts.report.tables.writing import FLAGGED, PAPER, Digits, best, digits_of, rounded, written

PAPER_RULE = (
    "In the profile paper averages are of scores rounded to one decimal (COMET: four), and are rounded as "
    "the published ones were: from the nearest binary number (18.85 is 18.9, 55.05 is 55.0)."
)


@dataclass(frozen=True)
class Display:
    """What all tables of one experiment share. ``excluded``: the directions of each name of ``without``.
    ``as_options``: what a note advises is an option of ``evaluate_outputs``, not a key of the config.
    ``draws``: of systems that are drawn several times, the number of draws. ``chosen``: of each sweep the
    system that validation chose."""

    pivot: str
    baseline: str = "baseline"
    control: str = "continued"
    excluded: Mapping[str, list[str]] = field(default_factory=dict)
    floor: Floor = field(default_factory=Floor)
    ceilings: Ceilings = field(default_factory=Ceilings)
    as_options: bool = False
    draws: Mapping[str, int] = field(default_factory=dict)
    chosen: Collection[str] = ()

    def label(self, system: str) -> str:
        """Return what the row of a system is called."""
        number = self.draws.get(system)
        return system if number is None else f"{system} ({number_of(number, 'draw')})"

    def others(self, systems: Collection[str]) -> dict[str, str]:
        """Whom systems are compared with, of those that there are: by column of the summary, the name."""
        named = {"baseline": self.baseline, "continued": self.control}
        return {key: name for key, name in named.items() if name in systems}

    def best(self, values: Sequence[float | None], row: Record, side: str, direction: str = "") -> list[bool]:
        """Which numbers of a direction, or averages over a side, are the best; none if not ranked."""
        if not self.floor.ranks(row["testset"], row["profile"], side, row["metric"], direction):
            return [False] * len(values)
        return best(values, row["metric"], self.digits(row))

    def averages(
        self, rows: Sequence[Record], value: str = "mean", reason: Callable[[Record], str] | None = None
    ) -> list[Shown]:
        """Return the cells of a column, a row of one side for each system; "difference" has a sign."""
        digits, signed = self.digits(rows[0]), value == "difference"
        # Averages that lack scores, or are over fewer directions, are not compared.
        most = max(row["directions"] for row in rows)
        whole = [(row["scores"], row["directions"]) == (row["scores_expected"], most) for row in rows]
        compared = [row[value] if all_there else None for row, all_there in zip(rows, whole, strict=True)]
        cells = []
        for row, is_best in zip(rows, self.best(compared, rows[0], rows[0]["side"]), strict=True):
            why = reason(row) if reason else MISSING if found(row) else NO_DIRECTIONS
            text = written(row[value], row["sd"], row["n"], why, digits, signed) + found(row)
            if row[value] is not None and row["directions"] < most:
                text += f" [{row['directions']} of {most} directions]"
            cells.append(Shown(text, is_best, FLAGGED if row["flags"] else ""))
        return cells

    def ceilings_of(self, columns: Sequence[Record], between: int = 0) -> list[Cells]:
        """Return the last row of averages, their ceilings; nothing where none is shown. ``columns``: a row of
        each column. ``between``: empty cells after each."""
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
    scores, expected = row["scores"], row["scores_expected"]
    return "" if scores == expected else f" [{scores}/{expected}]"
