"""A table: one frame of unrounded numbers for programs (CSV, Parquet), blocks for people (Markdown, LaTeX).

The same table gives the same bytes. A partial table says so in its titles, in a last column ``partial`` of
the frame and in the Parquet file's metadata.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from workflow_scripts.common.files import atomic_path, write_text
from workflow_scripts.common.metric_names import shown_name
from workflow_scripts.common.table_names import FORMATS, TABLES
from workflow_scripts.report.tables.plain import CODE, plain_markdown

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A cell that is emphasised: ``bold`` for the best, ``marks`` such as "†‡" behind it."""

    text: str
    bold: bool = False
    marks: str = ""


Cells = list[str | Shown]


@dataclass(frozen=True)
class Block:
    """Rows and columns on a page. The first column is text, the others are numbers.

    ``spans`` are (heading, number of columns) above the header's columns after the first; ``section`` is
    shared by blocks that follow each other.
    """

    title: str
    header: list[str]
    rows: list[Cells]
    section: str = ""
    spans: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """``name`` is the files' name without suffix; ``missing`` of ``expected`` make it PARTIAL."""

    name: str
    title: str
    frame: pd.DataFrame
    blocks: list[Block]
    notes: list[str] = field(default_factory=list)
    not_shown: list[str] = field(default_factory=list)
    missing: int = 0
    expected: int = 0
    counted: str = "scores"

    @property
    def partial(self) -> str:
        """What is missing, or ""."""
        return f"{self.missing} of {self.expected} {self.counted} missing" if self.missing else ""

    @property
    def full_title(self) -> str:
        """The title, after PARTIAL where it is."""
        return f"PARTIAL ({self.partial}): {self.title}" if self.missing else self.title

    def heading(self, text: str) -> str:
        """A heading inside the table, marked where it is partial."""
        return f"PARTIAL: {text}" if self.missing else text


def frame_of(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return a frame; numbers that do not exist are None, texts that do not are ""."""
    return pd.DataFrame(list(rows), columns=list(columns))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame; what is missing is None."""
    return [
        {str(key): None if value is None or value != value else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def sections(rows: Sequence[Record]) -> Iterator[tuple[tuple[str, str, str], list[Record]]]:
    """Yield test set, profile and metric of rows that follow each other, and these rows."""
    for place, part in groupby(rows, key=itemgetter("testset", "profile", "metric")):
        yield place, list(part)


def chosen(rows: Sequence[Record], **wanted: Any) -> list[Record]:
    """Return the rows with these values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


PAGE = 45  # rows that fit on one; a longer table is a longtable
_SIGNS = r"""
< < > > | | ± \pm × \times Δ \Delta → \to ↑ \uparrow ↓ \downarrow √ \surd ² ^2 ≤ \le ≥ \ge − -
† ^{\dagger} ‡ ^{\ddagger} § ^{\S}
"""
_MATH = _SIGNS.split()  # a sign, and what it is in LaTeX's mathematics
TEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{sign: f"${math}$" for sign, math in zip(_MATH[::2], _MATH[1::2], strict=True)},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "…": r"\dots{}",
}
MINUS = re.compile(r"(?<![\w.])-(?=\d)")
#: What a spreadsheet takes for a formula, in a cell of text.
FORMULA = re.compile(r"[=+@\t\r]|-(?!\d)")


def write_table(folder: str | Path, table: Table) -> None:
    """Write the four files of a table into ``folder``."""
    path = Path(folder) / table.name
    frame = table.frame.assign(partial=table.partial) if table.missing else table.frame
    if "metric" in frame:
        frame = frame.assign(metric=frame["metric"].map(shown_name))
    write_text(path.with_name(f"{table.name}.md"), markdown(table))
    write_text(path.with_name(f"{table.name}.csv"), csv_text(frame))
    write_text(path.with_name(f"{table.name}.tex"), latex(table))
    _write_parquet(path.with_name(f"{table.name}.parquet"), frame, table)


def remove_others(folder: str | Path, written: Collection[str]) -> None:
    """Remove the tables of an earlier call that this one did not write: they are of other scores."""
    for name in TABLES:
        if name not in written:
            for ending in FORMATS:
                (Path(folder) / f"{name}.{ending}").unlink(missing_ok=True)


def _write_parquet(path: Path, frame: pd.DataFrame, table: Table) -> None:
    metadata = {"title": table.full_title} | ({"partial": table.partial} if table.missing else {})
    # Without the metadata of pandas, which name its version, nothing in the file depends on it.
    content = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(metadata)
    with atomic_path(path) as temporary:
        pq.write_table(content, temporary, compression="zstd")


def csv_text(frame: pd.DataFrame) -> str:
    """Return a frame as CSV; an apostrophe before text that a spreadsheet would run as a formula."""
    return str(frame.map(_no_formula).to_csv(index=False, lineterminator="\n"))


def _no_formula(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


# ---- Markdown ------------------------------------------------------------------------------------------


def markdown(table: Table) -> str:
    """Return the document: title, notes, sections of blocks, and what is not shown."""
    lines = [f"# {plain_markdown(table.full_title)}", "", *(f"- {_markdown_note(n)}" for n in table.notes)]
    section = ""
    for block in table.blocks:
        if block.section != section:
            section = block.section
            lines += ["", f"## {plain_markdown(table.heading(section))}"]
        if block.title:
            lines += ["", f"### {plain_markdown(table.heading(block.title))}"]
        lines += ["", *markdown_table(_spanned_header(block), block.rows)]
        for note in block.notes:
            lines += ["", _markdown_note(note)]
    if table.not_shown:
        lines += ["", "## Not shown", "", *(f"- {_markdown_note(item)}" for item in table.not_shown)]
    return "\n".join(lines) + "\n"


def markdown_table(header: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    """Return the lines of a Markdown table; the first column is text, the others numbers."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    lines = [[plain_markdown(cell) for cell in header], rule]
    lines += [[_markdown_cell(cell) for cell in row] for row in rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _markdown_cell(cell: str | Shown) -> str:
    if isinstance(cell, str):
        return plain_markdown(cell)
    text = plain_markdown(cell.text)
    return (f"**{text}**" if cell.bold else text) + (f" {cell.marks}" if cell.marks else "")


def _markdown_note(note: str) -> str:
    return "".join(part if CODE.fullmatch(part) else plain_markdown(part) for part in CODE.split(note))


def _spanned_header(block: Block) -> list[str]:
    """One header of two: Markdown has no cells over several columns."""
    spans = [heading for heading, columns in block.spans for _ in range(columns)]
    if not spans:
        return block.header
    named = zip(spans, block.header[1:], strict=True)
    return [block.header[0], *(f"{heading} {name}".strip() for heading, name in named)]


# ---- LaTeX ---------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    """Return text as LaTeX prints it; signs of our tables in math, a minus before a number as one."""
    return "".join(TEX.get(character, character) for character in MINUS.sub("−", text))


def latex(table: Table) -> str:
    """Return a file to ``\\input``: one table environment a block, the notes below the last."""
    lines = [
        f"% {table.full_title}",
        "% packages: booktabs" + (", longtable" if any(_is_long(block) for block in table.blocks) else ""),
    ]
    for block in table.blocks:
        lines += ["", *_latex_block(table, block)]
    notes = [*table.notes, *(f"Not shown: {item}." for item in table.not_shown)]
    lines += ["", r"\begin{flushleft}\footnotesize", *(rf"\par {escaped(_plain(note))}" for note in notes)]
    return "\n".join([*lines, r"\end{flushleft}"]) + "\n"


def _is_long(block: Block) -> bool:
    return len(block.rows) > PAGE


def _latex_block(table: Table, block: Block) -> list[str]:
    words = [table.full_title, block.section, block.title]
    caption = rf"\caption{{{escaped('. '.join(word for word in words if word))}}}"
    columns = "l" + "r" * (len(block.header) - 1)
    body = [r"\toprule", *_latex_header(block), r"\midrule"]
    rows = [_first(" & ".join(_latex_cell(cell) for cell in row)) + r" \\" for row in block.rows]
    notes = [rf"\par\footnotesize {escaped(_plain(note))}" for note in block.notes]
    if _is_long(block):
        top = [rf"\begin{{longtable}}{{{columns}}}", rf"{caption} \\", *body, r"\endhead"]
        return [*top, *rows, r"\bottomrule", r"\end{longtable}", *notes]
    top = [r"\begin{table}[tbp]", r"\centering", caption, rf"\begin{{tabular}}{{{columns}}}", *body]
    return [*top, *rows, r"\bottomrule", r"\end{tabular}", *notes, r"\end{table}"]


def _latex_header(block: Block) -> list[str]:
    lines = []
    if block.spans:
        cells, rules, column = [""], [], 2
        for heading, columns in block.spans:
            cells.append(rf"\multicolumn{{{columns}}}{{c}}{{{escaped(heading)}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + columns - 1}}}")
            column += columns
        lines += [" & ".join(cells) + r" \\", " ".join(rules)]
    return [*lines, _first(" & ".join(escaped(name) for name in block.header)) + r" \\"]


def _first(row: str) -> str:
    """A row whose first sign LaTeX would take for an option of the rule or the row before it."""
    return f"{{}}{row}" if row[:1] in ("[", "*") else row


def _latex_cell(cell: str | Shown) -> str:
    if isinstance(cell, str):
        return escaped(cell)
    text = escaped(cell.text)
    return (rf"\textbf{{{text}}}" if cell.bold else text) + escaped(cell.marks)


def _plain(note: str) -> str:
    return note.replace("`", "")
