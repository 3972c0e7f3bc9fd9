"""The table ``published``: our scores beside those that others published.

Both sides average the same directions: those that have a published score.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import DIRECTION, Groupings
from workflow_scripts.common.errors import UserError, nearest, terminal
from workflow_scripts.common.language_codes import one_of
from workflow_scripts.common.metric_names import metric_id, shown_name
from workflow_scripts.common.naming import is_line
from workflow_scripts.report.read.layout import BOTH, layout
from workflow_scripts.report.read.read_files import read_table
from workflow_scripts.report.read.read_scores import Plan, Score
from workflow_scripts.report.tables.averages import Estimate
from workflow_scripts.report.tables.display import Display, averaging_notes
from workflow_scripts.report.tables.summary import Cell, summarise
from workflow_scripts.report.tables.table import Block, Cells, Record, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import (
    Digits,
    decimal_difference,
    decimal_mean,
    rounded,
    side_title,
    table_title,
    written,
)

FILE_COLUMNS = ("system", "direction", "metric", "score")
COLUMNS = [
    *("experiment", "testset", "profile", "metric", "grouping", "group", "side", "system"),
    *("published_system", "directions", "ours", "sd", "n", "published", "difference"),
    "note",
]
SHAPE = '{"file": "published.csv", "systems": {"ours": "theirs"}}'
Values = dict[tuple[str, str, str], float]  # by system, direction and metric, named as our files do


@dataclass(frozen=True)
class Published:
    """What to compare with: ``systems`` is ours: theirs; ``testset`` and ``profile`` are ours."""

    file: str
    systems: dict[str, str]
    testset: str
    profile: str


def read_request(text: str, plan: Plan) -> Published:
    """Parse ``--published``: ``{"file": …, "systems": {ours: theirs}, "testset": …, "references": …}``.

    Raises UserError: not JSON or not of that shape, or a system, test set or profile that the plan has not.
    """
    try:
        given: Any = json.loads(text)
        file, systems = given["file"], given["systems"]
        testset, profile = given.get("testset"), given.get("references")
        if not isinstance(file, str) or not all(isinstance(theirs, str) for theirs in systems.values()):
            raise TypeError("file and systems are texts")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"--published: not of the shape {SHAPE} ({error})") from None
    testset = _one_of("testset", testset, plan.testsets)
    profile = _one_of("references", profile, plan.profiles)
    for ours in systems:
        if ours not in plan.systems:
            raise UserError(f"--published: no system {ours!r}{nearest(ours, plan.systems)}")
    for theirs in systems.values():
        if not is_line(theirs):
            raise UserError(f"--published: system {theirs!r}: a name is one line of text, without backticks")
    return Published(file, dict(systems), testset, profile)


def _one_of(what: str, value: Any, known: Sequence[str]) -> str:
    """Return a value that may be left out where there is one only."""
    if value is None and len(known) == 1:
        return known[0]
    if value not in known:
        said = "" if value is None else f", not {value!r}{nearest(str(value), known)}"
        raise UserError(f"--published: {what} must be one of {', '.join(known)}{said}")
    return str(value)


def read_published(request: Published, directions: Sequence[str] = ()) -> Values:
    """Return the numbers of the file, by the ids of ours where it spells a direction of these otherwise.

    Raises UserError: the file is absent or damaged, a number is there twice, or a system named is not in it.
    """
    if not Path(request.file).is_file():
        raise UserError(f"{request.file}: no such file, for published numbers (report.published.file)")
    values: Values = {}
    for number, row in enumerate(read_table(request.file, FILE_COLUMNS, ["score"]), start=2):
        # What they call COMET is our model of that name.
        metric = "comet" if row["metric"] == "COMET" else metric_id(row["metric"])
        key = (row["system"], one_of(row["direction"], directions), metric)
        if key in values:
            place = f"{row['system']} {row['direction']} {row['metric']}"
            raise UserError(f"{request.file}, line {number}: {place} is there twice")
        if not row["score"] or not math.isfinite(float(row["score"])):
            raise UserError(f"{request.file}, line {number}: score is {row['score']!r}, not a number")
        values[key] = float(row["score"])
    known = {system for system, _, _ in values}
    for theirs in request.systems.values():
        if theirs not in known:
            raise UserError(f"{request.file}: no system {theirs!r}{nearest(theirs, known)}")
    return values


def published_table(
    scores: Sequence[Score],
    plan: Plan,
    display: Display,
    groups: Groupings,
    request: Published,
    values: Values,
) -> Table:
    """Return the table; ``values`` is what ``read_published`` gives."""
    lines: list[list[Any]] = []
    skipped: list[str] = []
    file = terminal(request.file).replace("`", "'")  # which quotes code in a note
    expected = plan.directions_of(request.testset)
    for metric in plan.metrics:
        name = shown_name(metric)
        if metric not in {called for _, _, called in values}:
            skipped.append(f"{name}: {file} has no such metric")
            continue
        for ours, theirs in request.systems.items():
            own = {d: v for (system, d, called), v in values.items() if (system, called) == (theirs, metric)}
            there = [direction for direction in expected if direction in own]
            if absent := len(expected) - len(there):
                skipped.append(f"{name} of {theirs}: {absent} of our directions are not published")
            if there:
                wanted = ([request.testset], there, [metric], [request.profile])
                part = Plan(plan.experiment, [ours], plan.seeds, *wanted)
                lines += _lines(scores, part, display.pivot, groups, theirs, own)
    frame = frame_of(lines, COLUMNS)
    rows = records(frame)
    notes = [
        f"ours − published, of {file}; both average the directions that are published.",
        "Ours is the mean over seeds ± standard deviation (number of seeds); of one seed the number alone.",
        *averaging_notes(rows),
    ]
    blocks: list[Block] = []
    for metric in dict.fromkeys(row["metric"] for row in rows):
        blocks += _blocks(chosen(rows, metric=metric), request, display)
    title = f"{plan.experiment} beside published numbers"
    missing = plan.size - len(scores)
    return Table("published", title, frame, blocks, notes, skipped, missing, plan.size)


def _lines(
    scores: Sequence[Score], part: Plan, pivot: str, groups: Groupings, theirs: str, own: Mapping[str, float]
) -> list[list[Any]]:
    """``part``: of one system, test set, profile and metric, with the directions that are published."""
    place = (part.testsets, part.profiles, part.metrics, part.systems)
    ours = [one for one in scores if ([one.testset], [one.profile], [one.metric], [one.system]) == place]
    cells = summarise(ours, part, pivot, groups, "", "").cells
    parts = {row[:3]: row[3] for row in layout(part.directions, pivot, groups)[0]}
    return [_line(cell, theirs, own, parts[cell.grouping, cell.group, cell.side]) for cell in cells]


def _line(cell: Cell, theirs: str, own: Mapping[str, float], parts: list[list[str]]) -> list[Any]:
    published = decimal_mean([decimal_mean([own[direction] for direction in part]) for part in parts])
    complete = cell.scores == cell.scores_expected
    ours = cell.value if complete else Estimate(None, None, 0, "scores missing")
    difference = None if ours.mean is None else decimal_difference(ours.mean, published)
    return [
        *(cell.experiment, cell.testset, cell.profile, cell.metric, cell.grouping, cell.group, cell.side),
        *(cell.system, theirs, cell.directions, ours.mean, ours.sd, ours.n, published),
        *(difference, ours.reason),
    ]


def _blocks(rows: Sequence[Record], request: Published, display: Display) -> list[Block]:
    systems = list(dict.fromkeys(row["system"] for row in rows))
    spans = [(f"{system} / {request.systems[system]}", 3) for system in systems]
    section = table_title(request.testset, request.profile, rows[0]["metric"])
    blocks = []
    for title, label in (("Groups and sides", "group"), ("Single directions", "direction")):
        part = [row for row in rows if (row["grouping"] == DIRECTION) == (label == "direction")]
        places = {(row["grouping"], row["group"], row["side"], row["system"]): row for row in part}
        lines: list[Cells] = []
        for row in {place[:3]: row for place, row in places.items()}.values():
            side = "avg" if row["side"] == BOTH else side_title(row["side"], display.pivot)
            line: Cells = [row["group"] if label == "direction" else f"{row['group']}, {side}"]
            for system in systems:
                other = places.get((row["grouping"], row["group"], row["side"], system))
                line += _numbers(other, display.digits(other)) if other else ["n/a"] * 3
            lines.append(line)
        header = [label, *["ours", "published", "difference"] * len(systems)]
        blocks.append(Block(title, header, lines, section, spans))
    return blocks


def _numbers(row: Record, digits: Digits) -> Cells:
    ours = written(row["ours"], row["sd"], row["n"], row["note"] or "", digits)
    difference = "n/a" if row["difference"] is None else rounded(row["difference"], digits, sign=True)
    return [ours, rounded(row["published"], digits), difference]
