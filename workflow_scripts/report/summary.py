"""Averages of scores over directions and seeds, and differences between systems (spec 4.1, 5).

A **cell** is one system's average over the directions of one group and one side: for each seed the mean over
directions of the unrounded scores, then mean and standard deviation (n - 1 in the denominator) over seeds.
A difference is taken seed by seed, since a system of seed ``s`` starts from the baseline of seed ``s``.

A direction belongs to a group when all its languages but the pivot do: ``en-de`` and ``de-en`` to de's group,
``de-nl`` to the group that has both. The side "both" is the mean of the two sides, as in the paper's tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean, stdev

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError
from workflow_scripts.report.scores import Plan, Score, write_csv

OUT, INTO, BOTH, OTHER = "out of pivot", "into pivot", "both", "other"
ALL, DIRECTION = "all", "direction"  # the groupings that are always there; a user's grouping comes between
SWEEP = re.compile(r"(?P<family>.+)-k(?P<k>\d+(\.\d+)?)")
Groups = dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` seeds; ``sd`` is None for one seed. Where ``n`` is 0, ``reason`` says why."""

    mean: float | None
    sd: float | None
    n: int
    reason: str = ""


@dataclass(frozen=True)
class Cell:
    """One system in one group and side of one table (a table is a test set and a metric)."""

    experiment: str
    testset: str
    profile: str
    metric: str
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
    signature: str


@dataclass(frozen=True)
class Summary:
    """All cells, in the order of display, and what a reader must know beside them."""

    cells: list[Cell]
    skipped: list[str]  # groups and sides that no direction belongs to
    missing: int  # scores absent (only with --allow-partial)
    expected: int


CSV_COLUMNS = [
    *("experiment", "testset", "profile", "metric", "grouping", "group", "side", "system", "k"),
    *("directions", "scores", "scores_expected", "mean", "sd", "n"),
    *("baseline_difference", "baseline_difference_sd", "baseline_difference_n", "baseline_note"),
    *("continued_difference", "continued_difference_sd", "continued_difference_n", "continued_note"),
    "signature",
]


def estimate(values: Sequence[float]) -> Estimate:
    """Return mean, standard deviation (n - 1) and n of at least one value."""
    return Estimate(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def sweep_key(system: str) -> tuple[str, str] | None:
    """Return (family, k) of a system of a sweep, ``("ns", "97.5")`` for ``ns-k97.5``; None for others."""
    match = SWEEP.fullmatch(system)
    return (match["family"], match["k"]) if match else None


def display_order(systems: Sequence[str]) -> list[str]:
    """Return systems as given, but each sweep together, where its first member stood, with k ascending."""
    place: dict[str, int] = {}

    def key(item: tuple[int, str]) -> tuple[int, float]:
        position, system = item
        sweep = sweep_key(system)
        if sweep is None:
            return position, 0.0
        return place.setdefault(sweep[0], position), float(sweep[1])

    return [system for _, system in sorted(enumerate(systems), key=key)]


def side_of(direction: str, pivot: str) -> str:
    """Return the side of a direction: out of the pivot, into it, or other (without the pivot)."""
    source, target = split_direction(direction)
    return OUT if source == pivot else INTO if target == pivot else OTHER


def members(directions: Sequence[str], pivot: str, languages: Iterable[str] | None) -> dict[str, list[str]]:
    """Return the directions of each non-empty side; ``languages`` of a group, None for all."""
    allowed = None if languages is None else {*languages, pivot}
    sides: dict[str, list[str]] = {}
    for direction in directions:
        if allowed is None or set(direction.split("-")) <= allowed:
            sides.setdefault(side_of(direction, pivot), []).append(direction)
    return {side: sides[side] for side in (OUT, INTO, OTHER) if side in sides}


def layout(
    directions: Sequence[str], pivot: str, groups: Groups
) -> tuple[list[tuple[str, str, str, list[list[str]]]], list[str]]:
    """Return the rows of every table and what is left out.

    A row is (grouping, group, side, parts): its value is the mean over parts of the mean over a part's
    directions (one part, or the two sides for "both").
    """
    rows: list[tuple[str, str, str, list[list[str]]]] = []
    skipped: list[str] = []
    named: list[tuple[str, str, list[str] | None]] = [(ALL, ALL, None)]
    named += [(grouping, group, langs) for grouping, by in groups.items() for group, langs in by.items()]
    for grouping, group, languages in named:
        sides = members(directions, pivot, languages)
        expected = (OUT, INTO) if pivot else (OTHER,)
        absent = [side for side in expected if side not in sides]
        if absent:
            skipped.append(f"{grouping}/{group}: no direction {' and none '.join(absent)}")
        rows += [(grouping, group, side, [listed]) for side, listed in sides.items()]
        if OUT in sides and INTO in sides:
            rows.append((grouping, group, BOTH, [sides[OUT], sides[INTO]]))
    rows += [(DIRECTION, direction, side_of(direction, pivot), [[direction]]) for direction in directions]
    return rows, skipped


def summarise(
    scores: Sequence[Score],
    plan: Plan,
    pivot: str,
    groups: Groups,
    baseline: str = "baseline",
    control: str = "continued",
) -> Summary:
    """Average scores by group and side and compare systems.

    Args:
        scores: unrounded scores, at most one for each combination of the plan.
        plan: the systems, seeds, test sets, directions and metrics, in the order of display.
        pivot: language code, or "" for none (then every direction is on the side "other").
        groups: ``{"family": {"germanic": ["de", "nl"]}, …}``.
        baseline: system that the first difference is taken to.
        control: system that the second difference is taken to (continued training).

    Raises:
        UserError: one table holds two signatures.
    """
    rows, skipped = layout(plan.directions, pivot, groups)
    order = display_order(plan.systems)
    cells: list[Cell] = []
    for testset, profile in product(plan.testsets, plan.profiles):
        for metric in plan.metrics:
            wanted = (testset, profile, metric)
            table = [score for score in scores if (score.testset, score.profile, score.metric) == wanted]
            if not table:
                skipped.append(f"{testset}/{metric}, {profile} references: no score at all")
                continue
            values = {(score.system, score.seed, score.direction): score.score for score in table}
            signature = _single_signature(table)
            for grouping, group, side, parts in rows:
                for system in order:
                    listed = [direction for part in parts for direction in part]
                    found = sum((system, s, d) in values for s in plan.seeds for d in listed)
                    sweep = sweep_key(system)
                    cells.append(
                        Cell(
                            plan.experiment,
                            testset,
                            profile,
                            metric,
                            grouping,
                            group,
                            side,
                            system,
                            sweep[1] if sweep else "",
                            len(listed),
                            found,
                            len(listed) * len(plan.seeds),
                            _average(values, plan.seeds, parts, system),
                            _difference(values, plan, parts, system, baseline),
                            _difference(values, plan, parts, system, control),
                            signature,
                        )
                    )
    return Summary(cells, skipped, plan.size - len(scores), plan.size)


def _single_signature(table: Sequence[Score]) -> str:
    first = table[0]
    for score in table:
        if score.signature != first.signature:
            raise UserError(
                f"table {first.testset}/{first.metric}: two signatures, {first.signature!r} "
                f"({first.system} s{first.seed} {first.direction}) and {score.signature!r} "
                f"({score.system} s{score.seed} {score.direction}): their scores cannot be averaged"
            )
    return first.signature


def _average(
    values: dict[tuple[str, int, str], float], seeds: Sequence[int], parts: list[list[str]], system: str
) -> Estimate:
    by_seed = []
    for seed in seeds:
        means = [
            fmean(present)
            for part in parts
            if (present := [values[system, seed, d] for d in part if (system, seed, d) in values])
        ]
        # A side without any score would turn the mean of two sides into that of one.
        if len(means) == len(parts):
            by_seed.append(fmean(means))
    return estimate(by_seed) if by_seed else Estimate(None, None, 0, "scores missing")


def _difference(
    values: dict[tuple[str, int, str], float], plan: Plan, parts: list[list[str]], system: str, other: str
) -> Estimate:
    if system == other:
        return Estimate(None, None, 0, f"is {other}")
    if other not in plan.systems:
        return Estimate(None, None, 0, f"no system {other}")
    # In a partial table two systems may lack different directions: only those that both have are compared.
    differences = {
        (system, seed, direction): values[system, seed, direction] - values[other, seed, direction]
        for seed in plan.seeds
        for part in parts
        for direction in part
        if (system, seed, direction) in values and (other, seed, direction) in values
    }
    return _average(differences, plan.seeds, parts, system)


def write_summary_csv(path: str | Path, summary: Summary) -> None:
    """Write ``summary.csv``: one row a cell, unrounded; what does not exist is empty, a note says why."""

    def numbers(value: Estimate) -> list[float | int | None]:
        return [value.mean, value.sd, value.n]

    write_csv(
        path,
        CSV_COLUMNS,
        (
            [
                *(cell.experiment, cell.testset, cell.profile, cell.metric, cell.grouping, cell.group),
                *(cell.side, cell.system, cell.k, cell.directions, cell.scores, cell.scores_expected),
                *numbers(cell.value),
                *numbers(cell.to_baseline),
                cell.to_baseline.reason,
                *numbers(cell.to_control),
                cell.to_control.reason,
                cell.signature,
            ]
            for cell in summary.cells
        ),
    )
