"""What analyses of units wrote, as rows: the table of each job with what it analysed in front."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.files import read_json
from workflow_scripts.report.read.read_files import Row, content_of, read_table

#: In the place of a direction or task: the mean over all.
EVERY = "mean"


@dataclass(frozen=True)
class Analysed:
    """The jobs of one analysis: the rows of their tables, the content of their JSON, and the JSON files."""

    rows: list[Row]
    results: list[Mapping[str, Any]]
    files: list[str]

    def one(self, name: str) -> str:
        """Return the value that all results have for a key; UserError where they differ."""
        found = list(dict.fromkeys(str(result[name]) for result in self.results))
        if len(found) > 1:
            raise UserError(f"{self.files[-1]}: of {name} {found[-1]}, others are of {found[0]}")
        return found[0]


def add_results(parser: ArgumentParser, of: str) -> None:
    """Add the options of a stage that draws what an analysis wrote; ``of``: whose files."""
    parser.add_argument(
        "--results", nargs="+", required=True, type=Path, metavar="JSON", help=f"of {of}; CSV beside it"
    )
    parser.add_argument("--out", required=True, metavar="PNG")


def read_analysis(
    paths: Sequence[Path],
    form: str,
    names: Sequence[str],
    columns: Sequence[str],
    numbers: Sequence[str],
) -> Analysed:
    """Read the JSON files of jobs, and of each the CSV beside it.

    ``form``: the ``format`` of the JSON; ``names``: its keys that every row is to have, such as ``system``
    and ``seed``; ``columns`` and ``numbers``: of the CSV, as ``read_table`` has them. Raises UserError: a
    file that is missing, damaged, of another analysis, or of a job that another file is of, too.
    """
    rows: list[Row] = []
    results: list[Mapping[str, Any]] = []
    seen: dict[tuple[str, ...], Path] = {}
    for path in paths:
        result = _read(path, form)
        with content_of(path, f"a {form} file"):
            front = {name: str(result[name]) for name in names}
        if (first := seen.setdefault(tuple(front.values()), path)) != path:
            raise UserError(f"{path}: of {' '.join(front.values())}, as is {first}; name one of them")
        table = path.with_suffix(".csv")
        if not table.is_file():
            raise UserError(f"{table}: no such file; the job that writes {path.name} writes it, too")
        here = read_table(table, columns, numbers)
        if not here:
            raise UserError(f"{table}: a table without a row; run the step again")
        rows += [{**front, **row} for row in here]
        results.append(result)
    return Analysed(rows, results, [str(path) for path in paths])


def _read(path: Path, form: str) -> Mapping[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    result: Any = read_json(path)
    found = result.get("format") if isinstance(result, dict) else None
    if found != form:
        raise UserError(f"{path}: its format is {str(found)[:60]!r}, not {form}")
    return dict(result)


def number(text: str) -> float:
    """Return the number of a cell; NaN where the cell is empty, as it is for what is undefined."""
    return float(text) if text else float("nan")


def grouped(rows: Sequence[Row], *columns: str) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Yield the values of columns and the rows that have them, in the order of their first rows."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[column] for column in columns), []).append(row)
    yield from found.items()
