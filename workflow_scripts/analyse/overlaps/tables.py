"""The comparison of mask sets as CSV: overlap, structure, groups of languages; a row for each layer."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflow_scripts.analyse.overlaps.partitions import NOT_POSSIBLE

FIGURES = ("iou", "chance", "low", "high", "largest", "others")
COLUMNS = (
    "kind", "one", "other", "comparisons", "layer", "iou", "sd", "chance", "low", "high", "largest", "others",
    "others_sd", "largest_p", "above", "within", "below",
)  # fmt: skip
STRUCTURE_COLUMNS = (
    "kind", "one", "other", "comparisons", "side", "layer", "r", "sd", "n", "largest_p",
    "smallest_possible_p",
)  # fmt: skip
GROUP_COLUMNS = (
    "masks", "side", "grouping", "layer", "within", "across", "difference", "effect_size", "p", "p_holm",
    "partitions", "smallest_possible_p", "verdict",
)  # fmt: skip
#: Verdicts on groups of languages.
SHOWN, NOT_SHOWN, NOTHING = "significant", "not shown", "nothing to compare"
#: In the place of a figure that is undefined.
UNDEFINED = ""


def number(value: float | None, undefined: str = UNDEFINED, digits: int = 6) -> str:
    """Return a figure as text."""
    return undefined if value is None else f"{value:.{digits}f}"


def csv_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the means of each kind of comparison, layer by layer."""
    for one in result["summary"]:
        for layer, entry in one["layers"].items():
            mean = {name: number(entry[name]["mean"]) for name in FIGURES}
            yield (
                one["kind"], *one["names"], str(one["n"]), layer, mean["iou"], number(entry["iou"]["sd"]),
                *(mean[name] for name in ("chance", "low", "high", "largest", "others")),
                number(entry["others"]["sd"]), number(entry["largest_p"]),
                *(str(entry["places"][place]) for place in ("above", "within", "below")),
            )  # fmt: skip


def structure_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield how alike languages are grouped, by kind of comparison, side and layer."""
    for one in result["summary"]:
        for side, layers in one["structure"].items():
            for layer, entry in layers.items():
                r = entry["r"]
                yield (
                    one["kind"], *one["names"], str(one["n"]), side, layer, number(r["mean"]),
                    number(r["sd"]), str(r["n"]), number(entry["largest_p"]),
                    number(entry["smallest_possible_p"]),
                )  # fmt: skip


def verdict(test: Mapping[str, Any], layer: str, level: float) -> str:
    """Return what a test of a grouping says of a layer; of a stack's mean after Holm's correction."""
    if not test["layers"]:
        return NOTHING
    if not test["can_be_significant"]:
        return NOT_POSSIBLE
    entry = test["layers"][layer]
    return SHOWN if entry.get("p_holm", entry["p"]) <= level else NOT_SHOWN


def group_rows(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the tests of groups of languages; a grouping with nothing to compare has a row without layer."""
    for label, sides in result["languages"].items():
        for side, found in sides.items():
            for grouping, test in found["groupings"].items():
                start, partitions = (label, side, grouping), str(test["partitions"])
                if not test["layers"]:
                    yield *start, *[UNDEFINED] * 7, partitions, UNDEFINED, NOTHING
                for layer, entry in test["layers"].items():
                    figures = ("within", "across", "difference", "effect_size", "p")
                    yield (
                        *start, layer, *(number(entry[name]) for name in figures),
                        number(entry.get("p_holm")), partitions, number(test["smallest_p"]),
                        verdict(test, layer, result["level"]),
                    )  # fmt: skip
