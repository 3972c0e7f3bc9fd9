"""Whether masks added anything: the sentences of the table of controls, which are made from its numbers."""

from collections.abc import Sequence

from workflow_scripts.common.naming import number_of
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Grid,
    Heading,
    Para,
    Text,
    cut,
    marked,
)
from workflow_scripts.report.page.material import Facts, Material, Record
from workflow_scripts.report.read.layout import BOTH, main_side
from workflow_scripts.report.tables.sentences import BETTER, EQUAL, NOT_SHOWN, ONE_SEED, WORSE, shows
from workflow_scripts.report.tables.writing import digits_of, rounded, table_title, written

MOST_SENTENCES, MOST_ROWS = 12, 60
NO_CONTROL = (
    "Nothing says whether masks add anything to further training: no system was trained further with every"
    " unit"
    " kept. `systems: {continued: {masks: all}}` is that control."
)
NO_MASKED = (
    "No system of this experiment translates or is trained with masks, so that there is nothing to compare."
)
OUTSIDE = (
    "Not asked: of outputs that others made it is not known which system has masks, or which was trained"
    " further."
    " Differences between systems are in the first section."
)
WORDS = {
    BETTER: "better", WORSE: "worse", NOT_SHOWN: "without a difference that this design could detect",
    EQUAL: "with a difference that is the same in every seed",
    ONE_SEED: "not to be judged, since one training each cannot tell a difference from chance",
}  # fmt: skip
#: Systems that are named as better or worse.
MOST_NAMED = 6
NONE_TRIED = (
    " No random, shuffled or swapped masks were tried, so that nothing says whether any mask of that size"
    " would do."
)
UNRANKED = (
    "The table of controls has no sentence here: these scores are not to be compared. The warnings at the top"
    " say why."
)
ONE_SIDE = (" Those of one side alone may be: ", Code("tables/controls.md"), " has their sentences.")


def main_rows(rows: Sequence[Record]) -> list[Record]:
    """Return of each two systems the row of the first test set and metric that may be compared, or else of
    the first one; of both sides if it is there, and else its words say of which side alone it is."""
    told = [row for row in rows if row["sentence"]] or rows
    first = (told[0]["testset"], told[0]["profile"], told[0]["metric"]) if told else ()
    here = [row for row in rows if (row["testset"], row["profile"], row["metric"]) == first]
    found: dict[tuple[str, str], Record] = {}
    for row in here:
        key = (row["system"], row["against"])
        if row["difference"] is None:
            continue
        if key not in found or (row["side"] == BOTH and found[key]["side"] != BOTH):
            found[key] = row
    return [_named(row, main_side([row["side"] for row in here])) for row in found.values()]


def _named(row: Record, main: str) -> Record:
    """Return a row with ``pair``, what it is called, and words that say a side of its own, as the table's."""
    pair, said = f"{row['system']} − {row['against']}", row["sentence"]
    if row["side"] != main:
        pair, said = f"{pair} ({row['side']})", said and f"{said} ({row['side']} alone)"
    return {**row, "pair": pair, "sentence": said}


def masks_section(material: Material) -> list[Block]:
    """Return the section."""
    facts = material.facts
    blocks: list[Block] = [Heading(2, "3. Did masks add anything over the controls?")]
    if facts.outputs:
        return [*blocks, Para(OUTSIDE)]
    if material.controls is None:
        return [*blocks, Para(without_controls(material))]
    rows = main_rows(material.controls)
    if not any(row["sentence"] for row in rows):
        told = any(row["sentence"] for row in material.controls)
        return [*blocks, Para((UNRANKED, *(ONE_SIDE if told else ()))), _grid(rows)]
    said = [marked(row["sentence"]) for row in of_masks(rows, facts) if row["sentence"]]
    blocks.append(Para(counted(rows, facts)))
    shown: list[Text] = list(said[:MOST_SENTENCES])
    if len(said) > MOST_SENTENCES:
        shown.append((f"… {len(said) - MOST_SENTENCES} more sentences in ", Code("tables/controls.md"), "."))
    blocks += [Bullets(shown), _grid(rows)]
    if len({(row["testset"], row["profile"], row["metric"]) for row in material.controls}) > 1:
        blocks.append(Para(("Other test sets and metrics: ", Code("tables/controls.md"), ".")))
    return blocks


def without_controls(material: Material) -> Text:
    """Return why there is no table of controls."""
    if any("controls" in one for one in material.missing):
        return ("Missing: ", Code("tables/controls.csv"), ", each system against the controls.")
    return marked(NO_CONTROL if material.facts.masked else NO_MASKED)


def of_masks(rows: Sequence[Record], facts: Facts) -> list[Record]:
    """Return the rows of systems with masks: own ones first, and against the control before others."""
    masked = [row for row in rows if row["system"] in facts.masked]
    return sorted(masked, key=lambda row: (row["system"] in facts.not_own, row["against"] != facts.control))


def counted(rows: Sequence[Record], facts: Facts) -> Text:
    """Return how many systems with their own masks are better or worse than the control, or neither."""
    own = [row for row in of_masks(rows, facts) if row["system"] not in facts.not_own]
    judged = [row for row in own if row["against"] == facts.control and row["sentence"]]
    if not judged:
        return "No system with masks is compared with a control."
    found: dict[str, list[str]] = {}
    for row in judged:
        found.setdefault(shows(row), []).append(row["system"])
    said = "; ".join(
        f"{len(found[kind])} {words}{_in_brackets(found[kind]) if kind in (BETTER, WORSE) else ''}"
        for kind, words in WORDS.items()
        if kind in found
    )
    how = marked(f" ({facts.made[facts.control]})") if facts.control in facts.made else ()
    number = number_of(len(judged), "system")
    tried = "" if facts.not_own else NONE_TRIED
    return (f"{number} with masks, against ", Code(facts.control), *how, *marked(f": {said}.{tried}"))


def _in_brackets(systems: Sequence[str]) -> str:
    names = ", ".join(f"`{name}`" for name in systems[:MOST_NAMED])
    return f" ({names}{' …' if len(systems) > MOST_NAMED else ''})"


def _grid(rows: Sequence[Record]) -> Grid:
    lines: list[list[Cell]] = []
    for row in rows:
        digits = digits_of(row["metric"], row["profile"])

        def between(row: Record = row) -> str:
            if row["low"] is None:
                return "–"
            low, high = (
                rounded(row[name], digits_of(row["metric"], row["profile"]), sign=True)
                for name in ("low", "high")
            )
            return f"[{low}, {high}]"

        lines.append([
            row["pair"],
            written(row["difference"], row["sd"], row["n"], "", digits, sign=True),
            between(),
            "–" if row["detectable"] is None else f"±{rounded(row['detectable'], digits)}",
            "–" if row["above"] is None else f"{row['above']} of {row['draws']}",
        ])  # fmt: skip
    lines, notes = cut(lines, MOST_ROWS, "rows", "tables/controls.md")
    where = table_title(rows[0]["testset"], rows[0]["profile"], rows[0]["metric"]) if rows else ""
    caption = (
        f"{where}: difference, mean ± standard deviation (number of seeds); its 95 % interval; the smallest"
        " true"
        " difference that so many seeds find four times in five; how many random draws the system is better"
        " than."
    )
    header = ["system − other", "difference", "95 % interval", "detectable", "better than draws"]
    return Grid(caption, header, lines, notes=notes)
