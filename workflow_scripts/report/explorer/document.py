"""The page itself: one HTML file with its styles, its script, the library of its plots, and its data."""

import html
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from workflow_scripts.report.explorer.packing import LIMIT, as_json

FOLDER = Path(__file__).parent / "page"
#: Bytes kept for what the page opens with.
OPENING = 1_500_000
#: The files of the script, in the order in which they come.
SCRIPTS = (
    "data.js", "words.js", "elements.js", "cursor.js", "plots.js", "units.js", "heatmap.js", "pair.js",
    "activity.js", "directions.js", "hypotheses.js", "main.js",
)  # fmt: skip


class Written(Protocol):
    """What a page is made of."""

    @property
    def about(self) -> Mapping[str, object]:
        """What it opens with."""

    @property
    def parts(self) -> Mapping[str, str]:
        """Packed data by name."""


@cache
def library() -> str:
    """Return Vega's script (vl-convert has it for pages that work offline), which may stand in a page."""
    import vl_convert

    text: str = vl_convert.javascript_bundle()
    # Within a script these would end it, or begin a comment; in strings both forms are the same.
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def room_for_data() -> int:
    """Return how many bytes packed data may have."""
    return LIMIT - OPENING - len(library().encode("utf-8"))


def document(found: Written) -> str:
    """Return the page; equal contents give equal text."""
    about = found.about
    parts = "\n".join(
        f'<script type="text/plain" id="part-{html.escape(name)}">{text}</script>'
        for name, text in found.parts.items()
    )
    values = {
        "title": html.escape(f"{about['experiment']}: explorer"),
        "style": _file("page.css"),
        "about": as_json(about),
        "parts": parts,
        "library": library(),
        "script": "\n".join(map(_file, SCRIPTS)),
    }
    template = _file("page.html")
    # Each mark once and from the left: what is put in may hold the marks of others.
    pieces = []
    for name, value in values.items():
        before, mark, template = template.partition(f"<!--{name}-->")
        if not mark:
            raise ValueError(f"page.html has no place for {name}")
        pieces += [before, value]
    return "".join([*pieces, template])


def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
