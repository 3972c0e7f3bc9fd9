"""The table ``zero_shot``: directions that were not trained, with the share of output in a wrong language."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from workflow_scripts.common.checked_options import ALL, Groupings
from workflow_scripts.common.directions import split_direction
from workflow_scripts.report.read.read_scores import Plan, Reading
from workflow_scripts.report.tables.averages import Values, average, values_of, with_draws
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.health_table import OffTarget
from workflow_scripts.report.tables.summary import display_order, rows_of
from workflow_scripts.report.tables.table import Block, Cells, Record, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import Digits, metric_name, profile_title, rounded, written

OFF_TARGET, LENGTH = "off_target_rate", "length_ratio"
WITHIN, ACROSS = "within a group", "between groups"
PLACE = ["experiment", "testset", "profile", "grouping", "group", "system"]
COLUMNS = [*PLACE, "directions", "metric", "mean", "sd", "n"]
TENTHS = Digits(1)
NOTES = (
    "Directions that were not trained. Scores are of all outputs, also of those in a wrong language. Off "
    "target: the share of the outputs with a letter that are not in the target language. Length ratio: "
    "characters of outputs over those of references. Outputs without any letter have no rate: means "
    "that lack a direction say of how many they are.",
    "Each number: mean over directions, then mean ± standard deviation over seeds (number of seeds).",
)


def zero_shot_table(
    reading: Reading, rates: OffTarget | None, plan: Plan, groups: Groupings, display: Display
) -> Table:
    """Return the table of the plan's untrained directions; ``rates`` is None where no language was
    identified. ``groups``: each grouping parts them into directions within a group and between two."""
    lines: list[list[Any]] = []
    lacking: dict[str, None] = {}
    for testset, profile in product(plan.testsets, plan.profiles):
        had = [one for one in plan.directions_of(testset) if one in plan.untrained]
        by_metric = _values(reading, rates, plan, testset, profile)
        for grouping, group, directions in _parts(had, groups):
            for system in display_order(rows_of(plan)):
                its = [one for one in directions if one in plan.directions_of(testset, system)]
                if not its:
                    lacking.setdefault(system)
                    continue
                place = (plan.experiment, testset, profile, grouping, group, system)
                for metric, values in by_metric.items():
                    found = average(values, plan, testset, [directions], system)
                    number = _measured(values, plan, system, its)
                    lines.append([*place, number, metric, found.mean, found.sd, found.n])
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    blocks = [_block(part, display) for part in _sections(rows)]
    title = f"Directions of {plan.experiment} that were not trained"
    missing = len(reading.missing)
    skipped = [f"{system}: it does not translate the directions of every part" for system in lacking]
    return Table("zero_shot", title, frame, blocks, list(NOTES), skipped, missing, plan.size)


def _measured(values: Values, plan: Plan, system: str, directions: Sequence[str]) -> int:
    """Return how many directions have a value in each seed that has any: an output without a letter has no
    language, and a direction of such outputs no rate."""
    seeds = [seed for seed in plan.seeds if any((system, seed, one) in values for one in directions)]
    return sum(bool(seeds) and all((system, seed, one) in values for seed in seeds) for one in directions)


def _values(
    reading: Reading, rates: OffTarget | None, plan: Plan, testset: str, profile: str
) -> Mapping[str, Values]:
    """Return what is averaged: of each metric the scores, and the figures of health."""
    scores = [one for one in reading.scores if (one.testset, one.profile) == (testset, profile)]
    found = {
        metric: values_of([one for one in scores if one.metric == metric], plan) for metric in plan.metrics
    }
    off_target = {
        (system, seed, direction): entry[OFF_TARGET]
        for (system, seed, of, direction), entry in (rates or {}).items()
        if of == testset and entry[OFF_TARGET] is not None
    }
    lengths = {
        (row["system"], row["seed"], row["direction"]): row[LENGTH]
        for row in reading.health
        if (row["testset"], row["profile"]) == (testset, profile) and row.get(LENGTH) is not None
    }
    return found | {OFF_TARGET: with_draws(off_target, plan), LENGTH: with_draws(lengths, plan)}


def _parts(directions: Sequence[str], groups: Groupings) -> Iterator[tuple[str, str, list[str]]]:
    """Yield all directions, and of each grouping those within a group and those between two, if any."""
    if directions:
        yield ALL, ALL, list(directions)
    for grouping, by in groups.items():
        group_of = {language: group for group, languages in by.items() for language in languages}
        parts: dict[str, list[str]] = {WITHIN: [], ACROSS: []}
        for direction in directions:
            source, target = (group_of.get(language) for language in split_direction(direction))
            if source and target:
                parts[WITHIN if source == target else ACROSS].append(direction)
        yield from ((grouping, name, listed) for name, listed in parts.items() if listed)


def _sections(rows: Sequence[Record]) -> Iterator[list[Record]]:
    places = dict.fromkeys(tuple(row[key] for key in PLACE[:-1]) for row in rows)
    for place in places:
        yield chosen(rows, **dict(zip(PLACE[:-1], place, strict=True)))


def _block(rows: Sequence[Record], display: Display) -> Block:
    """A row for each system, a column for each metric, and the number of directions."""
    first = rows[0]
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    names = {OFF_TARGET: "off target", LENGTH: "length ratio"}
    header = ["system", *(names.get(one) or metric_name(one) for one in metrics), "directions"]
    lines: list[Cells] = []
    for system in dict.fromkeys(row["system"] for row in rows):
        own = chosen(rows, system=system)
        most = max(row["directions"] for row in own)
        cells = [_cell(row, display) + _fewer(row, most) for row in own]
        lines.append([display.label(system), *cells, str(most)])
    title = (
        "All untrained directions" if first["grouping"] == ALL else f"{first['grouping']}: {first['group']}"
    )
    return Block(title, header, lines, profile_title(first["testset"], first["profile"]))


def _fewer(row: Record, most: int) -> str:
    """Return " [1 of 2 directions]" of a mean over fewer directions than others of its row."""
    known = row["mean"] is not None and row["directions"] < most
    return f" [{row['directions']} of {most} directions]" if known else ""


def _cell(row: Record, display: Display) -> str:
    if row["metric"] == OFF_TARGET and row["mean"] is not None:
        spread = f" ± {rounded(100 * row['sd'], TENTHS)} ({row['n']})" if row["sd"] is not None else ""
        return f"{rounded(100 * row['mean'], TENTHS)}%{spread}"
    digits = Digits() if row["metric"] == LENGTH else display.digits(row)
    return written(row["mean"], row["sd"], row["n"], "not measured", digits)
