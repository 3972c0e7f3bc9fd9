"""Which units masks keep: shares by layer, overlap of languages, shared and own units with their ids."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Grid,
    Heading,
    Para,
    Shaded,
    Text,
    cut,
    marked,
)
from workflow_scripts.report.page.figures_of_units import (
    HUNDREDTHS,
    TENTHS,
    by_family,
    columns_of,
    count,
    overlaps,
    own_units,
    shown_sets,
    with_spread,
)
from workflow_scripts.report.page.material import Facts, Material
from workflow_scripts.report.tables.units_page import how_selected, unit_names
from workflow_scripts.report.tables.writing import rounded

#: Rows of directions, languages of a matrix, and ids of a language that the page shows.
MOST_DIRECTIONS, MOST_LANGUAGES, MOST_IDS = 40, 40, 8
Pairs = Mapping[tuple[str, str], Sequence[float]]
Stacks = Mapping[str, Pairs]
NO_MASKS_OF_OUTPUTS = (
    "Nothing is known of the units of these systems: hypotheses of others have no masks. Which neurons serve"
    " which language can be asked of a model, not of its outputs."
)
NO_MASKS = (
    "No table of units: this experiment selects no masks of neurons. A key `masks` or `systems` with masks"
    " brings"
    " them."
)


def units_section(material: Material) -> list[Block]:
    """Return the part on masks; one line that says why where there is none."""
    if material.facts.outputs:
        return [Para(NO_MASKS_OF_OUTPUTS)]
    if material.units is None:
        if any(one.endswith("units.json") for one in material.missing):
            return [Para(("Missing: ", Code("tables/units.json"), ", which units the masks keep."))]
        return [Para(marked(NO_MASKS))]
    sets = shown_sets(material.units)
    first = sets[0]
    blocks: list[Block] = [Para(_which(material, sets)), *_kept(sets)]
    if not first["sides"]:
        blocks.append(
            Para(
                "No side has two languages, so that there is no overlap and nothing that a language has"
                " alone."
            )
        )
    for side in first["sides"]:
        blocks += [Heading(3, f"Languages {name_of_side(side)}"), *_overlap(sets, side, material)]
        blocks.append(_own(sets, side, material))
    return blocks


def name_of_side(side: str) -> str:
    """Return what stands behind "languages": "written out of en", "read into en"."""
    if side.startswith("out of "):
        return f"as targets ({side})"
    return (
        f"as sources ({side})"
        if side.startswith("into ")
        else side.removeprefix("languages") or "by their texts"
    )


def _which(material: Material, sets: Sequence[Mapping[str, Any]]) -> Text:
    first = sets[0]
    whole = sum(first["layers"].values())
    others = {one["masks"] for one in (material.units or {"sets": ()})["sets"]} - {first["masks"]}
    said: list[Any] = ["Masks ", Code(first["masks"])]
    if first["k"] and first["rule"] == "mass" and "of" not in first:
        said.append(f", which keep the units that carry {first['k']} % of a direction's activations")
    else:
        said += [", selected by ", *marked(how_selected(first))]
    said.append(f"; the model has {whole:,} {unit_names(first['layers'])}.")
    if len(sets) > 1:
        seeds = [one["seed"] for one in sets]
        said.append(
            f" Shares and numbers are mean ± standard deviation over {len(sets)} seeds; ids are those of seed"
            f" {seeds[0]}, since another seed is another network."
        )
    if others:
        said += [f" {number_of(len(others), 'other mask set')}: ", Code("tables/units.md"), "."]
    return tuple(said)


def _kept(sets: Sequence[Mapping[str, Any]]) -> list[Block]:
    first = sets[0]
    columns = columns_of(first["layers"])
    rows: list[list[Cell]] = []
    for direction in list(first["kept"])[:MOST_DIRECTIONS]:
        cells: list[Cell] = [Code(direction)]
        for layers in (*columns.values(), list(first["layers"])):
            of = sum(first["layers"][layer] for layer in layers)
            shares = [100 * sum(one["kept"][direction][layer] for layer in layers) / of for one in sets]
            cells.append(Shaded(with_spread(shares, unit="%"), mean(shares) / 100))
        rows.append(cells)
    more = len(first["kept"]) - len(rows)
    notes: list[Text] = [(f"… {more:,} more directions in ", Code("tables/units.csv"), ".")] if more else []
    if len(columns) < len(first["layers"]):
        notes.append(("Single layers are in ", Code("tables/units.csv"), "."))
    header = ["direction", *columns, "all"]
    return [Grid("Share of the units of each layer that a direction keeps.", header, rows, notes=notes)]


def _overlap(sets: Sequence[Mapping[str, Any]], side: str, material: Material) -> list[Block]:
    facts = material.facts
    found = overlaps(sets, side)
    languages = facts.in_order(list(sets[0]["sides"][side]["languages"]))
    by_kind: dict[str, dict[str, Pairs]] = {}
    for key, pairs in found.items():
        stack, _, kind = key.partition(".")
        by_kind.setdefault(kind, {})[stack] = pairs
    blocks: list[Block] = []
    for kind, stacks in by_kind.items():
        blocks.append(_matrix(stacks, kind, languages, facts))
    told = {key: pairs for key, pairs in found.items() if not _alike({key: pairs})}
    families = [(key.capitalize(), family_pairs(pairs, facts)) for key, pairs in told.items()]
    if said := [f"{key}: {one}. This is a description, not a test." for key, one in families if one]:
        blocks.append(Bullets([*said]))
    return blocks


def _alike(stacks: Stacks) -> list[str]:
    """Return the stacks in which every two languages keep the same units, as encoders of equal text do."""
    return [stack for stack, pairs in stacks.items() if all(min(value) == 1 for value in pairs.values())]


def _matrix(stacks: Stacks, kind: str, languages: Sequence[str], facts: Facts) -> Block:
    """Language × language: the decoder above the diagonal, the encoder below it."""
    alike = _alike(stacks)
    told = {stack: pairs for stack, pairs in stacks.items() if stack not in alike}
    same: Text = (
        f"In the {' and the '.join(alike)} all these languages keep the same units (IoU 1): their"
        " directions read"
        " the same text there, and no unit tells them apart."
    )
    if not told:
        return Para(same)
    ends = {stack: _ends([mean(value) for value in pairs.values()]) for stack, pairs in told.items()}
    shown = languages[:MOST_LANGUAGES]
    rows: list[list[Cell]] = []
    for row, one in enumerate(shown):
        family = facts.families.get(one)
        cells: list[Cell] = [(Code(one), f" ({family})") if family else Code(one)]
        for column, other in enumerate(shown):
            stack = next(iter(told)) if len(told) == 1 else "encoder" if column < row else "decoder"
            pairs = told[stack]
            value = pairs.get((one, other)) or pairs.get((other, one))
            if row == column or not value:
                cells.append("–" if row == column else "")
                continue
            low, width = ends[stack]
            cells.append(
                Shaded(rounded(mean(value), HUNDREDTHS), (mean(value) - low) / width if width else 0)
            )
        rows.append(cells)
    both = len(told) == 2
    where = "decoder above the diagonal, encoder below it" if both else f"{next(iter(told))} alone"
    darker = "Darker is more alike" + (" among the cells of the same stack." if both else ".")
    what = f"of {kind} units, " if kind else ""
    notes: list[Text] = [same] if alike else []
    if spreads := [stdev(v) for pairs in told.values() for v in pairs.values() if len(v) > 1]:
        most = rounded(max(spreads), HUNDREDTHS)
        notes.append(f"Means over seeds; the largest standard deviation over seeds is {most}.")
    if len(languages) > len(shown):
        notes.append((f"… {len(languages) - len(shown)} more languages in ", Code("tables/units.csv"), "."))
    caption = (
        f"Overlap of languages (IoU: units that both keep, of those that one of them keeps), {what}mean over"
        f" layers: {where}. {darker}"
    )
    return Grid(caption, ["", *shown], rows, notes=notes)


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the least value and how far the most is above it."""
    return min(values), max(values) - min(values)


def family_pairs(pairs: Pairs, facts: Facts) -> str:
    """Return how much languages within a family overlap, and across; nothing where one of them is missing."""
    within, across = by_family(pairs, facts.families)
    if not within or not across:
        return ""
    return f"{_pairs(within)} within a family, {_pairs(across)} across families"


def _pairs(values: Sequence[float]) -> str:
    spread = f" ± {rounded(stdev(values), HUNDREDTHS)}" if len(values) > 1 else ""
    return f"{rounded(mean(values), HUNDREDTHS)}{spread} (n = {number_of(len(values), 'pair')})"


def _own(sets: Sequence[Mapping[str, Any]], side: str, material: Material) -> Grid:
    facts = material.facts
    found = sets[0]["sides"][side]
    whole = sum(sets[0]["layers"].values())
    shared = [count(one["sides"][side]["all"]) for one in sets if side in one["sides"]]
    own = own_units(sets, side)
    rows = [_row(f"all {len(found['languages'])} languages", shared, whole, found["all"])]
    rows += [_row(Code(one), own[one], whole, found["own"][one]) for one in facts.in_order(list(own))]
    rows, notes = cut(rows, MOST_LANGUAGES + 1, "languages", "tables/units.csv")
    notes.append(
        (
            "Ids count from 0 in each layer; the last layers first. All of them: ",
            Code("tables/units.json"),
            ".",
        )
    )
    caption = "Units that all languages of this side keep, and those that a language keeps and no other does."
    return Grid(caption, ["kept by", "units", "of all", "such as"], rows, (0, 3), notes)


def _row(name: Text, numbers: Sequence[int], whole: int, ids: Mapping[str, Sequence[int]]) -> list[Cell]:
    shares = [100 * units / whole for units in numbers]
    number = f"{numbers[0]:,}" if len(numbers) == 1 else with_spread(numbers)
    return [name, number, with_spread(shares, TENTHS, "%"), _ids(ids)]


def _ids(by_layer: Mapping[str, Sequence[int]]) -> str:
    left, named = MOST_IDS, []
    for layer in reversed(list(by_layer)):
        if some := by_layer[layer][:left]:
            named.append(f"{layer}: {', '.join(map(str, some))}")
            left -= len(some)
    more = count(by_layer) - MOST_IDS
    return "; ".join(named) + (f" … {more:,} more" if more > 0 else "") or "–"
