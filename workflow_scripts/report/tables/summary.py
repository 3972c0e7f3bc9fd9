"""Averages of scores over directions and seeds, and differences between systems.

A **cell** is one system's average over the directions of one group and side: for each seed the mean over
directions, then mean and standard deviation (n - 1 in the denominator) over seeds. A difference is taken seed
by seed, since a system of seed ``s`` starts from the baseline of seed ``s``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from workflow_scripts.common.checked_options import Groupings
from workflow_scripts.common.errors import UserError
from workflow_scripts.common.metric_names import shown_name
from workflow_scripts.report.read.layout import Row, layouts
from workflow_scripts.report.read.read_scores import Flags, Plan, Score
from workflow_scripts.report.tables.averages import Estimate, average, difference, values_of

SWEEP = re.compile(r"(?P<family>.+)-k(?P<k>\d+(\.\d+)?)")
TOKENIZER = re.compile(r"\|tok:[^|]*")


@dataclass(frozen=True)
class Cell:
    """One system in one group and side of one table (a table is a test set and a metric)."""

    experiment: str
    testset: str
    profile: str
    metric: str
    without: str  # name of the directions left out, "" for none
    grouping: str
    group: str
    side: str
    system: str
    k: str  # threshold of a sweep's system, "" for others
    directions: int
    scores: int  # found, of directions × seeds expected
    scores_expected: int
    value: Estimate
    to_baseline: Estimate
    to_control: Estimate
    signature: str  # of several directions, those there are
    flags: str  # directions that the metric's model does not know
    draws: tuple[float, ...] = ()  # of a system with several draws: the mean over seeds of each


@dataclass(frozen=True)
class Summary:
    """All cells, in the order of display, and what a reader must know beside them."""

    cells: list[Cell]
    skipped: list[str]  # groups and sides that no direction belongs to
    missing: int  # scores absent (only with --allow-partial)
    expected: int


_PLACE = ("experiment", "testset", "profile", "metric", "without", "grouping", "group", "side", "system", "k")
_COUNTS = ("directions", "scores", "scores_expected")
_PARTS = ("difference", "difference_sd", "difference_n", "note")
_AGAINST = [f"{other}_{part}" for other in ("baseline", "continued") for part in _PARTS]
CSV_COLUMNS = [*_PLACE, *_COUNTS, "mean", "sd", "n", *_AGAINST, "signature", "flags"]


def sweep_key(system: str) -> tuple[str, str] | None:
    """Return (family, k) of a system of a sweep, ``("ns", "97.5")`` for ``ns-k97.5``; None for others."""
    match = SWEEP.fullmatch(system)
    return (match["family"], match["k"]) if match else None


def display_order(systems: Sequence[str]) -> list[str]:
    """Return systems as given, but each sweep together at the place of its first member, k ascending."""
    place: dict[str, int] = {}

    def key(item: tuple[int, str]) -> tuple[int, float]:
        position, system = item
        sweep = sweep_key(system)
        if sweep is None:
            return position, 0.0
        return place.setdefault(sweep[0], position), float(sweep[1])

    return [system for _, system in sorted(enumerate(systems), key=key)]


def summarise(
    scores: Sequence[Score],
    plan: Plan,
    pivot: str,
    groups: Groupings,
    baseline: str = "baseline",
    control: str = "continued",
    without: Mapping[str, Sequence[str]] | None = None,
    flags: Flags | None = None,
) -> Summary:
    """Average scores by group and side and compare systems with ``baseline`` and ``control``.

    ``pivot``: language code, or "" (then every direction is on the side "other"). ``groups``: ``{"family":
    {"germanic": ["de", "nl"]}, …}``. ``without``: ``{"sindhi": ["sd-en", "en-sd"]}``, directions that further
    averages leave out. Raises UserError: two systems have different signatures in one direction, or two
    directions have some that differ in more than the tokenizer.
    """
    every, skipped = layouts(plan.directions, pivot, groups, without or {})
    own = {name: _layouts_of(plan, name, pivot, groups, without or {}) for name in plan.partial}
    skipped += [line for _, lines in own.values() for line in lines]
    order = display_order(rows_of(plan))
    cells: list[Cell] = []
    for testset, profile, metric in product(plan.testsets, plan.profiles, plan.metrics):
        wanted = (testset, profile, metric)
        table = [score for score in scores if (score.testset, score.profile, score.metric) == wanted]
        if not table:
            skipped.append(f"{testset}/{shown_name(metric)}, {profile} references: no score at all")
            continue
        values = values_of(table, plan)
        signatures = signatures_of(table)
        flagged = {d: said for (name, d), said in (flags or {}).items() if name == metric}
        for name, (grouping, group, side, parts) in own[testset][0] if testset in own else every:
            listed = [direction for part in parts for direction in part]
            place = (plan.experiment, *wanted, name, grouping, group, side)
            signature = "; ".join(dict.fromkeys(signatures[d] for d in listed if d in signatures))
            flag = "; ".join(dict.fromkeys(said for d in listed for said in flagged.get(d, [])))
            for system in order:
                sweep = sweep_key(system)
                its = [direction for direction in listed if direction in plan.directions_of(testset, system)]
                there = sum((system, s, d) in values for s in plan.seeds for d in its)
                counts = (len(its), there, len(its) * len(plan.seeds))
                of_each = [average(values, plan, testset, parts, one) for one in plan.draws.get(system, [])]
                estimates = (
                    average(values, plan, testset, parts, system),
                    difference(values, plan, testset, parts, system, baseline),
                    difference(values, plan, testset, parts, system, control),
                )
                k = sweep[1] if sweep else ""
                draws = tuple(one.mean for one in of_each if one.mean is not None)
                cells.append(Cell(*place, system, k, *counts, *estimates, signature, flag, draws))
    return Summary(cells, skipped, plan.size - len(scores), plan.size)


def rows_of(plan: Plan) -> list[str]:
    """Return the systems of tables of averages: draws are one, at the place of the first."""
    together = {name: key for key, names in plan.draws.items() for name in names}
    return list(dict.fromkeys(together.get(system, system) for system in plan.systems))


def _layouts_of(
    plan: Plan, testset: str, pivot: str, groups: Groupings, without: Mapping[str, Sequence[str]]
) -> tuple[list[tuple[str, Row]], list[str]]:
    directions = plan.directions_of(testset)
    there = {name: [one for one in excluded if one in directions] for name, excluded in without.items()}
    # Where none of the named ones is there, the averages without them would be those of all.
    kept = {name: named for name, named in there.items() if 0 < len(named) < len(directions)}
    rows, skipped = layouts(directions, pivot, groups, kept)
    said = (
        f"{testset}: averages are over the {len(directions)} of {len(plan.directions)} directions that it has"
    )
    return rows, [said, *(f"{testset}, {line}" for line in skipped)]


def signatures_of(table: Sequence[Score]) -> dict[str, str]:
    """Return each direction's signature, of the scores of one test set, profile and metric. Raises UserError:
    see ``summarise``."""
    first: dict[str, Score] = {}
    for score in table:
        other = first.setdefault(score.direction, score)
        if score.signature != other.signature:
            _refuse_signatures(score, other)
    representative = table[0]
    for score in first.values():
        # A tokenizer may be a target language's own.
        if TOKENIZER.sub("", score.signature) != TOKENIZER.sub("", representative.signature):
            _refuse_signatures(score, representative)
    return {direction: score.signature for direction, score in first.items()}


def _refuse_signatures(score: Score, other: Score) -> None:
    one, two = (f"{s.signature!r} ({s.system} s{s.seed} {s.direction})" for s in (other, score))
    raise UserError(
        f"table {score.testset}/{shown_name(score.metric)}: two signatures, {one} and {two}; score both again"
    )


def shared_notes(summary: Summary, others: Iterable[str]) -> list[str]:
    """Return a note for each of ``others`` that lacks directions or scores which differences to it lack, too.
    A cell says of its own system alone that it lacks some."""
    most: dict[tuple[str, ...], int] = {}
    placed = [((one.testset, one.without, one.grouping, one.group, one.side), one) for one in summary.cells]
    for place, cell in placed:
        most[place] = max(cell.directions, most.get(place, 0))
    lacking = {
        cell.system
        for place, cell in placed
        if cell.scores < cell.scores_expected or cell.directions < most[place]
    }
    return [
        f"`{name}` lacks some: differences to it are over the directions that both systems have."
        for name in others
        if name in lacking
    ]


def row_of(cell: Cell) -> list[Any]:
    """Return the values of ``CSV_COLUMNS``: what does not exist is None, a note says why."""
    return [
        *(getattr(cell, name) for name in (*_PLACE, *_COUNTS)),
        *(cell.value.mean, cell.value.sd, cell.value.n),
        *(cell.to_baseline.mean, cell.to_baseline.sd, cell.to_baseline.n, cell.to_baseline.reason),
        *(cell.to_control.mean, cell.to_control.sd, cell.to_control.n, cell.to_control.reason),
        *(cell.signature, cell.flags),
    ]
