"""Sections on what analyses found, each made from an analysis's own JSON: of encoders and language models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.common.task_tables import VALID
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Grid,
    Heading,
    Inline,
    Shaded,
    Text,
    cut,
    listed,
)
from workflow_scripts.report.tables.writing import HUNDREDTHS, Digits, rounded

#: Rows of a table, heads of a task, and languages of a matrix that the page shows.
MOST_ROWS, MOST_HEADS, MOST_LANGUAGES = 60, 8, 40
THOUSANDTHS, TENTHS = Digits(3), Digits(1)
UNDEFINED = "–"
#: The metric of pruned heads that is each task's own.
OWN = "metric"

Result = Mapping[str, Any]


def over(found: Result, digits: Digits = THOUSANDTHS, sign: bool = False) -> str:
    """Return mean ± standard deviation (n), the mean alone of one value; UNDEFINED where there is none."""
    if found["mean"] is None:
        return UNDEFINED
    mean = rounded(found["mean"], digits, sign)
    return mean if found["sd"] is None else f"{mean} ± {rounded(found['sd'], digits)} ({found['n']})"


def task_scores(results: Sequence[Result]) -> Iterator[Block]:
    """How well each system does each task, and whether heads of tasks come apart. ``results``: of
    ``tabulate_tasks``."""
    for result in results:
        parts = dict.fromkeys(part for parts in result["scores"].values() for part in parts)
        for part in sorted(parts, key=lambda one: one == VALID):  # the honest figures first
            there = {name: parts[part] for name, parts in result["scores"].items() if part in parts}
            tasks = next(iter(there.values()))
            rows: list[list[Cell]] = [
                [Code(name), *(over(found[task]) for task in tasks)] for name, found in there.items()
            ]
            named = [f"{task} ({one['metric']}, {one['examples']})" for task, one in tasks.items()]
            notes: list[Text] = []
            if part == VALID:
                notes.append("The checkpoint was chosen on these examples, so these figures are too good.")
            caption = (
                f"How well each task is done on {part} (metric, examples): mean ± standard deviation (seeds)."
            )
            yield Grid(caption, ["system", *named], rows, (0,), notes)
        if result["dissociation"]:
            yield _apart(result["dissociation"])


def _apart(found: Result) -> Grid:
    rows: list[list[Cell]] = []
    for system, sizes in found.items():
        for size, one in sizes.items():
            low, high = (_plain(one["random"][key]) for key in ("low", "high"))
            rows.append([Code(system), size, over(one, TENTHS), f"{low} to {high}", place(one)])
    caption = (
        "Do the heads of a task harm it more than they harm others? What a task loses without its most"
        " important heads, minus what the others lose by them, in percent of each one's own metric; mean over"
        " tasks. Random: 95 % of assignments of random heads to tasks."
    )
    return Grid(caption, ["system", "heads", "dissociation", "random", ""], rows, (0, 1, 4))


def place(found: Result) -> str:
    """Return where a dissociation stands among those of random heads."""
    value, low, high = found["mean"], found["random"]["low"], found["random"]["high"]
    if value is None or low is None or high is None:
        return "undefined"
    return "above random" if value > high else "below random" if value < low else "as random"


def _plain(value: float | None) -> str:
    return UNDEFINED if value is None else rounded(value, TENTHS)


def pruned_heads(results: Sequence[Result]) -> Iterator[Block]:
    """Which heads matter to which task, and every task without them. ``results``: of ``prune_tasks``."""
    for result in results:
        size = next(iter(result["sizes"]))
        file = f"analysis/prune_tasks/{result['system']}/s{result['seed']}.json"
        rows: list[list[Cell]] = []
        for task, by_size in result["pruned"].items():
            heads = by_size[size]
            more = len(heads) - MOST_HEADS
            shown: tuple[Inline, ...] = listed([Code(name) for name in heads[:MOST_HEADS]])
            after = result["matrices"][OWN][size][task]
            cells = [_number(after[other]) for other in after]
            rows.append([Code(task), (*shown, f" … {more} more") if more > 0 else shown, *cells])
        base = [_number(value) for value in result["base"][OWN].values()]
        rows = [["none", "", *base], *rows]
        shown_rows, notes = cut(rows, MOST_ROWS, "tasks", file)
        caption = (
            f"The most important heads of each task ({size}), and the metric of every task without them:"
            f" system {result['system']}, seed {result['seed']}, measured on {result['subset']}."
        )
        header = ["heads of", "heads", *result["base"][OWN]]
        yield Grid(caption, header, shown_rows, (0, 1), notes)


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else rounded(value, THOUSANDTHS)


def effects(results: Sequence[Result]) -> Iterator[Block]:
    """What each language loses without the units of each. ``results``: of ``effect_matrix``."""
    for result in results:
        yield from verdicts([result])
        for side, of_side in result["sides"].items():
            name, size = result["criteria"][0], next(iter(of_side["units"]))
            yield _matrix(result, side, name, size)


def _matrix(result: Result, side: str, name: str, size: str) -> Grid:
    of_side = result["sides"][side]
    languages = list(of_side["languages"])
    raw = of_side["sets"][name][size]["raw"]
    most = max((value for values in raw for value in values), default=0.0)
    rows: list[list[Cell]] = [
        [Code(language), *(_effect(value, most) for value in values[:MOST_LANGUAGES])]
        for language, values in zip(languages, raw, strict=True)
    ]
    rows, notes = cut(
        rows,
        MOST_LANGUAGES,
        "languages",
        f"analysis/effect_matrix/{result['system']}/s{result['seed']}.md",
    )
    caption = (
        f"Nats a token that a language (column) loses without the units of a language (row): {name}, {size}"
        f" of the {of_side['stack']}'s units, {side}, seed {result['seed']}, text {result['subset']}."
    )
    return Grid(caption, ["units of", *languages[:MOST_LANGUAGES]], rows, (0,), notes)


def _effect(value: float, most: float) -> Shaded:
    return Shaded(rounded(value, THOUSANDTHS, True), max(0.0, value) / most if most > 0 else 0.0)


def verdicts(results: Sequence[Result]) -> Iterator[Block]:
    """The analysis's own sentences, made from its numbers."""
    for result in results:
        of = f" (seed {result['seed']})" if len(results) > 1 else ""
        yield Bullets([f"{line}{of}." for line in result["verdicts"].values()])


def probes(results: Sequence[Result]) -> Iterator[Block]:
    """What is known where. ``results``: of ``fit_probes``."""
    rows: list[list[Cell]] = []
    for one in results:
        summary = one["probe"]["summary"]
        selectivity = over(summary["selectivity_all"]) if "selectivity_all" in summary else UNDEFINED
        rows.append(
            [
                *(Code(one["property"]), Code(one["system"]), str(one["seed"]), one["stack"]),
                *(over(summary["accuracy"]), over(summary["majority"]), selectivity),
                *(over(summary["minimal_units"], TENTHS), over(one["salient"]["centre"], HUNDREDTHS)),
            ]
        )
    rows, notes = cut(rows, MOST_ROWS, "probes", "analysis/fit_probes")
    notes.append(
        "Accuracy on held-out sentences beside that of the most frequent label; selectivity: accuracy minus"
        " that of labels drawn for word types. Mean ± standard deviation (splits by sentence)."
    )
    header = [
        "property",
        "system",
        "seed",
        "stack",
        "accuracy",
        "most frequent",
        "selectivity",
        "fewest units",
        "layer",
    ]
    yield Grid("What probes find in the units' values.", header, rows, (0, 1, 3), notes)


TASK_TABLES, EFFECTS = "neuronspec-task-tables-1", "neuronspec-effect-matrix-1"
#: Format of an analysis → the title of its section, and what makes it.
SECTIONS: Mapping[str, tuple[str, Callable[[Sequence[Result]], Iterator[Block]]]] = {
    TASK_TABLES: ("How well are the tasks done, and do their heads come apart?", task_scores),
    "neuronspec-prune-tasks-1": ("Which heads serve which task?", pruned_heads),
    EFFECTS: ("What does each language lose without the units of each?", effects),
    "neuronspec-ablation-1": ("Do the units that scores name matter more than random ones?", verdicts),
    "neuronspec-criteria-1": ("Which score names the units of a language?", verdicts),
    "neuronspec-probes-1": ("What do units know, and in which layer?", probes),
}


def sections(results: Sequence[Result]) -> Iterator[Block]:
    """Yield a section for each kind of analysis that is there, in the order of ``SECTIONS``."""
    for form, (title, make) in SECTIONS.items():
        if found := [one for one in results if one["format"] == form]:
            yield Heading(2, title)
            yield from make(found)


def in_short(results: Sequence[Result]) -> list[Text]:
    """Return the answer in a few sentences; none where no analysis can give one."""
    said: list[Text] = []
    for one in results:
        if one["format"] == TASK_TABLES:
            said += list(_apart_in_words(one["dissociation"]))
        elif one["format"] == EFFECTS:
            said += [f"{line} (seed {one['seed']})." for line in list(one["verdicts"].values())[:1]]
    return said


def _apart_in_words(found: Result) -> Iterator[Text]:
    for system, sizes in found.items():
        size, one = next(iter(sizes.items()))
        low, high = (_plain(one["random"][key]) for key in ("low", "high"))
        words = {
            "above random": "serve that task more than the others",
            "below random": "serve that task less than random heads do",
            "as random": "serve no task in a way that random heads would not",
        }
        said = words.get(place(one), "cannot be judged: a metric is undefined")
        figures = f"dissociation {over(one, TENTHS)}, random heads {low} to {high}"
        yield (Code(system), f": the heads ({size}) that score highest for a task {said} ({figures}).")
