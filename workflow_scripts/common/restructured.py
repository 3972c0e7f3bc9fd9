"""Text in reStructuredText that Snakemake reads: captions, and what stands above a report."""

import re

# What docutils or Jinja, with which Snakemake reads such text, would take for markup; at the start of a
# paragraph also bullets, numbers of lists and rules.
_MARKUP = re.compile(r"[\\*`|_\[\]<>{}]|:(?=\S)|^[^\w\s]|^\w(?=\w*[.)]\s)")
_ESCAPED = re.compile(r"\\(.)")


def escaped(text: str) -> str:
    """Return a paragraph in which nothing is markup of reStructuredText or of Jinja; line ends become
    blanks."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def unescaped(text: str) -> str:
    """Return text with nothing but escapes as it was, line ends as blanks."""
    return _ESCAPED.sub(r"\1", " ".join(text.split()))
