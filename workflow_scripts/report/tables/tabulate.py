"""Turn what was evaluated of an experiment into its tables (the paper's tables).

Exactly the systems, test sets and directions of the options are read. Tables of an earlier call that are not
written now are removed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from workflow_scripts.common.checked_options import (
    is_list_of_texts,
    json_object,
    lists_of_texts,
    named_once,
    read_groups,
)
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.common.naming import check_names
from workflow_scripts.evaluate.significance.correction import DEFAULT_LEVEL
from workflow_scripts.report.read.asked_plan import asked_plan
from workflow_scripts.report.read.ceilings import read_ceilings
from workflow_scripts.report.read.counted import cautions_on_counts
from workflow_scripts.report.read.published import published_table, read_published, read_request
from workflow_scripts.report.read.read_scores import RAW, Plan, read_scores
from workflow_scripts.report.read.read_significance import marks_of, read_significance
from workflow_scripts.report.read.system_costs import read_ways
from workflow_scripts.report.tables.cautions import NO_CEILINGS, cautions, floor_of, unranked
from workflow_scripts.report.tables.choice import choice_table, sweep_of
from workflow_scripts.report.tables.controls import compared_systems, controls_table
from workflow_scripts.report.tables.costs import caution_on_engines, costs_table
from workflow_scripts.report.tables.display import Display
from workflow_scripts.report.tables.draws import caution_on_draws
from workflow_scripts.report.tables.group_tables import differences_table, groups_table, interference_table
from workflow_scripts.report.tables.health_table import health_table, read_off_target
from workflow_scripts.report.tables.likelihood_tables import contrastive_table, likelihood_table
from workflow_scripts.report.tables.score_tables import direction_table, summary_table
from workflow_scripts.report.tables.significance_tables import seeds_table, significance_table, wins_table
from workflow_scripts.report.tables.summary import summarise
from workflow_scripts.report.tables.table import Table, remove_others, write_table
from workflow_scripts.report.tables.zero_shot import zero_shot_table


def read_without(text: str) -> dict[str, list[str]]:
    """Parse ``--without``: ``{"sindhi": ["en-sd", "sd-en"]}``. Raises UserError: not JSON, not of that shape,
    or a name that cannot be one."""
    example = {"sindhi": ["en-sd", "sd-en"]}
    without = json_object(
        "without", text, example, lambda found: all(found) and all(map(is_list_of_texts, found.values()))
    )
    check_names("--without:", without)
    return without


def read_plan(args: argparse.Namespace) -> Plan:
    """Return what the tables must cover. Raises UserError: a name is there twice or invalid, a direction is
    invalid, or a name is not of those it must be of."""
    plan = asked_plan(args, ["contrastive"])
    if args.bilingual is not None and args.bilingual not in args.systems:
        raise UserError(f"--bilingual: no system {args.bilingual!r}{nearest(args.bilingual, args.systems)}")
    draws = read_draws(args.draws, args.systems)
    own = plan.partial_systems
    own = own | {key: own[names[0]] for key, names in draws.items() if names[0] in own}
    for direction in args.untrained:
        if direction not in args.directions:
            raise UserError(f"--untrained: no direction {direction}{nearest(direction, args.directions)}")
    return replace(plan, partial_systems=own, draws=draws, untrained=args.untrained)


def read_draws(text: str, systems: Sequence[str]) -> dict[str, list[str]]:
    """Parse ``--draws``: ``{"random": ["random-1", "random-2"]}``. Raises UserError: not of that shape, a
    name that is also a system's, or a draw that is no system or is named twice."""
    draws = json_object("draws", text, {"random": ["random-1", "random-2"]}, lists_of_texts)
    check_names("--draws:", draws)
    drawn = [name for names in draws.values() for name in names]
    named_once("draws", drawn)
    for key, names in draws.items():
        if key in systems and names != [key]:  # a system of one draw has its own name
            raise UserError(f"--draws: {key!r} is one system; a name of several is needed")
    for name in drawn:
        if name not in systems:
            raise UserError(f"--draws: no system {name!r}{nearest(name, systems)}")
    return draws


def tables_of(args: argparse.Namespace, plan: Plan) -> tuple[list[Table], list[str]]:
    """Read everything; return the tables, and the notes at the top of each."""
    groups, without = read_groups(args.groups), read_without(args.without)
    request = read_request(args.published, plan) if args.published else None
    values = read_published(request, plan.directions) if request else {}
    reading = read_scores(args.scores_root, plan, args.allow_partial, args.comet_root)
    compared = rates = None
    missing = len(reading.missing)
    expected = plan.size
    if args.significance_root:
        names = (args.baseline, args.control)
        compared = read_significance(args.significance_root, plan, *names, args.level, args.allow_partial)
    if args.off_target_root:
        rates, absent = read_off_target(args.off_target_root, plan, args.allow_partial)
        missing, expected = missing + len(absent), expected + len(rates) + len(absent)
    floor = floor_of(reading, plan, args.pivot, args.baseline)
    compared = unranked(compared, floor, args.pivot) if compared else None
    root = args.ceiling_root
    ceilings = read_ceilings(root, plan, args.pivot, groups, without) if root else NO_CEILINGS
    others = (args.baseline, args.control)
    drawn = {key: len(names) for key, names in plan.draws.items()}
    sweeps = [sweep_of(name, args.systems_root, plan) for name in args.choose]
    best = {sweep.chosen for sweep in sweeps if sweep.chosen}
    display = Display(args.pivot, *others, without, floor, ceilings, args.as_options, drawn, best)
    found = compared.comparisons if compared else []
    marks = marks_of(found, len(plan.seeds), args.control, plan.draws) if compared else None
    summary = summarise(reading.scores, plan, args.pivot, groups, *others, without, reading.flags)
    tables = [
        direction_table(reading.scores, plan, display, marks, reading.flags),
        summary_table(summary, display),
        groups_table(summary, display),
        differences_table(summary, display),
        interference_table(reading.scores, plan, display, groups, args.bilingual, reading.flags),
        health_table(reading.health, plan, rates, missing, expected, args.as_options),
    ]
    if compared:
        tables += [make(compared, plan, display, args.level) for make in (significance_table, wins_table)]
        tables.append(seeds_table(compared, plan, display))
    if compared_systems(plan.systems, args.baseline, args.control):
        tables.append(controls_table(reading.scores, plan, display, compared))
    if sweeps:
        tables.append(choice_table(sweeps, summary, display))
    if plan.untrained:
        tables.append(zero_shot_table(reading, rates, plan, groups, display))
    ways = read_ways(args.costs, plan.systems) if args.costs else {}
    if ways:
        tables.append(costs_table(ways, args.systems_root, args.benchmarks_root, plan, display))
    if args.likelihood_root:
        tables.append(likelihood_table(args.likelihood_root, plan, args.allow_partial))
    if args.contrastive:
        tables.append(contrastive_table(args.contrastive_root, plan, args.contrastive, args.allow_partial))
    if request:
        tables.append(published_table(reading.scores, plan, display, groups, request, values))
    notes = cautions(reading, plan, floor, args.pivot, args.baseline, args.as_options, ceilings)
    notes += [*caution_on_draws(plan), *caution_on_engines(ways, args.baseline)]
    notes += cautions_on_counts(args.strongest)
    return [replace(table, notes=[*notes, *table.notes]) for table in tables], notes


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="tabulate", description=__doc__.splitlines()[0])
    parser.add_argument("--scores-root", required=True, help="the experiment's folder scores/")
    parser.add_argument("--experiment", required=True)
    for name in ("systems", "testsets", "directions", "metrics"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    partial = 'JSON: {"talks": ["de-en"]}: those without all directions'
    parser.add_argument("--partial-testsets", default="{}", help=partial)
    partial = 'JSON: {"bilingual": ["de-en"]}: systems without all directions'
    parser.add_argument("--partial-systems", default="{}", help=partial)
    parser.add_argument("--draws", default="{}", help='JSON: {"random": ["random-1", "random-2"]}: one row')
    parser.add_argument("--choose", nargs="+", default=[], metavar="SWEEP", help="sweeps whose k is chosen")
    parser.add_argument("--systems-root", default="systems", help="the experiment's folder systems/")
    parser.add_argument("--costs", help="JSON, by system: trained, engine, extraction (read/system_costs.py)")
    parser.add_argument("--benchmarks-root", default="benchmarks", help="the experiment's folder benchmarks/")
    parser.add_argument("--untrained", nargs="+", default=[], help="directions that are only evaluated")
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--profiles", nargs="+", default=[RAW], help="references: raw, paper")
    parser.add_argument("--comet", nargs="+", default=[], help="those of --metrics that are COMET models")
    parser.add_argument("--comet-root", default="comet", help="the experiment's folder comet/")
    parser.add_argument("--significance-root", help="the experiment's folder significance/; none: no tests")
    parser.add_argument("--level", type=float, default=DEFAULT_LEVEL, help="of significance")
    parser.add_argument("--off-target-root", help="the experiment's folder off_target/; none: no rates")
    parser.add_argument("--ceiling-root", help="the experiment's folder data/ceiling/; none: no ceilings")
    parser.add_argument("--likelihood-root", help="the experiment's folder likelihoods/; none: no table")
    parser.add_argument("--contrastive", nargs="+", default=[], metavar="SET", help="contrastive sets")
    parser.add_argument(
        "--contrastive-root", default="contrastive", help="the experiment's folder contrastive/"
    )
    parser.add_argument("--strongest", nargs="*", default=[], help="JSON files of the strongest units")
    parser.add_argument("--pivot", default="", help="pivot language; without it all directions are 'other'")
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--without", default="{}", help='JSON: {"sindhi": ["en-sd", "sd-en"]}, left out')
    parser.add_argument("--bilingual", help="the system of bilingual models, for interference")
    parser.add_argument("--published", help='JSON: {"file": "x.csv", "systems": {"ours": "theirs"}}')
    parser.add_argument("--baseline", default="baseline", help="system of the first difference")
    # No name by default: a config may have a system `continued` that is trained otherwise, and so no control.
    parser.add_argument("--control", default="", help="system of the second difference")
    parser.add_argument("--allow-partial", action="store_true", help="missing scores mark the tables PARTIAL")
    parser.add_argument("--as-options", action="store_true", help="remedies as evaluate_outputs takes them")
    parser.add_argument("--cautions", help="file for the notes at the top of every table, for the terminal")
    parser.add_argument("--out-dir", required=True)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Read everything, and write the tables."""
    args = parser_of().parse_args(argv)
    tables, notes = tables_of(args, read_plan(args))
    for table in tables:
        write_table(args.out_dir, table)
    remove_others(args.out_dir, [table.name for table in tables])
    if args.cautions:
        write_text(args.cautions, "".join(f"{note}\n" for note in notes))
    for note in notes:
        print(note, file=sys.stderr)
    marked = " PARTIAL" if any(table.missing for table in tables) else ""
    print(f"{args.out_dir}:{marked} {', '.join(table.name for table in tables)}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
