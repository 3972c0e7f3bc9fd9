"""Lines of the Markdown tables of analyses; their cells have nothing that Markdown would take for its own."""

from collections.abc import Sequence


def row(cells: Sequence[str]) -> str:
    """Return the line of a row."""
    return f"| {' | '.join(cells)} |"


def heading(names: Sequence[str]) -> list[str]:
    """Return the two lines above the rows; the first column is text, the others numbers."""
    return [row(names), row(["---", *["---:"] * (len(names) - 1)])]
