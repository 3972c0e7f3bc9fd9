"""The strongest units as tables: a row for each unit and word, and the page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.strongest.removal import lines
from workflow_scripts.common.errors import terminal

CSV_COLUMNS = (
    *("language", "side", "unit", "score", "rate", "rate_elsewhere"),
    *("word", "times", "of", "mean"),
)

#: Units of a side that the page shows; the CSV has all.
SHOWN = 8

Result = Mapping[str, Any]


def csv_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Yield a row for each word of each unit; a unit without words has one, without a word."""
    for language, sides in result["languages"].items():
        for side, units in sides.items():
            for unit in units:
                about = [unit["unit"], *(f"{unit[name]:.6f}" for name in ("score", "rate", "rate_elsewhere"))]
                words = [
                    [one["word"], one["times"], one["of"], f"{one['mean']:.6f}"] for one in unit["words"]
                ]
                for word in words or [[""] * 4]:
                    yield [language, side, *about, *word]


def markdown(result: Result) -> str:
    """Return the page: what was compared, the units of each language with their words, what their removal
    does, and what must be known before."""
    out = [f"# Strongest units: {result['system']}, seed {result['seed']}", ""]
    out += [f"- {line}" for line in result["cautions"]]
    out += [
        f"- Ranked by {result['score']}. Active by `{result['rule']}`, counted on the whole {result['text']}"
        " text.",
        f"- Words of the first {result['sentences']} sentences of each direction that occur at least"
        f" {result['least']} times. *Times*: a unit is active on one of the word's pieces. *Mean*: of the"
        " largest value at its pieces, over all occurrences. A sentence of several directions counts once."
        " Punctuation, tags and words with unknown pieces are left out. In the decoder a word is one that was"
        " just read.",
        *(f"- {line}" for line in result["not_compared"]),
    ]
    for language, sides in result["languages"].items():
        for side, units in sides.items():
            if units:
                out += ["", f"## {language} as {side}", ""]
                out += heading(["unit", "score", "active", "elsewhere", "fires on"])
                out += [row([*_cells(unit), _words(unit["words"])]) for unit in units[:SHOWN]]
                if len(units) > SHOWN:
                    out += ["", f"{len(units) - SHOWN} more are in the CSV file."]
    out += ["", "## Without them", "", *_removed(result)]
    out += ["", "## Enough sentences?", "", *_halves(result["halves"])]
    return "\n".join(out) + "\n"


def _cells(unit: Result) -> list[str]:
    shares = (f"{unit[name]:.1%}" for name in ("rate", "rate_elsewhere"))
    return [f"`{unit['unit']}`", f"{unit['score']:.3f}", *shares]


def code(text: str) -> str:
    """Return text of a corpus as a table shows it as it is, whatever is in it."""
    shown = terminal(text).replace("|", r"\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _words(words: Sequence[Result]) -> str:
    if not words:
        return "no word often enough"
    told = (f"{code(one['word'])} ({one['times']} of {one['of']}, {one['mean']:.2f})" for one in words)
    return ", ".join(told)


def _removed(result: Result) -> Iterator[str]:
    found = result.get("removed")
    if found is None:
        yield f"Not measured: {result['why_not_removed']}."
        return
    yield (
        "Nats per token that the loss of the column's language rises by where the row's units, its own as"
        " source and as target, are 0: mean over sentences ± sd. Of each direction at most"
        f" {found['sentences']} sentences are read, of the text by which units were ranked. A language's text"
        " is that of all its directions, beside the units of another language that of directions without this"
        f" one; n is of its own units. Random: {found['draws']} draws of as many units of each layer, lowest"
        " to highest."
    )
    yield ""
    languages = [*found["matrix"]]
    yield from heading(["units of", *languages])
    for own, cells in found["matrix"].items():
        yield row([own, *(_mean(cells.get(language)) for language in languages)])
    spans = (found["random"][language] for language in languages)
    yield row(["random", *(f"{min(one):+.3f} to {max(one):+.3f}" for one in spans)])
    yield row(["n", *(str(found["matrix"][one][one]["n"]) for one in languages)])
    yield ""
    yield from (f"- {line}." for line in lines(found))


def _mean(cell: Result | None) -> str:
    if cell is None:
        return "–"
    spread = "" if cell["sd"] is None else f" ± {cell['sd']:.3f}"
    return f"{cell['mean']:+.3f}{spread}"


def _halves(halves: Result | None) -> Iterator[str]:
    if halves is None:
        yield "Not known: the counts do not say of how many sentences they are, or padding was counted."
        return
    yield (
        f"IoU of masks ({halves['masks']}) of two disjoint parts of each direction's counted sentences, the"
        f" lower of encoder and decoder. Below {halves['level']:g} units depend on which sentences were"
        " counted."
    )
    yield ""
    yield from heading(["direction", "IoU", "chance", "stack", "sentences"])
    for name, one in halves["directions"].items():
        sentences = " + ".join(map(str, one["sentences"]))
        yield row([name, f"{one['iou']:.3f}", f"{one['chance']:.3f}", one["stack"], sentences])
