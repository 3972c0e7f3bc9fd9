"""The tables ``significance``, ``wins`` and ``seeds``: where systems differ, how often, how surely."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from statistics import stdev
from typing import Any

from workflow_scripts.evaluate.significance.correction import LOSS, WIN, count_outcomes
from workflow_scripts.report.read.layout import BOTH, members
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.read.read_significance import Compared, Comparison
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.table import Block, Cells, Record, Shown, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import PAPER, decimal_mean, rounded, side_title, table_title

COLUMNS = [column.name for column in fields(Comparison)]
PLACE = ["testset", "profile", "metric"]
KEY = ["experiment", "system", "against", *PLACE]
WINS_COLUMNS = [*KEY, "side", "seed", "directions", "wins", "losses", "ties"]
_SPREADS = ("difference", "seed_sd", "sentence_sd", "mixed_sd")
SEEDS_COLUMNS = [*KEY, "direction", "seeds", *_SPREADS, "wins", "losses", "ties"]
BETTER, WORSE = "↑", "↓"


def significance_table(compared: Compared, plan: Plan, display: Display, level: float) -> Table:
    """Return the table of all tests; its frame is ``tables/significance.csv``."""
    frame = frame_of([list(vars(one).values()) for one in compared.comparisons], COLUMNS)

    def cell(row: Record) -> Shown:
        digits = display.digits(row)
        shown = [rounded(row[name], digits, sign=True) for name in ("difference", "low", "high")]
        marks = {WIN: BETTER, LOSS: WORSE}.get(row["outcome"], "")
        return Shown(f"{shown[0]} [{shown[1]}, {shown[2]}]", marks=marks)

    notes = [
        "Each cell: system - other with its 95 % confidence interval, of this direction alone (paired "
        "bootstrap over sentences, not corrected).",
        f"{BETTER} a win, {WORSE} a loss: p of approximate randomisation, after Holm's correction over "
        f"directions, is at most {level:g}; all others are ties. A win is the better score, of TER the lower "
        "one.",
        "csv and parquet have p of randomisation and of the paired bootstrap (which counts one side only), "
        "both uncorrected, after Holm and after Benjamini-Hochberg.",
        *unrounded_note(plan),
        *too_few_resamples(compared.resamples, compared.directions, level, display.as_options),
    ]
    blocks = _by_direction(records(frame), plan, cell, by_seed=True)
    title = f"Significance of differences in {plan.experiment}"
    return Table("significance", title, frame, blocks, notes, [], *_missing(compared))


def unrounded_note(plan: Plan) -> list[str]:
    """Return what a reader of the profile paper must know: the other tables differ in the last digit."""
    if PAPER not in plan.profiles:
        return []
    return [
        "In the profile paper too these differences are of unrounded scores; those of the other tables are "
        "of scores rounded to one decimal (COMET: four), so that +0.1 there may be +0.0 here."
    ]


def too_few_resamples(resamples: int, directions: int, level: float, as_option: bool = False) -> list[str]:
    """Return a warning where the smallest p of a test, 1 / (resamples + 1), is too large after Holm."""
    if not resamples or directions / (resamples + 1) <= level:
        return []
    needed = math.ceil(directions / level) - 1
    return [
        f"WARNING: {resamples} resamples are too few for {directions} directions: the smallest p-value, "
        f"corrected, is {directions / (resamples + 1):.3f}, so that all are ties; take at least {needed} "
        f"({'--resamples' if as_option else 'evaluation.significance.resamples'})."
    ]


def wins_table(compared: Compared, plan: Plan, display: Display, level: float) -> Table:
    """Return the table of wins, losses and ties by side."""
    sides = members(plan.directions, display.pivot, None)
    if len(sides) > 1:
        sides = {**sides, BOTH: list(plan.directions)}
    tests = [vars(one) for one in compared.comparisons]
    lines = [
        [*place, side, seed, len(said), *count_outcomes(said).values()]
        for place, rows in _grouped(tests, KEY)
        for side, directions in sides.items()
        for seed in plan.seeds
        if (said := [r["outcome"] for r in chosen(rows, seed=seed) if r["direction"] in directions])
    ]
    frame = frame_of(lines, WINS_COLUMNS)
    named = {side: "all directions" if side == BOTH else side_title(side, display.pivot) for side in sides}
    blocks = []
    for place, rows in _grouped(records(frame), [*PLACE, "against"]):
        cells: list[Cells] = []
        for system in dict.fromkeys(row["system"] for row in rows):
            parts = (chosen(rows, system=system, side=side) for side in sides)
            cells.append([system, *map(_counts, parts)])
        title = f"{table_title(*place[:3])}, against {place[3]}"
        blocks.append(Block("", ["system", *named.values()], cells, title))
    notes = ["Wins / losses / ties: directions, summed over seeds, by the rule of the table significance."]
    notes += too_few_resamples(compared.resamples, compared.directions, level, display.as_options)
    title = f"Wins, losses and ties in {plan.experiment}"
    return Table("wins", title, frame, blocks, notes, [], *_missing(compared))


def seeds_table(compared: Compared, plan: Plan, display: Display) -> Table:
    """Return the table of the spread over seeds beside that over sentences."""
    tests = [vars(one) for one in compared.comparisons]
    lines = [_spread(place, rows) for place, rows in _grouped(tests, [*KEY, "direction"])]
    frame = frame_of(lines, SEEDS_COLUMNS)

    def cell(row: Record) -> str:
        digits = display.digits(row)
        seed_sd = "n/a" if row["seed_sd"] is None else rounded(row["seed_sd"], digits)
        difference = rounded(row["difference"], digits, sign=True)
        return f"{difference} ({seed_sd}; {rounded(row['sentence_sd'], digits)})"

    notes = [
        "Each cell: mean difference over seeds (standard deviation over seeds; standard deviation over "
        "resampled sentences, root of the mean square over seeds). Of one seed the former is n/a.",
        "mixed_sd in the csv and parquet files: that of the mean over seeds if both kinds of chance were "
        "independent, √(sentence_sd² + seed_sd² / seeds).",
        *unrounded_note(plan),
    ]
    blocks = _by_direction(records(frame), plan, cell, by_seed=False)
    title = f"Differences over seeds and over sentences in {plan.experiment}"
    return Table("seeds", title, frame, blocks, notes, [], *_missing(compared))


def _missing(compared: Compared) -> tuple[int, int, str]:
    return len(compared.missing), compared.expected, "tests"


def _spread(place: tuple[Any, ...], rows: Sequence[Record]) -> list[Any]:
    differences = [row["difference"] for row in rows]
    seed_sd = stdev(differences) if len(rows) > 1 else None
    sentence_sd = math.sqrt(sum(row["sentence_sd"] ** 2 for row in rows) / len(rows))
    mixed = None if seed_sd is None else math.sqrt(sentence_sd**2 + seed_sd**2 / len(rows))
    counts = count_outcomes([row["outcome"] for row in rows])
    return [*place, len(rows), decimal_mean(differences), seed_sd, sentence_sd, mixed, *counts.values()]


def _counts(rows: Sequence[Record]) -> str:
    return " / ".join(str(sum(row[name] for row in rows)) for name in ("wins", "losses", "ties"))


def _by_direction(
    rows: Sequence[Record], plan: Plan, cell: Callable[[Record], str | Shown], by_seed: bool
) -> list[Block]:
    blocks = []
    for place, part in _grouped(rows, [*PLACE, "against", *(["seed"] if by_seed else [])]):
        systems = list(dict.fromkeys(row["system"] for row in part))
        places = {(row["direction"], row["system"]): row for row in part}
        lines: list[Cells] = [
            [direction, *(cell(places[direction, s]) if (direction, s) in places else "n/a" for s in systems)]
            for direction in plan.directions
            if any((direction, system) in places for system in systems)
        ]
        title = f"against {place[3]}" + (f", seed {place[4]}" if by_seed else "")
        blocks.append(Block(title, ["direction", *systems], lines, table_title(*place[:3])))
    return blocks


def _grouped(rows: Sequence[Record], keys: Sequence[str]) -> Iterable[tuple[tuple[Any, ...], list[Record]]]:
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return groups.items()
