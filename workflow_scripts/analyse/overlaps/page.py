"""The comparison of mask sets as Markdown: the means of stacks; layers are in the CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflow_scripts.analyse.markdown_lines import heading, row
from workflow_scripts.analyse.means import mean_sd
from workflow_scripts.analyse.overlaps.crossed import most_alike
from workflow_scripts.analyse.overlaps.languages import MEAN
from workflow_scripts.analyse.overlaps.partitions import NOT_POSSIBLE
from workflow_scripts.analyse.overlaps.selections import DRAWS, SEEDS, SETS, SYSTEMS
from workflow_scripts.analyse.overlaps.tables import NOTHING, number, verdict

NONE = "–"
#: Pairs of rows that are shown of each stack.
MOST_ALIKE = 5
TITLES = {
    SETS: "Mask sets of one model",
    SYSTEMS: "One set of two systems",
    SEEDS: "One set of two seeds",
    DRAWS: "Draws of one set",
}
NOTES = {
    SEEDS: "Units of two trainings have no common numbering: chance is what to expect of their overlap."
    " What can agree is which languages share units, below.",
    DRAWS: "Two samples are compared with each other: one and the text that it was drawn from would overstate"
    " what another text gives.",
}


def markdown(result: Mapping[str, Any]) -> str:
    """Return the page: overlap by kind of comparison, structure, order of sets, and languages."""
    lines = [
        "# Overlap of mask sets",
        "",
        "Mean intersection over union (IoU) of the masks of the same direction, mean ± sd over comparisons"
        f" (n). Chance: its expectation for random masks of these sizes. Range: 95 % of {result['draws']}"
        " random exchanges of units. Largest: what these sizes allow. Others: IoU with the masks of other"
        " directions.",
    ]
    for kind, title in TITLES.items():
        found = [one for one in result["summary"] if one["kind"] == kind]
        if found:
            lines += ["", f"## {title}", "", *([NOTES[kind], ""] if kind in NOTES else []), *_overlap(found)]
        if kind == DRAWS and found:
            lines += ["", *_draws(result["draws_of_a_set"])]
    lines += _crossed(result)
    lines += _structure(result["summary"], result["level"])
    lines += _orders(result["order_of_sets"])
    lines += _samples(result["samples"])
    lines += _languages(result)
    return "\n".join(lines).rstrip() + "\n"


def _overlap(found: Sequence[Mapping[str, Any]]) -> list[str]:
    names = ["", "stack", "IoU", "n", "chance", "range", "largest", "others", "above chance", "largest p"]
    lines = heading(names)
    for one in found:
        if not one["layers"]:
            lines.append(row([_title(one), "no units in common", *[NONE] * (len(names) - 2)]))
        for layer, entry in _means(one["layers"]):
            lines.append(
                row(
                    [
                        _title(one),
                        layer,
                        _spread(entry["iou"]),
                        str(one["n"]),
                        number(entry["chance"]["mean"], NONE, 3),
                        f"{number(entry['low']['mean'], NONE, 3)}–{number(entry['high']['mean'], NONE, 3)}",
                        number(entry["largest"]["mean"], NONE, 3),
                        _spread(entry["others"]),
                        f"{entry['places']['above']} of {one['n']}",
                        f"{entry['largest_p']:.3f}",
                    ]
                )
            )
    return lines


def _draws(drawn: Mapping[str, Any]) -> list[str]:
    lines = ["Mean over all pairs of draws, interval of 95 % by the jackknife over draws:", ""]
    lines += heading(["set", "model", "stack", "draws", "IoU", "interval"])
    for key, models in drawn.items():
        for model, found in models.items():
            for layer, one in _means(found["layers"]):
                interval = "undefined" if one["low"] is None else f"{one['low']:.3f}–{one['high']:.3f}"
                lines.append(
                    row([key, model, layer, str(found["draws"]), f"{one['mean_iou']:.3f}", interval])
                )
    return lines


def _crossed(result: Mapping[str, Any]) -> list[str]:
    """The rows that are most alike, of sets whose rows are of other things."""
    lines: list[str] = []
    for one in result["summary"]:
        compared = [
            entry
            for entry in result["comparisons"]
            if (entry["kind"], entry["names"]) == (one["kind"], one["names"])
        ]
        lines += [
            row([_title(one), layer, first, second, f"{iou:.3f}", f"{chance:.3f}"])
            for layer, first, second, iou, chance in most_alike(compared, MOST_ALIKE)
        ]
    if not lines:
        return []
    return [
        "", "## Rows of other things", "",
        "Of sets without a common row, every row is compared with every row. The pairs of rows whose IoU is"
        " most above chance, mean over models; they are the best of many, so some are above it by chance.",
        "",
        *heading(["", "stack", "row", "other row", "IoU", "chance"]), *lines,
    ]  # fmt: skip


def _structure(summary: Sequence[Mapping[str, Any]], level: float) -> list[str]:
    lines = [
        "", "## Do they group languages alike?", "",
        "Correlation of the IoUs of all pairs of languages in one with those in the other. p: exchanges of"
        " languages, the largest of the comparisons.", "",
        *heading(["", "kind", "side", "stack", "r", "n", "largest p", "smallest possible p"]),
    ]  # fmt: skip
    for one in summary:
        for side, layers in one["structure"].items():
            for layer, entry in _means(layers):
                smallest = entry["smallest_possible_p"]
                impossible = f" ({NOT_POSSIBLE})" if smallest is not None and smallest > level else ""
                cells = [_title(one), one["kind"], side, layer]
                cells.append(_spread(entry["r"]) if entry["r"]["n"] else "undefined")
                cells += [str(entry["r"]["n"]), number(entry["largest_p"], NONE, 3)]
                lines.append(row([*cells, number(smallest, NONE, 3) + impossible]))
    return lines


def _orders(orders: Mapping[str, Any]) -> list[str]:
    if not orders:
        return []
    lines = ["", "## Which mask sets are alike", "", "Order by average linkage of 1 − IoU:", ""]
    return lines + [
        f"- {layer}: {_joined(found)}" for layers in orders.values() for layer, found in layers.items()
    ]


def _samples(samples: Mapping[str, Any]) -> list[str]:
    """The overlap of two samples of sentences: how much IoU the same selection of other text has."""
    if not samples:
        return []
    lines = [
        "", "## Two samples of sentences", "",
        "Of the stage `stability`: the ceiling for comparisons of masks of this text.", "",
        *heading(["set", "stack", "sentences", "IoU", "n"]),
    ]  # fmt: skip
    for name, by_layer in samples.items():
        for layer, sizes in by_layer.items():
            for size, one in sizes.items():
                lines.append(row([name, layer, size, _spread(one), str(one["n"])]))
    return lines


def _languages(result: Mapping[str, Any]) -> list[str]:
    lines = [
        "", "## Languages within each set", "",
        "Within and across groups of languages; of difference mean ± sd over models (n). p: the largest of"
        " these. Verdicts after Holm's correction over the stacks' means of a set.", "",
        *heading(
            ["set", "side", "grouping", "stack", "within", "across", "difference", "n", "p", "partitions",
             "verdict"]
        ),
    ]  # fmt: skip
    for name, labels in result["labels"].items():
        of_set = [result["languages"][label] for label in labels]
        for side, first in of_set[0].items():
            for grouping in first["groupings"]:
                tests = [one[side]["groupings"][grouping] for one in of_set]
                lines += _grouping_rows([name, side, grouping], tests, result["level"])
    lines += ["", "Order of languages by average linkage of 1 − IoU, mean over models:", ""]
    for name, sides in result["order_of_languages"].items():
        for side, layers in sides.items():
            lines += [f"- {name}, {side}, {layer}: {_joined(found)}" for layer, found in layers.items()]
    return lines


def _grouping_rows(start: list[str], tests: Sequence[Mapping[str, Any]], level: float) -> Iterator[str]:
    first = tests[0]
    if not first["layers"]:
        yield row([*start, *[NONE] * 6, str(first["partitions"]), NOTHING])
        return
    for layer, _ in _means(first["layers"]):
        entries = [test["layers"][layer] for test in tests]
        within, across = (mean_sd(one[name] for one in entries)["mean"] for name in ("within", "across"))
        verdicts = [verdict(test, layer, level) for test in tests]
        said = " / ".join(f"{one} ({verdicts.count(one)})" for one in dict.fromkeys(verdicts))
        if verdicts[0] == NOT_POSSIBLE:
            said = first["note"]
        yield row(
            [
                *start, layer, number(within, NONE, 3), number(across, NONE, 3),
                _spread(mean_sd(one["difference"] for one in entries)), str(len(entries)),
                f"{max(one['p'] for one in entries):.4f}", str(first["partitions"]), said,
            ]
        )  # fmt: skip


def _title(one: Mapping[str, Any]) -> str:
    first, second = one["names"]
    return first if first == second else f"{first} · {second}"


def _means(layers: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(layer, entry) for layer, entry in layers.items() if layer.endswith(MEAN)]


def _spread(one: Mapping[str, Any]) -> str:
    if one["mean"] is None:
        return NONE
    return f"{one['mean']:.3f}" + ("" if one["sd"] is None else f" ± {one['sd']:.3f}")


def _joined(found: Mapping[str, Any]) -> str:
    """An order, and the IoU at which the most alike and all of it join."""
    text = ", ".join(found["order"])
    if not found["joins"]:
        return text
    return f"{text} (first join at {found['joins'][0]['iou']:.3f}, last at {found['joins'][-1]['iou']:.3f})"
