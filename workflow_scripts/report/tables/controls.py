"""The table ``controls``: each system against the control, and against every system with several draws.

It answers whether a mask adds anything to further training, and whether any mask of that size would do.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import stdev
from typing import Any

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.evaluate.significance.correction import count_outcomes, higher_is_better
from workflow_scripts.evaluate.significance.power import detectable_difference
from workflow_scripts.report.read.layout import BOTH, layout, main_side
from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.read.read_significance import Compared, Comparison
from workflow_scripts.report.tables.averages import (
    NO_DIRECTIONS,
    Estimate,
    Parts,
    Values,
    difference,
    values_of,
)
from workflow_scripts.report.tables.display import Display, averaging_notes
from workflow_scripts.report.tables.draws import LEAST_DRAWS, interval
from workflow_scripts.report.tables.sentences import sentence
from workflow_scripts.report.tables.summary import display_order, rows_of
from workflow_scripts.report.tables.table import Block, Cells, Record, Table, frame_of, records, sections
from workflow_scripts.report.tables.writing import (
    HUNDREDTHS,
    decimal_mean,
    rounded,
    table_title,
    written,
)

PLACE = ["experiment", "testset", "profile", "metric", "side", "system", "against"]
OVER_SEEDS = ["difference", "sd", "n", "low", "high", "detectable"]
OVER_DRAWS = ["draws", "draws_sd", "draws_low", "draws_high", "z", "above"]
OUTCOMES = ["wins", "losses", "ties"]
COLUMNS = [*PLACE, "directions", *OVER_SEEDS, *OVER_DRAWS, *OUTCOMES, "note", "sentence"]
NOTES = (
    "Each row: system − other, seed by seed, over the directions that both have: mean ± standard deviation "
    "over seeds (number of seeds), the 95 % interval of that mean (t distribution; not corrected for the "
    "number of rows), and the smallest difference that so many seeds find four times in five (level 5 %).",
    "Draws: standard deviation of the difference over draws (number of draws), and its 95 % interval. z: how "
    f"many of these deviations the system is from the mean of at least {LEAST_DRAWS} draws; better than: so "
    "many draws.",
    "Wins / losses / ties: directions, summed over seeds and draws, by the rule of the table significance.",
    "The csv and parquet files have every side.",
)
ONE_SEED = (
    "WARNING: one seed. Trainings of other seeds differ by chance, and nothing here says how much: take at "
    "least three (train.seeds)."
)


#: By test set, profile, metric, system and the one that it is tested against.
Tested = defaultdict[tuple[str, str, str, str, str], list[Comparison]]


@dataclass(frozen=True)
class Place:
    """Where systems are compared: the directions of one side, with the values of one metric."""

    plan: Plan
    testset: str
    profile: str
    metric: str
    side: str
    parts: Parts
    values: Values

    def difference(self, system: str, other: str) -> Estimate:
        """Return the mean difference of two systems."""
        return difference(self.values, self.plan, self.testset, self.parts, system, other)

    def over_draws(self, system: str, other: str) -> list[float]:
        """Return the difference to each draw of ``other``; else of each draw of ``system`` to it, if any."""
        draws = self.plan.draws
        pairs = [(system, one) for one in draws.get(other, [])] or [
            (one, other) for one in draws.get(system, [])
        ]
        means = [self.difference(*pair).mean for pair in pairs]
        return [mean for mean in means if mean is not None]

    def directions(self, system: str, other: str) -> list[str]:
        """Return the directions of this place that both systems have."""
        had = [set(self.plan.directions_of(self.testset, one)) for one in (system, other)]
        return [one for part in self.parts for one in part if all(one in own for own in had)]


def controls_table(
    scores: Sequence[Score], plan: Plan, display: Display, compared: Compared | None = None
) -> Table:
    """Return the table; ``compared`` is None where no significance was tested."""
    tested: Tested = defaultdict(list)
    for one in compared.comparisons if compared else []:
        tested[one.testset, one.profile, one.metric, one.system, one.against].append(one)
    lines = [
        _line(place, *pair, display, tested)
        for place in _places(scores, plan, display.pivot)
        for pair in _pairs(plan, display)
    ]
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    blocks = [
        _block(
            list(_main_rows(listed)), display, table_title(*place), main_side([row["side"] for row in listed])
        )
        for place, listed in sections(rows)
    ]
    notes = [*(NOTES if len(plan.seeds) > 1 else (ONE_SEED, *NOTES)), *averaging_notes(rows)]
    title = f"Systems and controls of {plan.experiment}"
    return Table("controls", title, frame, blocks, notes, [], plan.size - len(scores), plan.size)


def compared_systems(systems: Sequence[str], baseline: str, control: str) -> list[str]:
    """Return the systems that have a row against the control; nothing where there is none."""
    return [one for one in systems if one not in (baseline, control)] if control in systems else []


def _pairs(plan: Plan, display: Display) -> list[tuple[str, str]]:
    """Return what is compared: each with the control, then with each system that has several draws."""
    systems = display_order(rows_of(plan))
    pairs = [(one, display.control) for one in compared_systems(systems, display.baseline, display.control)]
    others = [one for one in systems if one != display.baseline]
    return pairs + [(one, key) for key in plan.draws for one in others if one != key]


def _places(scores: Sequence[Score], plan: Plan, pivot: str) -> Iterator[Place]:
    for testset, profile, metric in product(plan.testsets, plan.profiles, plan.metrics):
        wanted = (testset, profile, metric)
        values = values_of([one for one in scores if (one.testset, one.profile, one.metric) == wanted], plan)
        for grouping, _, side, parts in layout(plan.directions_of(testset), pivot, {})[0]:
            if grouping == ALL:
                yield Place(plan, *wanted, side, parts, values)


def _line(place: Place, system: str, other: str, display: Display, tested: Tested) -> list[Any]:
    found = place.difference(system, other)
    within = interval(found.values)
    detectable = detectable_difference(found.values)
    drawn = place.over_draws(system, other)
    among = interval(drawn)
    sd = stdev(drawn) if among else None
    against_draws = other in place.plan.draws
    row: dict[str, Any] = {
        **dict(zip(PLACE, (place.plan.experiment, *_where(place), place.side, system, other), strict=True)),
        "directions": len(place.directions(system, other)),
        "difference": found.mean,
        "sd": found.sd,
        "n": found.n,
        "low": within.low if within else None,
        "high": within.high if within else None,
        "detectable": None if math.isnan(detectable) else detectable,
        "draws": len(drawn),
        "draws_sd": sd,
        "draws_low": among.low if among else None,
        "draws_high": among.high if among else None,
        "z": decimal_mean(drawn) / sd if against_draws and sd and len(drawn) >= LEAST_DRAWS else None,
        "above": _better(drawn, place.metric) if against_draws and drawn else None,
        **_outcomes(place, system, other, tested),
        "note": found.reason,
    }
    ranks = display.floor.ranks(place.testset, place.profile, place.side, place.metric)
    row["sentence"] = sentence(row) if ranks and found.mean is not None else ""
    return [row[column] for column in COLUMNS]


def _where(place: Place) -> tuple[str, str, str]:
    return place.testset, place.profile, place.metric


def _better(differences: Sequence[float], metric: str) -> int:
    return sum((one > 0) == higher_is_better(metric) for one in differences if one)


def _outcomes(place: Place, system: str, other: str, tested: Tested) -> dict[str, int | None]:
    """Return wins, losses and ties of a system or all its draws; None each where nothing was tested."""
    directions = place.directions(system, other)
    said = [
        one.outcome
        for drawn in place.plan.draws.get(system, [system])
        for one in tested[(*_where(place), drawn, other)]
        if one.direction in directions
    ]
    counts = count_outcomes(said).values() if said else [None] * len(OUTCOMES)
    return dict(zip(OUTCOMES, counts, strict=True))


def _main_rows(rows: Sequence[Record]) -> Iterator[Record]:
    """Yield of each two systems the row of the most comprehensive side: of both sides where both have
    directions there, else of the first side where they have."""
    pairs: dict[tuple[Any, Any], list[Record]] = {}
    for row in rows:
        pairs.setdefault((row["system"], row["against"]), []).append(row)
    for listed in pairs.values():
        by_side = sorted(listed, key=lambda row: row["side"] != BOTH)  # stable: the others keep their order
        yield next((row for row in by_side if row["note"] != NO_DIRECTIONS), by_side[0])


def _block(rows: Sequence[Record], display: Display, title: str, main: str) -> Block:
    lines = [_cells(row, display, main) for row in rows]
    header = ["system − other", "directions", "difference", "95 % interval", "detectable"]
    header += ["over draws", "interval of draws", "z", "better than", "wins / losses / ties"]
    # Of one seed the only sentences that say more than the warning are those of a place among draws.
    told = [row for row in rows if row["sentence"] and (row["n"] > 1 or row["above"] is not None)]
    notes = [row["sentence"] + (f" ({row['side']} alone)" if row["side"] != main else "") for row in told]
    return Block("", header, lines, title, notes=notes)


def _cells(row: Record, display: Display, main: str) -> Cells:
    digits = display.digits(row)

    def between(low: str, high: str) -> str:
        if row[low] is None:
            return "–"
        return f"[{rounded(row[low], digits, sign=True)}, {rounded(row[high], digits, sign=True)}]"

    over_draws = "–" if row["draws_sd"] is None else f"± {rounded(row['draws_sd'], digits)} ({row['draws']})"
    wins = "–" if row["wins"] is None else " / ".join(f"{row[name]:.0f}" for name in OUTCOMES)
    side = f" ({row['side']})" if main != row["side"] else ""
    return [
        f"{row['system']} − {row['against']}{side}",
        str(row["directions"]),
        written(row["difference"], row["sd"], row["n"], row["note"], digits, sign=True),
        between("low", "high"),
        "–" if row["detectable"] is None else f"±{rounded(row['detectable'], digits)}",
        over_draws,
        between("draws_low", "draws_high"),
        "–" if row["z"] is None else rounded(row["z"], HUNDREDTHS, sign=True),
        "–" if row["above"] is None else f"{row['above']:.0f} of {row['draws']}",
        wins,
    ]
