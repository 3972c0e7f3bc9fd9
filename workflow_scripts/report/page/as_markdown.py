"""A page as Markdown: the same words, pictures as links."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Grid,
    Heading,
    Inline,
    Link,
    Notice,
    Para,
    Shaded,
    Strong,
    Text,
    inlines,
    shown,
)
from workflow_scripts.report.tables.plain import plain_markdown

#: A bar that ends no cell, also inside code.
BAR = r"\|"
#: What would begin a list, a heading or a quotation where a line begins.
_BEGINS = re.compile(r"^(\s*\d*)([-+>#=.)])(?=\s|$)")


def as_markdown(blocks: Sequence[Block]) -> str:
    """Return the text of the file."""
    return "\n".join(line for block in blocks for line in (*_block(block), "")).rstrip("\n") + "\n"


def _escaped(text: str) -> str:
    return plain_markdown(shown(text))


def _inline(part: Inline, in_table: bool) -> str:
    if isinstance(part, str):
        return _escaped(part)
    if isinstance(part, Code):
        return _code(part.text, in_table)
    if isinstance(part, Strong):
        # A blank inside the asterisks would make them two asterisks.
        words = part.text.rstrip()
        return f"**{_escaped(words)}**{part.text[len(words) :]}"
    if isinstance(part, Link):
        return f"[{_escaped(part.text)}]({quote(part.href)})"
    return _escaped(part.text)


def _code(text: str, in_table: bool) -> str:
    said = shown(text)
    if "`" in said:
        return _escaped(text)
    return f"`{said.replace('|', BAR) if in_table else said}`"


def _text(text: Text, in_table: bool = False) -> str:
    return "".join(_inline(part, in_table) for part in inlines(text))


def _line(text: Text) -> str:
    return _BEGINS.sub(r"\1\\\2", _text(text))


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {_text(block.text)}"
    elif isinstance(block, Para):
        yield _line(block.text)
    elif isinstance(block, Bullets):
        yield from (f"- {_line(one)}" for one in block.items)
    elif isinstance(block, Notice):
        yield f"> **{_escaped(block.title)}**"
        yield ">"
        yield from (f"> - {_line(one)}" for one in block.items)
    elif isinstance(block, Grid):
        yield from (_line(block.caption), "")
        yield _row([_escaped(name) for name in block.header])
        yield _row(["---" if column in block.texts else "---:" for column in range(len(block.header))])
        yield from (_row([_cell(cell) for cell in row]) for row in block.rows)
        for note in block.notes:
            yield from ("", _line(note))
    else:
        yield f"![{_escaped(block.name)}]({quote(block.href)})"
        yield ""
        yield _line(block.caption)


def _cell(cell: Cell) -> str:
    return _escaped(cell.text) if isinstance(cell, Shaded) else _text(cell, in_table=True)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
