"""How scores of a system are averaged over directions and seeds, and compared with those of another system.

Systems that differ in a drawn mask set only are also one system: of each seed and direction the mean over
draws. A system that lacks directions is averaged over those that it has, and compared over those that both
have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from statistics import stdev

from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.tables.writing import decimal_difference, decimal_mean, stored

Values = dict[tuple[str, int, str], float]  # by system, seed and direction
Parts = list[list[str]]  # of directions: one, or the two sides
MISSING, NO_DIRECTIONS = "scores missing", "no such directions"


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` seeds; ``sd`` is None for one seed. Where ``n`` is 0, ``reason`` says why.
    ``directions``: of a difference of two systems, how many both have."""

    mean: float | None
    sd: float | None
    n: int
    reason: str = ""
    values: tuple[float, ...] = field(default=(), compare=False)  # of each seed
    directions: int = field(default=0, compare=False)


def estimate(values: Sequence[float]) -> Estimate:
    """Return mean, standard deviation (n - 1) and n of at least one value."""
    sd = stdev(values) if len(values) > 1 else None
    return Estimate(decimal_mean(values), sd, len(values), values=tuple(values))


def values_of(table: Sequence[Score], plan: Plan) -> Values:
    """Return what averages are of, from the scores of one test set, profile and metric."""
    return with_draws(
        {(one.system, one.seed, one.direction): stored(one.score, one.metric, one.profile) for one in table},
        plan,
    )


def with_draws(values: Values, plan: Plan) -> Values:
    """Return the values, and under the name of several draws their means, where all draws have one."""
    found = dict(values)
    for key, names in plan.draws.items():
        for seed, direction in product(plan.seeds, plan.directions):
            drawn = [values[one, seed, direction] for one in names if (one, seed, direction) in values]
            if len(drawn) == len(names):
                found[key, seed, direction] = decimal_mean(drawn)
    return found


def average(values: Values, plan: Plan, testset: str, parts: Parts, system: str, other: str = "") -> Estimate:
    """Return a system's mean over parts of the means over their directions, and over seeds.

    ``other``: of differences, the system that they are to. Without a number the estimate says why.
    """
    by_seed = []
    for seed in plan.seeds:
        means = [
            decimal_mean(present)
            for part in parts
            if (present := [values[system, seed, d] for d in part if (system, seed, d) in values])
        ]
        # A side without any score would turn the mean of two sides into that of one.
        if len(means) == len(parts):
            by_seed.append(decimal_mean(means))
    if by_seed:
        return estimate(by_seed)
    had = {*plan.directions_of(testset, system)} & {*plan.directions_of(testset, other)}
    return Estimate(
        None, None, 0, MISSING if all(had.intersection(part) for part in parts) else NO_DIRECTIONS
    )


def difference(values: Values, plan: Plan, testset: str, parts: Parts, system: str, other: str) -> Estimate:
    """Return a system's mean difference to another one, seed by seed, over the directions that both have."""
    if system == other:
        return Estimate(None, None, 0, f"is {other}")
    if other not in (*plan.systems, *plan.draws):
        return Estimate(None, None, 0, f"no system {other}" if other else "none is named")
    differences = {
        (system, seed, d): decimal_difference(values[system, seed, d], values[other, seed, d])
        for seed in plan.seeds
        for part in parts
        for d in part
        # Of two systems that lack different directions only those that both have are compared.
        if (system, seed, d) in values and (other, seed, d) in values
    }
    had = {*plan.directions_of(testset, system)} & {*plan.directions_of(testset, other)}
    shared = sum(direction in had for part in parts for direction in part)
    return replace(average(differences, plan, testset, parts, system, other), directions=shared)
