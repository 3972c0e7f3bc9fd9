"""The strongest units of each language with the words that they fire on, and what removing them does."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.document import (
    Block,
    Cell,
    Code,
    Grid,
    Heading,
    Inline,
    Para,
    Shaded,
    Text,
    Word,
    cut,
    marked,
)
from workflow_scripts.report.page.material import Facts, Material
from workflow_scripts.report.tables.writing import HUNDREDTHS, Digits, rounded

#: Units of a language and side, their words, and languages that the page shows.
MOST_UNITS, MOST_WORDS, MOST_LANGUAGES, MOST_ROWS = 3, 4, 40, 120
THOUSANDTHS = Digits(3)
TURNED_OFF = (
    "Nothing is said of the strongest units of a language, of the words that they fire on and of what"
    " removing them"
    " does: `analysis: none` turns these analyses off. Without that key the next run adds them."
)
NOT_ASKED = (
    "Nothing is said of the strongest units of a language and of what removing them does: this experiment"
    " has no"
    " such analysis."
)


def strongest_section(material: Material) -> list[Block]:
    """Return the part; one line that says why where there is nothing, and nothing for outputs of others."""
    if material.facts.outputs:
        return []
    if not material.strongest:
        if any("strongest_units" in one for one in material.missing):
            said: Text = (
                "Missing: ",
                Code("analysis/strongest_units"),
                ", the strongest units of each language.",
            )
        else:
            said = marked(TURNED_OFF if material.facts.without_analyses else NOT_ASKED)
        return [Heading(3, "Strongest units"), Para(said)]
    first = material.strongest[0]
    alike = [one for one in material.strongest if one["system"] == first["system"]]
    blocks: list[Block] = [
        Heading(3, "The strongest units of each language, and the words that they fire on")
    ]
    blocks += _words(first, material.facts)
    blocks.append(Heading(3, "What happens when they are removed"))
    if any(one.get("removed") for one in alike):
        return [*blocks, *_removed(alike, material.facts)]
    why = first.get("why_not_removed")
    return [*blocks, Para(f"This was not measured{f': {why}' if why else ''}.")]


def _words(found: Mapping[str, Any], facts: Facts) -> list[Block]:
    rows: list[list[Cell]] = []
    for language in facts.in_order(list(found["languages"])):
        for side, units in found["languages"][language].items():
            rows += [_unit(language, side, unit) for unit in units[:MOST_UNITS]]
    rows, notes = cut(
        rows, MOST_ROWS, "units", f"analysis/strongest_units/{found['system']}/s{found['seed']}.json"
    )
    notes.append(
        "Active: share of the language's tokens on which the unit fires, and of other languages' tokens."
        " Words:"
        " how often it fires on the word, of how often the word occurs."
    )
    caption = (
        f"At most {MOST_UNITS} of each side (the language as source, as target), system {found['system']},"
        " seed"
        f" {found['seed']}, {_sentences(found)} of {found['text']}. Score:"
        f" {found.get('score', 'as the file says')}."
    )
    header = ["language", "side", "unit", "score", "active", "elsewhere", "words"]
    return [Grid(caption, header, rows, (0, 1, 2, 6), notes)]


def _sentences(found: Mapping[str, Any]) -> str:
    most = found.get("sentences")
    return "all sentences" if most is None else f"at most {most:,} sentences a direction"


def _unit(language: str, side: str, unit: Mapping[str, Any]) -> list[Cell]:
    words: list[Inline] = []
    for one in unit.get("words", [])[:MOST_WORDS]:
        words += [", "] if words else []
        words += [Word(one["word"]), f" {one['times']} of {one['of']}" if "times" in one else ""]
    return [
        Code(language), side, Code(unit["unit"]), rounded(unit["score"], HUNDREDTHS),
        _share(unit.get("rate")), _share(unit.get("rate_elsewhere")), tuple(words) or "–",
    ]  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else f"{rounded(100 * value, Digits(0))}%"


def removals(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what was measured of removals, one of each seed."""
    return [one["removed"] for one in found if one.get("removed")]


def effects_of(found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Return what removing a language's units does.

    Returns:
        by language: ``own`` [seeds], what the language loses without its own units; ``others`` [languages],
        what each other language loses without them (mean over seeds); ``random`` [draws of all seeds], what
        the language loses without as many random units. Nats a token.
    """
    measured = removals(found)
    result: dict[str, dict[str, list[float]]] = {}
    for language in measured[0]["matrix"] if measured else ():
        rows = [one["matrix"][language] for one in measured if language in one["matrix"]]
        others = [name for name in rows[0] if name != language]
        result[language] = {
            "own": [row[language]["mean"] for row in rows if language in row],
            "others": [mean(row[name]["mean"] for row in rows if name in row) for name in others],
            "random": [value for one in measured for value in one.get("random", {}).get(language, [])],
        }
    return result


def signed(value: float) -> str:
    """Return "+0.310"."""
    return rounded(value, THOUSANDTHS, sign=True)


def nats(values: Sequence[float], thing: str = "") -> str:
    """Return "+0.310", of several values "+0.310 ± 0.020 (3)"; "–" of none. ``thing``: what is counted."""
    if not values:
        return "–"
    said = signed(mean(values))
    if len(values) < 2:
        return said
    counted = number_of(len(values), thing) if thing else str(len(values))
    return f"{said} ± {rounded(stdev(values), THOUSANDTHS)} ({counted})"


def _removed(found: Sequence[Mapping[str, Any]], facts: Facts) -> list[Block]:
    effects = effects_of(found)
    measured = removals(found)
    languages = facts.in_order(list(effects))
    rows: list[list[Cell]] = []
    for language in languages:
        one = effects[language]
        drawn = one["random"]
        between = f"{signed(min(drawn))} to {signed(max(drawn))}" if drawn else "–"
        above = sum(mean(one["own"]) > value for value in drawn) if one["own"] else 0
        worse = f"{above} of {len(drawn)}" if drawn and one["own"] else "–"
        rows.append([Code(language), nats(one["own"]), nats(one["others"]), nats(drawn), between, worse])
    rows, notes = cut(rows, MOST_LANGUAGES, "languages", "analysis/strongest_units")
    caption = (
        f"Loss that is added, in nats a token, when the at most {measured[0]['units']} strongest units of a"
        " language"
        f" are set to 0 ({number_of(len(measured), 'seed')}): of the language itself; of the other"
        " languages, mean ±"
        " standard deviation over them; of the language when as many random units of the same layers are"
        " set to 0"
        " instead, mean ± standard deviation over draws, their range, and how many of them cost less. The"
        " loss of a"
        " language is that of all directions that it is on a side of."
    )
    header = ["units of", "itself", "other languages", "random units", "range of draws", "more than draws"]
    blocks: list[Block] = [Grid(caption, header, rows, notes=notes)]
    if 1 < len(languages) <= MOST_LANGUAGES:
        blocks.append(_matrix(measured, languages))
    return blocks


def _matrix(measured: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> Grid:
    matrices = [one["matrix"] for one in measured]
    values: dict[tuple[str, str], float] = {}
    for one in languages:
        for other in languages:
            cells = [matrix.get(one, {}).get(other, {}).get("mean") for matrix in matrices]
            there = [cell for cell in cells if cell is not None]
            if there:
                values[one, other] = mean(there)
    most = max(values.values(), default=0.0)
    rows: list[list[Cell]] = []
    for one in languages:
        cells_: list[Cell] = [Code(one)]
        for other in languages:
            value = values.get((one, other))
            share = 0.0 if value is None or most <= 0 else value / most
            cells_.append("–" if value is None else Shaded(signed(value), share))
        rows.append(cells_)
    return Grid(
        "Rows: whose units are removed; columns: whose loss rises, in nats a token. Darker is more.",
        ["without units of", *languages], rows,
    )  # fmt: skip
