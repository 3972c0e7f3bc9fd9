"""What is missing, how far the counts carry, and where to look next."""

from collections.abc import Iterator

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Code,
    Heading,
    Link,
    Notice,
    Para,
    Text,
    marked,
)
from workflow_scripts.report.page.figures_of_units import HUNDREDTHS, shown_sets
from workflow_scripts.report.page.material import Material
from workflow_scripts.report.page.strongest_section import NOT_ASKED, TURNED_OFF
from workflow_scripts.report.tables.writing import rounded

#: Masks of two samples of the text should agree so far. Where nothing measured it, so many sentences are
#: needed: on Multi30k masks of two samples of 200 sentences do in every direction, of 100 in none
#: (docs/how-to/read-results.md has the figures).
LEAST_IOU, LEAST_SENTENCES = 0.9, 200
MOST_MISSING, MOST_WARNINGS = 20, 8


def missing_notice(material: Material) -> list[Block]:
    """Return the box at the top of a page that lacks something; nothing of a whole one."""
    if not material.is_partial:
        return []
    return [Notice("partial", "PARTIAL: this page lacks results", list(_missing(material)))]


def _missing(material: Material) -> Iterator[Text]:
    if material.unfinished:
        jobs = sum(material.unfinished.values())
        rules = ", ".join(f"{rule} {number}" for rule, number in sorted(material.unfinished.items()))
        yield f"The last run ended before {number_of(jobs, 'job')} were done: {rules}."
    if material.scores_missing:
        lacking = number_of(material.scores_missing, "score")
        yield (
            f"The tables lack {lacking}; cells that lack some say how many, and differences are over what"
            " both systems have."
        )
    for name in material.missing[:MOST_MISSING]:
        yield ("Missing: ", Code(name))
    if (more := len(material.missing) - MOST_MISSING) > 0:
        yield f"… {more:,} more files"
    yield (
        "Nothing stands in their place. ",
        Code("make status CONFIG=…"),
        " says what failed; run again to go on.",
    )


def missing_section(material: Material) -> list[Block]:
    """Return the section: what the page lacks, and what would bring it."""
    facts = material.facts
    items: list[Text] = list(_missing(material)) if material.is_partial else []
    if facts.outputs:
        sets = " Seeds: one set of outputs for each system." if len(facts.seeds) < 2 else ""
        items.append(f"Masks, units and controls: hypotheses have none.{sets}")
    elif not material.strongest and not material.missing:
        items.append(TURNED_OFF.replace("`", "") if facts.without_analyses else NOT_ASKED)
    if not facts.outputs:
        if len(facts.seeds) == 1:
            items.append(
                "A spread over seeds: one seed. `train.seeds: [1, 2, 3]` brings it.".replace("`", "")
            )
        if not facts.groups:
            items.append("An order by family: the config has no groups. groups.family brings it.")
        if facts.masked and not facts.not_own:
            items.append(
                "Controls of masks: no system has random, shuffled or swapped masks, so that nothing says"
                " whether any mask of"
                " that size would do."
                " docs/how-to/mask-sets.md (rows: random, draws: 5) has the key."
            )
    return [
        Heading(2, "4. What is missing?"),
        Bullets(items) if items else Para("Nothing of what was asked for."),
    ]


def guidance_section(material: Material) -> list[Block]:
    """Return the section: warnings on counts, and links."""
    blocks: list[Block] = [Heading(2, "5. How far do the counts carry, and where to look next?")]
    warnings = counts_warnings(material)
    if warnings:
        blocks.append(Notice("warning", "Too few sentences", warnings))
    elif said := _counts_suffice(material):
        blocks.append(Para(said))
    blocks.append(
        Bullets(
            [(Link(name, name), f": {what}") if what else Link(name, name) for name, what in material.links]
        )
    )
    return blocks


def counts_warnings(material: Material) -> list[Text]:
    """Return a warning for each direction whose counts are of too few sentences, worst first."""
    if not material.stability and any(one.get("halves") for one in material.strongest):
        return [marked(line) for one in material.strongest for line in one.get("cautions", [])]
    found = _of_curves(material) if material.stability else _of_sizes(material)
    said = [text for _, text in sorted(found, key=lambda one: one[0])]
    more = len(said) - MOST_WARNINGS
    return said[:MOST_WARNINGS] + ([f"… {more:,} more directions"] if more > 0 else [])


def _of_curves(material: Material) -> Iterator[tuple[float, Text]]:
    for one in material.stability:
        for direction, entry in one["directions"].items():
            means = {k: sizes[-1]["mean_iou"] for k, sizes in entry["layers"].items() if k.endswith(".mean")}
            if not means:
                continue
            stack = min(means, key=lambda key: means[key])
            if means[stack] < LEAST_IOU:
                yield means[stack], (
                    Code(direction),
                    f" (seed {one['seed']}): masks of two samples of its {entry['sentences']:,} sentences"
                    " agree to"
                    f" {rounded(means[stack], HUNDREDTHS)} only ({stack.removesuffix('.mean')}); at least"
                    f" {LEAST_IOU:g} is needed before small differences between languages mean something."
                    " Count more"
                    " sentences.",
                )  # fmt: skip


def _of_sizes(material: Material) -> Iterator[tuple[float, Text]]:
    for direction, sentences in counted_sentences(material).items():
        if sentences < LEAST_SENTENCES:
            yield sentences, (
                Code(direction),
                f": {number_of(sentences, 'sentence')} counted. Masks of two texts of this size differ much"
                " by chance"
                f" alone: take at least {LEAST_SENTENCES}, or let ",
                Code("analysis.stability"), " say how much.",
            )  # fmt: skip


def counted_sentences(material: Material) -> dict[str, int]:
    """Return how many sentences the shown masks were counted on, by direction; none where it is unknown."""
    if material.units is None or not material.card:
        return {}
    first = shown_sets(material.units)[0]
    text = material.facts.texts.get(first["masks"], "")
    pairs = material.card.get("subsets", {}).get(text, {})
    sizes = {frozenset(pair.split("-")): entry["sentences"] for pair, entry in pairs.items()}
    found = {direction: sizes.get(frozenset(direction.split("-"))) for direction in first["kept"]}
    return {direction: size for direction, size in found.items() if size is not None}


def _counts_suffice(material: Material) -> Text:
    if material.stability:
        return (
            f"Masks of two samples of the counted sentences agree to at least {LEAST_IOU:g} in every"
            " direction"
            " (analysis/stability): overlaps of languages below that are more than chance of the sentences."
        )
    if halves := [one["halves"] for one in material.strongest if one.get("halves")]:
        worst = min(part["iou"] for one in halves for part in one["directions"].values())
        return (
            "Masks of two separate parts of the counted sentences agree to at least"
            f" {rounded(worst, HUNDREDTHS)} (IoU) in every direction; below {halves[0]['level']:g} this page"
            " would warn. ",
            Code("analysis.stability"), " gives the curve over numbers of sentences.",
        )  # fmt: skip
    sizes = counted_sentences(material)
    if not sizes:
        return ""
    return (
        f"Units were counted on {min(sizes.values()):,} or more sentences a direction. On Multi30k masks of"
        " two texts of"
        f" {LEAST_SENTENCES} sentences agree to {LEAST_IOU:g}; whether they do here is not known: ",
        Code("analysis.stability"), " measures it.",
    )  # fmt: skip
