"""Which names of systems, groups and test sets may become a folder and a heading. Standard library only."""

from collections.abc import Iterable, Mapping
from unicodedata import normalize

from workflow_scripts.common.errors import UserError, terminal

#: What a name cannot begin with, and what would take it for something else.
FIRST = {
    "-": "as an option of a program does",
    ".": "as a hidden file does",
    "=": "as a formula of a spreadsheet does",
    "+": "as a formula of a spreadsheet does",
    "@": "as a formula of a spreadsheet does",
    " ": "which nobody sees",
}
INSIDE = {"/": "which parts folders", "`": "which quotes code in Markdown"}


def number_of(number: int, thing: str) -> str:
    """Return a number and what there is, ``1 direction``, ``2 directions``; its plural ends with s."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def fault_of(name: str) -> str | None:
    """Return why a text cannot be a name, None if it can. Tables escape what they must."""
    if not name:
        return "it is empty"
    if not name.isprintable():
        first = next(character for character in name if not character.isprintable())
        return f"it holds {first!r}, which does not print"
    if name[0] in FIRST:
        return f"it begins with {name[0]!r}, {FIRST[name[0]]}"
    if name.endswith(" "):
        return "it ends with ' ', which nobody sees"
    return next((f"it holds {sign!r}, {why}" for sign, why in INSIDE.items() if sign in name), None)


def check_names(what: str, names: Iterable[str], where: Mapping[str, object] | None = None) -> None:
    """Refuse names that are not allowed, a line for each; ``where``: name -> the file that it comes from."""
    faults = []
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(normalize("NFC", name), name)) != name:
            faults.append(f"{what} {name!a} looks as {other!a} does; rename one of them")
        if fault := fault_of(name):
            place = f" ({terminal(where[name])})" if where and name in where else ""
            faults.append(f"{what} {name!r}{place}: {fault}; rename it")
    if faults:
        raise UserError("\n".join(faults))


def is_line(text: object) -> bool:
    """Tell whether something is one line of text that a note may have, quoted as code or not."""
    return isinstance(text, str) and text.isprintable() and "`" not in text
