"""Turn the scores of an experiment into tables (spec 4.1 and 5; the paper's table 2 and figure 3).

In:  ``scores/{system}/s{seed}/{testset}.{profile}.json``, exactly those of the lists given.
Out: ``scores.csv`` (every score, unrounded), ``summary.csv`` (averages and differences, unrounded) and
     ``summary.md`` (the same for people, rounded).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, run_main
from workflow_scripts.files import write_text
from workflow_scripts.report.markdown import DECIMALS, render
from workflow_scripts.report.scores import RAW, Plan, read_scores, write_scores_csv
from workflow_scripts.report.summary import ALL, DIRECTION, Groups, summarise, write_summary_csv


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
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--baseline", default="baseline", help="system of the first difference")
    parser.add_argument("--control", default="continued", help="system of the second difference")
    parser.add_argument("--decimals", type=int, default=DECIMALS, help="digits in summary.md")
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
    plan = Plan(args.experiment, *lists)
    groups = read_groups(args.groups)
    scores = read_scores(args.scores_root, plan, args.allow_partial)
    summary = summarise(scores, plan, args.pivot, groups, args.baseline, args.control)
    out = Path(args.out_dir)
    write_scores_csv(out / "scores.csv", scores)
    write_summary_csv(out / "summary.csv", summary)
    write_text(out / "summary.md", render(summary, args.pivot, args.decimals, args.control))
    print(f"{len(scores)} of {plan.size} scores -> {out / 'summary.md'}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
