"""What the page is made of: facts of the config, given as options, and the files that a run has made.

A file that is not there makes the page PARTIAL; one that is damaged is an error.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import DIRECTION
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.report.page.document import Figure
from workflow_scripts.report.read.read_files import content_of, read_table

CONTROL_COLUMNS = ("testset", "profile", "metric", "side", "system", "against", "sentence")
CONTROL_NUMBERS = ("difference", "sd", "n", "low", "high", "detectable", "draws", "above")
SUMMARY_COLUMNS = (
    "testset", "profile", "metric", "without", "grouping", "group", "side", "system", "scores",
    "scores_expected", "mean", "sd", "n", "signature",
)  # fmt: skip
#: Of the summary: differences to the baseline and to the control, each with its spread.
SUMMARY_NUMBERS = ("scores", "scores_expected", "mean", "sd", "n") + tuple(
    f"{other}_difference{part}" for other in ("baseline", "continued") for part in ("", "_sd", "_n")
)
WINS_COLUMNS, WINS_NUMBERS = ("testset", "profile", "metric", "side", "seed", "system", "against"), (
    "directions", "wins", "losses", "ties",
)  # fmt: skip
#: The form of what an analysis found of strongest units.
STRONGEST = "neuronspec-strongest-units-1"
Record = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What the config says.

    ``made``: how each system was made, in words; ``masked``: the mask set of each system that leaves units
    out; ``not_own``: those of them whose masks are random, shuffled or another direction's; ``texts``: the
    text of each mask set;
    ``groups``: grouping → group → languages; ``outputs``: the systems are hypotheses that others made;
    ``without_analyses``: the config has ``analysis: none``.
    """

    experiment: str
    systems: Sequence[str]
    directions: Sequence[str]
    testsets: Sequence[str]
    seeds: Sequence[int] = ()
    pivot: str = ""
    baseline: str = ""
    control: str = ""
    made: Mapping[str, str] = field(default_factory=dict)
    masked: Mapping[str, str] = field(default_factory=dict)
    not_own: Sequence[str] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    outputs: bool = False
    without_analyses: bool = False

    @property
    def languages(self) -> list[str]:
        """Every language of a direction, the pivot first."""
        found = dict.fromkeys([self.pivot] if self.pivot else [])
        return list(found | dict.fromkeys(code for one in self.directions for code in one.split("-")))

    @property
    def families(self) -> dict[str, str]:
        """The group of each language, of the grouping ``family``, or else of the first; empty without one."""
        by = self.groups.get("family") or next(iter(self.groups.values()), {})
        return {code: group for group, codes in by.items() for code in codes}

    def in_order(self, languages: Sequence[str]) -> list[str]:
        """Return languages family by family, as the groups list them; those of no family last."""
        places = {code: place for place, code in enumerate(self.families)}
        return sorted(languages, key=lambda one: places.get(one, len(places)))


@dataclass
class Material:
    """What was found; None where a file is missing or was never asked for. ``links``: other files that are
    there, with what they are; ``missing``: files that should be there and are not; ``unfinished``: rule → how
    many of its jobs a failed run did not do."""

    facts: Facts
    tables: str = "../tables"
    summary: list[Record] | None = None
    controls: list[Record] | None = None
    wins: list[Record] | None = None
    cautions: list[str] = field(default_factory=list)
    units: Record | None = None
    strongest: list[Record] = field(default_factory=list)
    stability: list[Record] = field(default_factory=list)
    card: Record | None = None
    figures: list[Figure] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unfinished: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_partial(self) -> bool:
        """Whether something is missing that should be there."""
        return bool(self.missing or self.unfinished or self.scores_missing)

    @property
    def scores_missing(self) -> int:
        """How many scores the tables lack, as those say themselves."""
        rows = [row for row in self.summary or [] if row["grouping"] == DIRECTION and not row["without"]]
        return sum(int(row["scores_expected"] - row["scores"]) for row in rows)

    def table(self, name: str) -> str:
        """Return the link to a table."""
        return name if self.tables == "." else f"{self.tables}/{name}"


@dataclass(frozen=True)
class Reader:
    """Reads files below ``root``; those that are not there, or are in ``absent`` because they are of an
    earlier state of the config, are added to ``missing``."""

    root: Path
    absent: Collection[str] = ()
    missing: list[str] = field(default_factory=list)

    def there(self, path: Path) -> bool:
        """Tell whether a file can be read; else note that it is missing."""
        name = os.path.relpath(path, self.root)
        if path.is_file() and name not in self.absent:
            return True
        self.missing.append(name)
        return False

    def rows(self, path: Path, columns: Sequence[str], numbers: Sequence[str] = ()) -> list[Record] | None:
        """Return the rows of a table with its numbers, metrics as files name them; None where it is missing.
        UserError: damaged."""
        if not self.there(path):
            return None
        rows = read_table(path, (*columns, *numbers), numbers)
        read = [
            {**row, **{name: float(row[name]) if row[name] else None for name in numbers}} for row in rows
        ]
        return [{**row, "metric": metric_id(str(row["metric"]))} for row in read]

    def lines(self, path: Path) -> list[str]:
        """Return the lines of a text; none where it is missing."""
        return path.read_text(encoding="utf-8").splitlines() if self.there(path) else []

    def record(self, path: Path, kind: str, form: str) -> Record | None:
        """Return the content of a JSON file of a form; None where it is missing. UserError: another form."""
        if not self.there(path):
            return None
        with content_of(path, kind):
            content: Record = read_json(path)
            if content["format"] != form:
                raise UserError(
                    f"{path}: format {content['format']!r}, not {form!r}; delete it and run again"
                )
        return content


def read_controls(reader: Reader, path: Path) -> list[Record] | None:
    """Return the rows of the table of controls, its counts as whole numbers."""
    rows = reader.rows(path, CONTROL_COLUMNS, CONTROL_NUMBERS)
    for row in rows or []:
        row |= {name: None if row[name] is None else int(row[name]) for name in ("n", "draws", "above")}
    return rows
