"""Numbers of the table of units: over seeds, families and layers."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import mean, stdev
from typing import Any

from workflow_scripts.report.tables.units_page import most_different
from workflow_scripts.report.tables.writing import Digits, rounded

TENTHS, HUNDREDTHS = Digits(1), Digits(2)
#: More layers than this are shown as stacks.
MOST_LAYERS = 16


def shown_sets(units: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the mask set in which languages differ most, of each seed, the first one first."""
    first = most_different(units["sets"])
    return [one for one in units["sets"] if one["masks"] == first["masks"]]


def with_spread(values: Sequence[float], digits: Digits = TENTHS, unit: str = "") -> str:
    """Return "31.0", and of several values "31.0 ± 2.5": mean and standard deviation."""
    said = f"{rounded(mean(values), digits)}{unit}"
    return said if len(values) < 2 else f"{said} ± {rounded(stdev(values), digits)}"


def columns_of(layers: Mapping[str, int]) -> dict[str, list[str]]:
    """Return the columns of a table by layer, each with its layers; many layers are columns by stack and
    kind: ``encoder.ffn``."""
    if len(layers) <= MOST_LAYERS:
        return {layer: [layer] for layer in layers}
    found: dict[str, list[str]] = {}
    for layer in layers:
        stack, _, rest = layer.partition(".")
        found.setdefault(f"{stack}.{rest.partition('.')[2]}", []).append(layer)
    return found


def count(by_layer: Mapping[str, Sequence[int]]) -> int:
    """Return how many units are listed, over all layers."""
    return sum(map(len, by_layer.values()))


def own_units(sets: Sequence[Mapping[str, Any]], side: str) -> dict[str, list[int]]:
    """Return of each language how many units it alone keeps on a side, one number a seed."""
    found: dict[str, list[int]] = {}
    for one in sets:
        for language, units in one["sides"].get(side, {"own": {}})["own"].items():
            found.setdefault(language, []).append(count(units))
    return found


def overlaps(sets: Sequence[Mapping[str, Any]], side: str) -> dict[str, dict[tuple[str, str], list[float]]]:
    """Return, of each stack, the overlap of every two languages on a side, one IoU a seed."""
    found: dict[str, dict[tuple[str, str], list[float]]] = {}
    for one in sets:
        about = one["sides"].get(side)
        if about is None:
            continue
        languages = list(about["languages"])
        for key, matrix in about["iou"].items():
            if not key.endswith("mean"):
                continue
            pairs = found.setdefault(key.removesuffix(".mean"), {})
            for (row, first), (column, second) in combinations(enumerate(languages), 2):
                pairs.setdefault((first, second), []).append(matrix[row][column])
    return found


def by_family(
    pairs: Mapping[tuple[str, str], Sequence[float]], families: Mapping[str, str]
) -> tuple[list[float], list[float]]:
    """Return the overlap (mean over seeds) of pairs of languages within a family, and of those across two;
    languages of no family are in neither."""
    within: list[float] = []
    across: list[float] = []
    for (one, other), values in pairs.items():
        if one in families and other in families:
            (within if families[one] == families[other] else across).append(mean(values))
    return within, across
