"""Examples of tasks from labelled tables: single texts or pairs, with a class or a number each."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.errors import UserError
from workflow_scripts.common.labelled_examples import Examples
from workflow_scripts.data.readers import is_empty
from workflow_scripts.data.tables import rows_of

#: Between the columns of one text, as in AG-Pair.
JOINED = " - "


def read_examples(
    path: Path, texts: Sequence[str | Sequence[str]], label: str, left_out: list[int] | None = None
) -> Examples:
    """Return the examples of a table whose name ends with .csv, .tsv, .jsonl or .parquet.

    ``texts``: the column of each text, one or two; of several columns their contents are joined. ``label``:
    the column of labels. ``left_out``: gets the lines of examples without a text or label, which else are an
    error. UserError, with the line: that, and as ``tables.rows_of``.
    """
    sides = [[one] if isinstance(one, str) else list(one) for one in texts]
    if len(sides) not in (1, 2):
        raise UserError(f"{path}: an example has one text or two, not {len(sides)}")
    columns = [name for side in sides for name in side]
    found: list[tuple[str, ...]] = []
    labels = []
    for line, fields in rows_of(path, [*columns, label], parquet=True):
        by_name = dict(zip((*columns, label), map(str.strip, fields), strict=True))
        if empty := next((name for name, text in by_name.items() if is_empty(text)), None):
            if left_out is not None:
                left_out.append(line)
                continue
            raise UserError(f"{path}, line {line}: {empty} is empty; leave the example out, or mend it")
        found.append(tuple(JOINED.join(by_name[name] for name in side) for side in sides))
        labels.append(by_name[label])
    if not labels:
        raise UserError(f"{path}: no examples")
    return Examples(found, labels, str(path))
