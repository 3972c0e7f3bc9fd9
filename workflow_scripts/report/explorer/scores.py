"""The scores of directions and their tests of significance, as the page has them."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from workflow_scripts.evaluate.metrics import METRICS
from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.read.read_significance import Comparison

#: Digits behind the point of what the page keeps: two more than it shows of any metric, since it subtracts
#: and rounds once more, and the tables round once.
DIGITS = 6


def digits_of(metric: str) -> int:
    """Return the digits to show: metrics of models are between 0 and 1, others up to 100."""
    return 2 if metric in METRICS else 4


def columns(scores: Sequence[Score], plan: Plan) -> list[dict[str, Any]]:
    """Return a column for each test set, profile of references, metric, system and seed: ``values`` by
    direction, null where there is none, and ``n``, the sentences of each direction."""
    place = {direction: number for number, direction in enumerate(plan.directions)}
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in scores:
        key = (one.testset, one.profile, one.metric, one.system, one.seed)
        column = found.setdefault(
            key,
            dict(zip(("testset", "profile", "metric", "system", "seed"), key, strict=True))
            | {"values": [None] * len(place), "n": [None] * len(place)},
        )
        column["values"][place[one.direction]] = round(one.score, DIGITS)
        column["n"][place[one.direction]] = one.n
    return list(found.values())


def tests(comparisons: Sequence[Comparison], plan: Plan, against: str) -> list[dict[str, Any]]:
    """Return the tests of every system against another: as ``columns``, with ``low`` and ``high`` (the 95 %
    interval of the difference), ``p`` (Holm's) and ``outcome`` by direction."""
    place = {direction: number for number, direction in enumerate(plan.directions)}
    found: dict[tuple[Any, ...], dict[str, list[Any]]] = defaultdict(
        lambda: {name: [None] * len(place) for name in ("low", "high", "p", "outcome")}
    )
    for one in comparisons:
        if one.against != against or math.isnan(one.p_holm):
            continue
        lists = found[one.testset, one.profile, one.metric, one.system, one.seed]
        where = place[one.direction]
        lists["low"][where], lists["high"][where] = round(one.low, DIGITS), round(one.high, DIGITS)
        lists["p"][where], lists["outcome"][where] = float(f"{one.p_holm:.3g}"), one.outcome
    names = ("testset", "profile", "metric", "system", "seed")
    return [dict(zip(names, key, strict=True)) | lists for key, lists in found.items()]
