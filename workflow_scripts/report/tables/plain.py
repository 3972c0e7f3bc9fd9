"""Text as Markdown shows it. Standard library only."""

import re

#: What Markdown would take for its own: emphasis, code, mathematics; tags, entities, links, ends of cells.
MARKDOWN = re.compile(
    r"[\\`*~$|]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<=\])[(\[:]|#(?=#*$)"
)
CODE = re.compile(r"(`[^`]*`)")


def plain_markdown(text: str) -> str:
    """Return text as Markdown shows it: what would be taken for markup is escaped."""
    return MARKDOWN.sub(r"\\\g<0>", text)
