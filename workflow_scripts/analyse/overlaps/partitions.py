"""Is the overlap within groups of languages (families, scripts) larger than across? A test by permutation.

The labels of groups say nothing but which languages are together. What a test can tell apart is *partitions*:
with two families of two there are 3, so that no p can be below 1/3, whatever the masks are.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.analyse.overlap import compare
from workflow_scripts.analyse.permutations import relabel, smallest_p
from workflow_scripts.common.errors import UserError

NOT_POSSIBLE = "cannot be significant"


def count_partitions(sizes: Sequence[int]) -> int:
    """Return in how many ways languages can be parted into groups of these sizes, names left out."""
    ways = math.factorial(sum(sizes))
    for size in sizes:
        ways //= math.factorial(size)
    for alike in Counter(sizes).values():
        ways //= math.factorial(alike)
    return ways


def check_groups(groupings: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Refuse a language that is in two groups of a grouping, or in one twice."""
    for grouping, groups in groupings.items():
        counts = Counter(language for members in groups.values() for language in members)
        if twice := [language for language, times in counts.items() if times > 1]:
            raise UserError(f"--groups: {twice[0]!r} is more than once in the grouping {grouping!r}")


def labels_of(
    languages: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the languages that are in a group, and the number of each one's group, int64 [languages]."""
    numbers = {language: number for number, name in enumerate(groups) for language in groups[name]}
    grouped = [language for language in languages if language in numbers]
    return grouped, np.array([numbers[language] for language in grouped], dtype=np.int64)


def grouped_overlap(
    matrices: Mapping[str, NDArray[np.float64]],
    languages: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    permutations: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    """Return the test of one grouping on one side.

    ``matrices``: layer → IoU [languages, languages]. Languages of no group are left out and named.

    Returns:
        ``languages``: group → those that are there; ``ungrouped``; ``partitions``; ``smallest_p``;
        ``can_be_significant``: whether that is at most the level; ``note`` in words where it is not, or
        where there is nothing to compare; ``orders``, ``exact``; ``layers``: layer → ``within``, ``across``,
        ``difference``, ``effect_size`` and ``p`` as of the stage overlap.
    """
    grouped, labels = labels_of(languages, groups)
    names = list(groups)
    members: dict[str, list[str]] = {}
    for language, label in zip(grouped, labels.tolist(), strict=True):
        members.setdefault(names[label], []).append(language)
    result: dict[str, Any] = {
        "languages": members,
        "ungrouped": [language for language in languages if language not in grouped],
    }
    partitions = count_partitions([len(group) for group in members.values()])
    first, second = np.triu_indices(len(grouped), 1)
    same = labels[first] == labels[second]
    if not same.any() or same.all():
        return {
            **result,
            "partitions": partitions,
            "can_be_significant": False,
            "note": "no two languages within one group, or none across: nothing to compare",
            "layers": {},
        }
    orders, exact = relabel(labels.tolist(), permutations, seed)
    smallest = 1 / partitions if exact else max(1 / partitions, smallest_p(len(orders), exact))
    possible = smallest <= level
    if not possible:
        few = (
            f"{partitions} partition{'s' * (partitions != 1)}"
            if 1 / partitions > level
            else f"{len(orders)} orders"
        )
        result["note"] = f"{NOT_POSSIBLE}: {few}, smallest p {smallest:.2g}"
    together = orders[:, first] == orders[:, second]
    place = [list(languages).index(language) for language in grouped]
    layers = {
        layer: compare(matrix[np.ix_(place, place)][first, second], same, together, exact)
        for layer, matrix in matrices.items()
    }
    return {
        **result,
        "partitions": partitions,
        "smallest_p": smallest,
        "can_be_significant": possible,
        "orders": len(orders),
        "exact": exact,
        "layers": layers,
    }
