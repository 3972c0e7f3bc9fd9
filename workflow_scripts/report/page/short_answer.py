"""The answer in a few sentences, each made from numbers of the sections below it."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Any

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.about import main_tests, of_seed
from workflow_scripts.report.page.document import Block, Code, Inline, Notice, Strong, Text, inlines, marked
from workflow_scripts.report.page.figures_of_units import (
    TENTHS,
    count,
    overlaps,
    own_units,
    shown_sets,
    with_spread,
)
from workflow_scripts.report.page.masks_section import counted, main_rows, of_masks
from workflow_scripts.report.page.material import Material, Record
from workflow_scripts.report.page.strongest_section import effects_of, nats, removals, signed
from workflow_scripts.report.page.units_section import family_pairs, name_of_side
from workflow_scripts.report.tables.units_page import unit_names
from workflow_scripts.report.tables.writing import metric_name, table_title

#: Systems whose sentence stands in the answer.
MOST_SYSTEMS = 3


def short_answer(material: Material) -> list[Block]:
    """Return the box; nothing where no number is there."""
    items = [*_units(material), *removal(material), *_masks(material), *_sure(material)]
    return [Notice("short", "In short", items)] if items else []


def _units(material: Material) -> Iterator[Text]:
    if material.units is None:
        return
    sets = shown_sets(material.units)
    layers = sets[0]["layers"]
    whole = sum(layers.values())
    for side, found in sets[0]["sides"].items():
        own = own_units(sets, side)
        ranked = sorted(own, key=lambda one: -mean(own[one]))
        most = [one for one in ranked if mean(own[one]) == mean(own[ranked[0]])]
        shared = [100 * count(one["sides"][side]["all"]) / whole for one in sets if side in one["sides"]]
        parts: list[Inline] = [Strong(f"Whose units, languages {name_of_side(side)}: ")]
        for place, name in enumerate(most[:MOST_SYSTEMS]):
            parts += [" and " if place else "", Code(name)]
        more = len(most) - MOST_SYSTEMS
        parts += [f" and {more:,} more"] if more > 0 else []
        parts.append(
            f" {'has' if len(most) == 1 else 'have'} the most units that no other language keeps"
            f" ({_number(own[most[0]])} of {whole:,} {unit_names(layers)}"
        )
        least = ranked[-1]
        if mean(own[least]) < mean(own[most[0]]):
            parts += ["; fewest: ", Code(least), f" {_number(own[least])}"]
        parts.append(f"); all {len(found['languages'])} languages share {with_spread(shared, TENTHS, '%')}.")
        if said := _families(material, sets, side):
            parts.append(f" {said}")
        yield tuple(parts)


def _number(values: Sequence[int]) -> str:
    return f"{values[0]:,}" if len(values) == 1 else with_spread(values)


def _families(material: Material, sets: Sequence[Mapping[str, Any]], side: str) -> str:
    """Say how much more languages of one family share, in the stack that belongs to the side."""
    stack = "decoder" if side.startswith(("out of", "as targets")) else "encoder"
    pairs = overlaps(sets, side).get(stack)
    said = family_pairs(pairs, material.facts) if pairs else ""
    return f"Overlap (IoU) in the {stack}: {said}." if said else ""


def removal(material: Material) -> Iterator[Text]:
    """Yield what languages lose without their strongest units; nothing where that was not measured."""
    found = [one for one in material.strongest if one["system"] == material.strongest[0]["system"]]
    effects = effects_of(found)
    if not effects:
        return
    own = {name: mean(one["own"]) for name, one in effects.items() if one["own"]}
    if not own:
        return
    others = [value for one in effects.values() for value in one["others"]]
    drawn = [value for one in effects.values() for value in one["random"]]
    ranked = sorted(own, key=lambda name: -own[name])
    parts: list[Inline] = [Strong("What they do: "), "without its strongest units (at most "]
    parts += [
        f"{removals(found)[0]['units']}) a language loses ",
    ]
    parts.append(f"{nats(list(own.values()), 'language')} nats a token")
    if len(ranked) > 1:
        parts += [
            " (most: ",
            Code(ranked[0]),
            f" {signed(own[ranked[0]])}, least: ",
            Code(ranked[-1]),
            f" {signed(own[ranked[-1]])})",
        ]
    if others:
        parts.append(f"; another language {nats(others, 'pair')}")
    if drawn:
        most = f", at most {signed(max(drawn))}" if len(drawn) > 1 else ""
        parts.append(f"; the language without as many random units {nats(drawn, 'draw')}{most}")
    yield (*parts, ".")


def _masks(material: Material) -> Iterator[Text]:
    if material.facts.outputs or material.controls is None:
        return
    facts = material.facts
    rows = [row for row in main_rows(material.controls) if row["sentence"]]
    if not rows:
        return
    yield (Strong("Did masks help? "), *inlines(counted(rows, facts)))
    for row in of_masks(rows, facts)[:MOST_SYSTEMS]:
        yield marked(row["sentence"])


def _sure(material: Material) -> Iterator[Text]:
    facts = material.facts
    if facts.outputs:
        yield from _tested(material)
    elif len(facts.seeds) == 1:
        yield (
            Strong("How sure? "),
            "One training: nothing here says how much of a difference is chance of the training. At least"
            " three seeds"
            " are needed (", Code("train.seeds"), ").",
        )  # fmt: skip
    else:
        yield (Strong("How sure? "), f"{len(facts.seeds)} trainings; ± is the standard deviation over them.")


def _measured(material: Material, row: Record) -> str:
    """What a test is of: the metric, and the test set where there are several."""
    if len(material.facts.testsets) > 1:
        return table_title(row["testset"], row["profile"], row["metric"])
    return metric_name(row["metric"])


def _tested(material: Material) -> Iterator[Text]:
    """Of outputs of others: in how many directions a test finds a difference."""
    rows = main_tests(material.wins or [])
    for row in rows[:MOST_SYSTEMS]:
        yield (
            Code(row["system"]),
            " against ",
            Code(row["against"]),
            f"{of_seed(rows, row)}, {_measured(material, row)}: better in {row['wins']:.0f} of"
            f" {number_of(int(row['directions']), 'direction')}, worse in {row['losses']:.0f}, no"
            " difference shown in"
            f" {row['ties']:.0f}.",
        )
    said = (
        "paired tests over sentences, corrected for the number of directions"
        if rows
        else "nothing was tested"
    )
    named = "" if rows else " (--baseline names the system to test against)"
    several = len(material.facts.seeds) > 1
    sets = f"{len(material.facts.seeds)} seeds" if several else "One set of outputs of each system"
    yield (Strong("How sure? "), f"{sets}; {said}{named}.")
