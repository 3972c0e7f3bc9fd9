"""Lines of the Markdown tables of analyses; their cells have nothing that Markdown would take for its own."""

from collections.abc import Sequence

from workflow_scripts.common.errors import terminal


def row(cells: Sequence[str]) -> str:
    """Return the line of a row."""
    return f"| {' | '.join(cells)} |"


def heading(names: Sequence[str]) -> list[str]:
    """Return the two lines above the rows; the first column is text, the others numbers."""
    return [row(names), row(["---", *["---:"] * (len(names) - 1)])]


def code(text: str) -> str:
    """Return text of a corpus as a table shows it as it is, whatever is in it."""
    shown = terminal(text).replace("|", r"\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"
