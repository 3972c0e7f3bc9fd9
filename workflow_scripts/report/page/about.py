"""What was run, and how well it translates."""

from collections.abc import Sequence
from itertools import groupby

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Grid,
    Heading,
    Inline,
    Notice,
    Para,
    Text,
    cut,
    listed,
    marked,
)
from workflow_scripts.report.page.material import Material, Record
from workflow_scripts.report.read.layout import BOTH, SIDES, main_side
from workflow_scripts.report.tables.writing import (
    Digits,
    difference_word,
    digits_of,
    side_title,
    table_title,
    written,
)

#: Names of a list that the page spells out, and tables and rows that it shows.
MOST_NAMES, MOST_TABLES, MOST_SYSTEMS = 40, 4, 40


def about(material: Material) -> list[Block]:
    """Return the section."""
    facts = material.facts
    blocks: list[Block] = [Heading(2, "1. What was run, and how well does it translate?")]
    if material.cautions:
        blocks.append(
            Notice("warning", "Read this before the numbers", [marked(one) for one in material.cautions])
        )
    languages = _names(facts.languages)
    if facts.pivot:
        languages = (
            (*languages, "; every direction is out of or into ", Code(facts.pivot))
            if _all_with_pivot(material)
            else (*languages, "; the pivot is ", Code(facts.pivot))
        )
    items: list[Text] = [
        ("Languages: ", *languages),
        (f"Directions ({len(facts.directions):,}): ", *_names(facts.directions)),
        ("Test sets: ", *_names(facts.testsets)),
    ]
    if facts.seeds and (len(facts.seeds) > 1 or not facts.outputs):
        items.append(f"Seeds: {', '.join(map(str, facts.seeds))}{_on_seeds(facts.seeds)}")
    if facts.outputs:
        items.append(
            "Systems are folders of hypotheses that others made: how they were trained is not known here."
        )
    items += _text_sizes(material)
    blocks.append(Bullets(items))
    blocks += _systems(material)
    if material.summary is None:
        return [*blocks, Para(("Missing: ", Code("tables/summary.csv"), ", how well the systems translate."))]
    blocks += _scores(material, material.summary)
    if facts.outputs and material.wins:
        blocks.append(_tests(material.wins))
    return blocks


def main_tests(wins: Sequence[Record]) -> list[Record]:
    """Return the rows of all directions together, or of each side where there is one alone."""
    together = any(row["side"] == BOTH for row in wins)
    return [row for row in wins if row["side"] == BOTH or not together]


def of_seed(wins: Sequence[Record], row: Record) -> str:
    """Return the seed of a row, where there are several: tests are of each seed by itself."""
    return f" (seed {row['seed']})" if len({one["seed"] for one in wins}) > 1 else ""


def _tests(wins: Sequence[Record]) -> Grid:
    """Paired tests, of outputs of others the only thing that says how sure a difference is."""
    rows: list[list[Cell]] = [
        [
            f"{row['system']} − {row['against']}{of_seed(wins, row)}",
            table_title(row["testset"], row["profile"], row["metric"]),
            *(f"{row[name]:.0f}" for name in ("directions", "wins", "losses", "ties")),
        ]
        for row in main_tests(wins)
    ]
    rows, notes = cut(rows, MOST_SYSTEMS, "rows", "wins.md")
    header = ["system − other", "of", "directions", "wins", "losses", "ties"]
    caption = "Directions in which the paired test over sentences finds a difference, or none (ties)."
    return Grid(caption, header, rows, (0, 1), notes)


def _all_with_pivot(material: Material) -> bool:
    return all(material.facts.pivot in one.split("-") for one in material.facts.directions)


def _on_seeds(seeds: Sequence[int]) -> str:
    if len(seeds) > 1:
        return f" ({len(seeds)} of them; ± is the standard deviation over them)"
    return " (one training: nothing here says how far another one would differ)"


def _names(names: Sequence[str]) -> tuple[Inline, ...]:
    shown = tuple(listed([Code(name) for name in names[:MOST_NAMES]]))
    more = len(names) - MOST_NAMES
    return (*shown, f" … {more:,} more") if more > 0 else shown


def _text_sizes(material: Material) -> list[Text]:
    """Sentences of each part of the text, as the data card has them."""
    found = []
    for subset, pairs in (material.card or {}).get("subsets", {}).items():
        sizes = [entry["sentences"] for entry in pairs.values()]
        if sizes:
            each = f"{min(sizes):,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"
            found.append(f"{subset} {each} ({number_of(len(sizes), 'pair')}, {sum(sizes):,} in all)")
    return [f"Sentences of a pair: {'; '.join(found)}"] if found else []


def _systems(material: Material) -> list[Block]:
    facts = material.facts
    if not facts.made:
        return [Bullets([("Systems: ", *_names(facts.systems))])]
    alike: dict[str, list[str]] = {}
    for name in facts.systems:
        alike.setdefault(facts.made.get(name, ""), []).append(name)
    rows: list[list[Cell]] = [[_names(names), marked(how)] for how, names in alike.items()]
    rows, notes = cut(rows, MOST_SYSTEMS, "kinds of systems", "tables/summary.csv")
    return [Grid("Systems, and how each was made.", ["system", "how"], rows, (0, 1), notes)]


def _scores(material: Material, summary: Sequence[Record]) -> list[Block]:
    overall = [row for row in summary if row["grouping"] == ALL and not row["without"]]
    places = groupby(overall, key=lambda row: (row["testset"], row["profile"], row["metric"]))
    blocks: list[Block] = []
    left_out = []
    for number, (place, grouped) in enumerate(places):
        if number < MOST_TABLES:
            blocks.append(_one_table(material, list(grouped), table_title(*place)))
        else:
            left_out.append(table_title(*place))
    if left_out:
        blocks.append(Bullets([(f"… {len(left_out)} more tables in ", Code("tables/summary.md"), ".")]))
    signatures = dict.fromkeys(
        one
        for row in overall
        for one in (row["signature"] or "").split("; ")
        if one and row["mean"] is not None
    )
    if signatures:
        blocks.append(
            Bullets([("Signatures of these numbers: ", *listed([Code(one) for one in signatures]))])
        )
    return blocks


def _one_table(material: Material, rows: Sequence[Record], title: str) -> Grid:
    facts = material.facts
    sides = [side for side in SIDES if any(row["side"] == side for row in rows)]
    main = main_side(sides)
    metric, profile = rows[0]["metric"], rows[0]["profile"]
    digits, word = digits_of(metric, profile), difference_word(metric)
    against = {"baseline": facts.baseline, "continued": facts.control}
    others = {key: name for key, name in against.items() if name in facts.systems}
    ordered = sorted(sides, key=lambda side: (side == BOTH, SIDES.index(side)))
    header = ["system", *(side_title(side, facts.pivot) for side in ordered)]
    header += [f"{word} over {name}" for name in others.values()]
    of = {(row["system"], row["side"]): row for row in rows}
    lines: list[list[Cell]] = []
    drawn = {row["system"]: int(float(row.get("draws") or 0)) for row in rows}
    for system in dict.fromkeys(row["system"] for row in rows):
        # A row of several draws is their mean, as in the tables.
        draws = f" ({number_of(drawn[system], 'draw')})"
        cells: list[Cell] = [(Code(system), draws) if drawn[system] else Code(system)]
        cells += [_number(of.get((system, side)), "mean", "sd", "n", digits) for side in ordered]
        for key, name in others.items():
            keys = (f"{key}_difference", f"{key}_difference_sd", f"{key}_difference_n")
            cells.append("" if name == system else _number(of.get((system, main)), *keys, digits, sign=True))
        lines.append(cells)
    lines, notes = cut(lines, MOST_SYSTEMS, "systems", "tables/summary.csv")
    seeds = {int(row["n"]) for row in rows if row["n"]}
    spread = (
        "one seed, so no standard deviation"
        if seeds == {1}
        else "mean ± standard deviation (number of seeds)"
    )
    if facts.outputs:
        spread = "one set of outputs" if seeds == {1} else spread
    over = "" if len(sides) == 1 else f"; {word}s are of {side_title(main, facts.pivot)}"
    return Grid(f"{title}: mean over directions, {spread}{over}.", header, lines, notes=notes)


def _number(row: Record | None, mean: str, sd: str, n: str, digits: Digits, sign: bool = False) -> str:
    if row is None or row[mean] is None:
        lacks = row is not None and row["scores"] != row["scores_expected"]
        return f"missing [{row['scores']:.0f}/{row['scores_expected']:.0f}]" if row and lacks else "–"
    said = written(row[mean], row[sd], int(row[n]), "", digits, sign)
    lacks = row["scores"] != row["scores_expected"]
    return f"{said} [{row['scores']:.0f}/{row['scores_expected']:.0f}]" if lacks else said
