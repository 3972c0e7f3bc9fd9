"""What the answer pages of all kinds of experiments share: their files, and counts among their options."""

import sys
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.checked_options import json_object
from workflow_scripts.common.files import write_text
from workflow_scripts.report.page.as_html import as_html
from workflow_scripts.report.page.as_markdown import as_markdown
from workflow_scripts.report.page.document import Block


def write_page(out: Path, blocks: Sequence[Block], partial: bool) -> None:
    """Write a page as HTML, and as Markdown beside it. A whole one takes away the pages of a run that failed,
    since it has what they lack."""
    for path, text in ((out, as_html(blocks)), (out.with_suffix(".md"), as_markdown(blocks))):
        write_text(path, text)
        if not partial:
            path.with_name(f"{path.stem}_partial{path.suffix}").unlink(missing_ok=True)
    print(f"{out}{': PARTIAL' if partial else ''}", file=sys.stderr)


def counts_of(option: str, text: str) -> dict[str, int]:
    """Return an option's JSON, name → how many. UserError: it is something else."""
    return json_object(
        option, text, {"decode": 3}, lambda found: all(type(one) is int for one in found.values())
    )
