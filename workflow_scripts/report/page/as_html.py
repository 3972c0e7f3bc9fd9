"""A page as one HTML file that asks for nothing outside itself: no script, no font, pictures as data."""

import base64
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Figure,
    Grid,
    Heading,
    Inline,
    Link,
    Notice,
    Para,
    Shaded,
    Strong,
    Text,
    Word,
    inlines,
    plain,
    shown,
)
from workflow_scripts.report.page.style import CSS, STEPS

#: Were a name's markup ever to get through, it could not run or fetch anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_html(blocks: Sequence[Block]) -> str:
    """Return the file; the first block is the title."""
    head, *_ = blocks
    title = plain(head.text) if isinstance(head, Heading) else ""
    lines = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_escaped(title)}</title>",
        f"<style>{CSS}</style></head><body><main>",
    ]
    lines += map(_block, blocks)
    return "\n".join([*lines, "</main></body></html>"]) + "\n"


def _escaped(text: str) -> str:
    return escape(shown(text), quote=True)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return _escaped(part)
    text = _escaped(part.text)
    if isinstance(part, Code):
        return f"<code>{text}</code>"
    if isinstance(part, Strong):
        return f"<strong>{text}</strong>"
    if isinstance(part, Word):
        return f"<bdi>{text}</bdi>"
    return f'<a href="{escape(quote(part.href), quote=True)}">{text}</a>'


def _text(text: Text) -> str:
    return "".join(map(_inline, inlines(text)))


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{_text(block.text)}</h{block.level}>"
    if isinstance(block, Para):
        return f"<p>{_text(block.text)}</p>"
    if isinstance(block, Bullets):
        return _list(block.items)
    if isinstance(block, Notice):
        return f'<div class="box {block.kind}"><p>{_escaped(block.title)}</p>{_list(block.items)}</div>'
    if isinstance(block, Grid):
        return _grid(block)
    return _figure(block)


def _list(items: Sequence[Text]) -> str:
    return "<ul>" + "".join(f"<li>{_text(one)}</li>" for one in items) + "</ul>"


def _grid(block: Grid) -> str:
    # A <caption> would be as narrow as the table. A region that scrolls must be reached by the keyboard, too.
    label = _escaped(plain(block.caption))
    lines = [f'<p class="caption">{_text(block.caption)}</p>']
    lines.append(f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>')
    for column, name in enumerate(block.header):
        kind = ' class="t"' if column in block.texts else ""
        lines.append(f'<th scope="col"{kind}>{_escaped(name)}</th>')
    lines.append("</tr></thead><tbody>")
    for row in block.rows:
        cells = "".join(_cell(cell, column, block.texts) for column, cell in enumerate(row))
        lines.append(f"<tr>{cells}</tr>")
    lines.append("</tbody></table></div>")
    lines += [f'<p class="note">{_text(note)}</p>' for note in block.notes]
    return "\n".join(lines)


def _cell(cell: Cell, column: int, texts: Sequence[int]) -> str:
    if isinstance(cell, Shaded):
        return f'<td class="s{shade(cell.share)}">{_escaped(cell.text)}</td>'
    if column == 0:
        return f'<th scope="row">{_text(cell)}</th>'
    kind = ' class="t"' if column in texts else ""
    return f"<td{kind}>{_text(cell)}</td>"


def shade(share: float) -> int:
    """Return the step of a shade, 0 to ``STEPS`` - 1."""
    return max(0, min(STEPS - 1, int(share * STEPS)))


def _figure(block: Figure) -> str:
    data = base64.b64encode(block.data).decode("ascii")
    # The caption stands below, so that the picture needs no other words.
    picture = f'<img alt="{_escaped(block.name)}" src="data:image/png;base64,{data}">'
    link = _inline(Link(block.name, block.href))
    return f"<figure>{picture}<figcaption>{_escaped(block.caption)} ({link})</figcaption></figure>"
