"""Turn the scores of an experiment into tables (spec 4.1 and 5; the paper's table 2 and figure 3).

In:  ``scores/{system}/s{seed}/{testset}.{profile}.json``, exactly those of the lists given.
Out: ``scores.csv`` (every score, unrounded), ``summary.csv`` (averages and differences, unrounded) and
     ``summary.md`` (the same for people, rounded).
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.report.direction_table import direction_table
from workflow_scripts.report.display import Display
from workflow_scripts.report.formats import write_table
from workflow_scripts.report.layout import ALL, DIRECTION, Groups
from workflow_scripts.report.rounding import DECIMALS
from workflow_scripts.report.scores import RAW, Plan, read_scores
from workflow_scripts.report.summary import summarise
from workflow_scripts.report.summary_table import summary_table


def read_groups(text: str) -> Groups:
    """Parse ``--groups``: ``{"family": {"germanic": ["de", "nl"]}}``.

    Raises:
        UserError: not JSON, not of that shape, or a grouping with the name of one that is always there.
    """
    try:
        groups: Any = json.loads(text)
    except ValueError as error:
        raise UserError(f"--groups: not JSON ({error})") from None
    shaped = isinstance(groups, dict) and all(
        isinstance(by, dict)
        and all(isinstance(langs, list) and all(isinstance(x, str) for x in langs) for langs in by.values())
        for by in groups.values()
    )
    if not shaped:
        raise UserError('--groups: not of the shape {"family": {"germanic": ["de", "nl"]}}')
    for name in (ALL, DIRECTION):
        if name in groups:
            raise UserError(f"--groups: {name!r} is always there, name the grouping otherwise")
    checked: Groups = groups
    return checked


def read_groups_of_directions(text: str) -> dict[str, list[str]]:
    """Parse ``--without``: ``{"sindhi": ["en-sd", "sd-en"]}``.

    Raises:
        UserError: not JSON or not of that shape.
    """
    try:
        named: Any = json.loads(text)
    except ValueError as error:
        raise UserError(f"--without: not JSON ({error})") from None
    if not isinstance(named, dict) or not all(
        isinstance(listed, list) and all(isinstance(one, str) for one in listed) for listed in named.values()
    ):
        raise UserError('--without: not of the shape {"sindhi": ["en-sd", "sd-en"]}')
    checked: dict[str, list[str]] = named
    return checked


def main(argv: list[str] | None = None) -> None:
    """Read the scores and write the three tables."""
    parser = argparse.ArgumentParser(prog="tabulate", description=__doc__.splitlines()[0])
    parser.add_argument("--scores-root", required=True, help="the experiment's folder scores/")
    parser.add_argument("--experiment", required=True)
    for name in ("systems", "testsets", "directions", "metrics"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--profiles", nargs="+", default=[RAW], help="references: raw, paper")
    parser.add_argument("--pivot", default="", help="pivot language; without it all directions are 'other'")
    parser.add_argument("--comet", nargs="+", default=[], help="those of --metrics that are COMET models")
    parser.add_argument("--comet-root", default="comet", help="the experiment's folder comet/")
    parser.add_argument("--without", default="{}", help='JSON: {"sindhi": ["en-sd", "sd-en"]}, left out')
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--baseline", default="baseline", help="system of the first difference")
    parser.add_argument("--control", default="continued", help="system of the second difference")
    parser.add_argument("--decimals", type=int, default=DECIMALS, help="digits of BLEU, chrF++, TER")
    parser.add_argument("--allow-partial", action="store_true", help="missing scores mark the tables PARTIAL")
    parser.add_argument("--out-dir", required=True)
    args = parser.parse_args(argv)
    for name in ("systems", "seeds", "testsets", "directions", "metrics", "profiles"):
        values = getattr(args, name)
        repeated = [value for value in dict.fromkeys(values) if values.count(value) > 1]
        if repeated:
            raise UserError(f"--{name}: {repeated[0]} is named twice")
    for direction in args.directions:
        split_direction(direction)

    lists = (args.systems, args.seeds, args.testsets, args.directions, args.metrics, args.profiles)
    plan = Plan(args.experiment, *lists, args.comet)
    for name in args.comet:
        if name not in args.metrics:
            raise UserError(f"--comet: {name} is none of --metrics{nearest(name, args.metrics)}")
    groups = read_groups(args.groups)
    without = read_groups_of_directions(args.without)
    reading = read_scores(args.scores_root, plan, args.allow_partial, args.comet_root)
    display = Display(args.pivot, args.decimals, args.baseline, args.control, without)
    compared = (args.baseline, args.control)
    summary = summarise(reading.scores, plan, args.pivot, groups, *compared, without, reading.flags)
    tables = [
        direction_table(reading.scores, plan, display, None, reading.flags),
        summary_table(summary, display),
    ]
    for table in tables:
        write_table(args.out_dir, table)
    written = ", ".join(table.name for table in tables)
    print(f"{len(reading.scores)} of {plan.size} scores -> {args.out_dir}: {written}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
