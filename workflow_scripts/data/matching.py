"""Pair items by topic, each item once in each of two passes, and check what such pairs promise."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
#: How often a pass is drawn again that cannot be mended, and how often one pair is exchanged with another.
MOST_PASSES, MOST_EXCHANGES = 50, 2000
PASSES = 2


@dataclass(frozen=True)
class Pairs:
    """``items`` int64 [pairs, 2]: the two items of each pair; ``same`` bool [pairs]: they have one topic."""

    items: Ints
    same: NDArray[np.bool_]


class NoPairs(ValueError):
    """A pass that cannot be made of what was drawn."""


def match_topics(topics: Ints, seed: int) -> Pairs:
    """Return two passes of pairs, in each first those of one topic, then those of two.

    ``topics``: int64 [items], the topic of each item, numbered from 0; a multiple of 4 items, at least 4 of
    a topic. The same seed gives the same pairs. Raises ValueError: no such pairs exist, or none was found.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    counts = np.bincount(topics)
    if len(topics) % 4 or counts.min() < 4:
        raise ValueError("a multiple of 4 items is needed, and 4 of each topic")
    taken: set[tuple[int, int]] = set()
    items: list[Ints] = []
    labels: list[bool] = []
    for _ in range(PASSES):
        for pairs, label in zip(_one_pass(topics, counts, taken, generator), (True, False), strict=True):
            taken.update(map(_key, pairs.tolist()))
            items.append(generator.permuted(pairs, axis=1)[generator.permutation(len(pairs))])
            labels += [label] * len(pairs)
    return Pairs(np.concatenate(items), np.array(labels))


def _one_pass(
    topics: Ints, counts: Ints, taken: set[tuple[int, int]], generator: np.random.Generator
) -> tuple[Ints, Ints]:
    for _ in range(MOST_PASSES):
        sizes = _sizes(counts, generator)
        same, rest = [], []
        for topic, size in enumerate(sizes.tolist()):
            drawn = generator.permutation(np.flatnonzero(topics == topic))
            same.append(drawn[:size].reshape(-1, 2))
            rest.append(drawn[size:])
        within = np.concatenate(same)
        try:
            _mend(within, lambda one, other: topics[one] == topics[other], taken, generator)
            across = generator.permutation(np.concatenate(rest)).reshape(-1, 2)
            _mend(across, lambda one, other: topics[one] != topics[other], taken, generator)
        except NoPairs:
            continue
        return within, across
    raise ValueError(f"no pairs were found in {MOST_PASSES} draws; add items, or take another seed")


def _sizes(counts: Ints, generator: np.random.Generator) -> Ints:
    """Return how many items of each topic are paired within it: even, half of all, nearly half of each."""
    sizes = counts // 4 * 2
    missing = (counts.sum() // 2 - sizes.sum()) // 2
    order = generator.permutation(len(counts))
    order = order[np.argsort(-(counts - 2 * sizes)[order], kind="stable")]
    sizes[order[:missing]] += 2
    # What is paired across topics may be of one topic to a half at most: a large one gets more pairs within.
    for _ in range(len(counts) + int(counts.max())):
        largest = int((counts - sizes).argmax())
        if 2 * (counts - sizes)[largest] <= counts.sum() - sizes.sum():
            return sizes
        givers = np.where(np.arange(len(counts)) == largest, -1, sizes)
        sizes[largest] += 2
        sizes[givers.argmax()] -= 2
        if givers.max() < 2 or sizes[largest] > counts[largest]:
            break
    raise ValueError(
        f"topic {int(counts.argmax())} has {int(counts.max())} of {int(counts.sum())} items: as many"
        " different as same pairs cannot be made; leave some of it out, or add other ones"
    )


def _mend(pairs: Ints, right: Any, taken: set[tuple[int, int]], generator: np.random.Generator) -> None:
    """Exchange items of pairs (int64 [pairs, 2], in place) until each is right and none is taken.

    Raises NoPairs where that does not succeed.
    """

    def good(one: int, other: int) -> bool:
        return bool(right(one, other)) and _key((one, other)) not in taken

    found = pairs.tolist()
    for place, (one, other) in enumerate(found):
        if good(one, other):
            continue
        for partner in generator.integers(len(found), size=MOST_EXCHANGES).tolist():
            its_one, its_other = found[partner]
            if partner == place:
                continue
            # A pair further on that is not right either may stay so: its own turn comes.
            if good(one, its_one) and (good(other, its_other) or partner > place):
                found[place], found[partner] = [one, its_one], [other, its_other]
                break
        else:
            raise NoPairs
    pairs[:] = np.array(found).reshape(-1, 2)


def _key(pair: Any) -> tuple[int, int]:
    one, other = pair
    return (one, other) if one < other else (other, one)


def check_pairs(pairs: Pairs, topics: Ints) -> dict[str, Any]:
    """Return what pairs are, after a check of all that they promise; ``topics``: as of ``match_topics``.

    Returns:
        ``pairs``, ``same``, ``different``, ``items``, and ``same_pairs_of_an_item``: in how many pairs of
        the same topic an item is (0, 1 or 2) → how many items.
    Raises ValueError: as many same as different pairs, each item in two pairs and once in each half of the
    list, two items a pair, no pair twice, labels by topic, no different pair among items that same pairs
    connect.
    """
    number, (one, other) = len(topics), pairs.items.T
    half = len(pairs.items) // 2
    keys = list(map(_key, pairs.items.tolist()))
    roots = _connected(pairs.items[pairs.same], number)
    everyone = np.arange(number)
    promises = {
        "as many same as different pairs": 2 * int(pairs.same.sum()) == len(pairs.same) == number,
        "no item is paired with itself": bool((one != other).all()),
        "each item is in two pairs": bool((np.bincount(pairs.items.ravel(), minlength=number) == 2).all()),
        "no pair is there twice": len(set(keys)) == len(keys),
        "labels are those of topics": bool(((topics[one] == topics[other]) == pairs.same).all()),
        "same pairs connect no different pair": bool((roots[one] != roots[other])[~pairs.same].all()),
        "each pass has every item once": all(
            np.array_equal(np.sort(part.ravel(), kind="stable"), everyone)
            for part in (pairs.items[:half], pairs.items[half:])
        ),
    }
    if broken := [promise for promise, kept in promises.items() if not kept]:
        raise ValueError(f"not so: {'; '.join(broken)}")
    how_often = Counter(np.bincount(pairs.items[pairs.same].ravel(), minlength=number).tolist())
    return {
        "pairs": len(keys),
        "same": int(pairs.same.sum()),
        "different": int((~pairs.same).sum()),
        "items": number,
        "same_pairs_of_an_item": {str(times): how_often[times] for times in (0, 1, 2)},
        "checked": list(promises),
    }


def _connected(pairs: Ints, number: int) -> Ints:
    """Return for each item the lowest item that pairs connect it with, int64 [items]."""
    roots = list(range(number))

    def root(item: int) -> int:
        while roots[item] != item:
            roots[item] = roots[roots[item]]
            item = roots[item]
        return item

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        roots[high] = low
    return np.array([root(item) for item in range(number)])
