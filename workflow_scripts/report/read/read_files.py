"""Reading the JSON files of jobs and comma-separated tables. Standard library only."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import DamagedFileError, UserError, nearest
from workflow_scripts.common.files import read_json

PARTIAL = "--allow-partial makes tables marked PARTIAL"
Job = dict[str, Any]  # experiment, system, seed, testset, and profile where there are references


@contextmanager
def content_of(path: str | Path, kind: str) -> Iterator[None]:
    """Raise UserError where what is done with a file's content shows that it is not ``kind``."""
    try:
        yield
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        said = f"not {kind} ({type(error).__name__}: {error}); delete it and run again"
        raise UserError(f"{path}: {said}") from None


def read_job(
    path: Path,
    job: Job,
    kind: str,
    check: Callable[[Any], None],
    key: str = "directions",
    whole: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the content of a file that must have the keys and values of ``job``.

    ``check`` looks at each entry below ``key``, and at those named ``whole``, and raises KeyError,
    TypeError, … for a wrong one. Raises UserError: the file is of another job than its path, or damaged.
    """
    with content_of(path, f"a {kind} file"):
        content: dict[str, Any] = read_json(path)
        for name, value in job.items():
            if content[name] != value:
                raise UserError(f"{path}: {name} is {content[name]!r}, its path says {value!r}")
        for entry in (*content[key].values(), *(content[name] for name in whole)):
            check(entry)
    return content


Row = dict[str, str]
LONGEST_FIELD = 131_072  # characters; the csv module's own limit, which a file without line ends meets


def refuse_missing(missing: Sequence[str], of: str, allow_partial: bool) -> None:
    """Raise UserError for what is missing, unless tables may be partial; ``of``: " of 12 scores"."""
    if missing and not allow_partial:
        raise UserError(f"{len(missing)}{of} are missing, the first: {missing[0]} ({PARTIAL})")


def read_table(path: str | Path, columns: Sequence[str], numbers: Sequence[str] = ()) -> list[Row]:
    """Return the rows, each with at least ``columns``; those of ``numbers`` hold a number or nothing. Raises
    DamagedFileError: not UTF-8, a column is missing, a row is cut off, or a number is not one."""
    csv.field_size_limit(LONGEST_FIELD)
    rows: list[Row] = []
    try:
        with Path(path).open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            names = list(reader.fieldnames or [])
            if absent := [name for name in columns if name not in names]:
                raise DamagedFileError(f"{path}: no column {absent[0]!r}{nearest(absent[0], names)}")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                if None in row or None in row.values():
                    raise DamagedFileError(f"{where}: not {len(names)} fields, as the header has")
                for name in numbers:
                    try:
                        float(row[name] or 0)
                    except ValueError:
                        said = f"{where}: {name} is {row[name][:60]!r}, not a number"
                        raise DamagedFileError(said) from None
                rows.append(row)
    except UnicodeDecodeError:
        raise DamagedFileError(f"{path}: not UTF-8; delete it and run the step again") from None
    except csv.Error as error:
        raise DamagedFileError(
            f"{path}, line {reader.line_num}: not a table ({error}); delete it and run the step again"
        ) from None
    return rows
