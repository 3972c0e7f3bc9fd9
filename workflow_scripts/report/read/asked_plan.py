"""The scores that a program of the report is asked for, checked: its options as a ``Plan``."""

from argparse import Namespace
from collections.abc import Sequence

from workflow_scripts.common.checked_options import directions_by, named_once
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.metric_names import metric_ids
from workflow_scripts.common.naming import check_names
from workflow_scripts.report.read.read_scores import Plan

#: Options whose values are names in files and tables.
NAMED = ("systems", "testsets", "directions", "metrics", "profiles")


def asked_plan(args: Namespace, more: Sequence[str] = ()) -> Plan:
    """Return the plan; ``args.metrics`` become names in files. ``more``: further options that hold names.

    Raises UserError: a name is there twice or invalid, a direction is invalid, or a name is not of those it
    must be of.
    """
    args.metrics = metric_ids(args.metrics)
    for name in (*NAMED, "seeds", "comet", *more):
        named_once(name, getattr(args, name))
    check_names("--experiment:", [args.experiment])
    for name in (*NAMED, *more):
        check_names(f"--{name}:", getattr(args, name))
    for direction in args.directions:
        split_direction(direction)
    for name in args.comet:
        if name not in args.metrics:
            raise UserError(f"--comet: {name} is not one of --metrics{nearest(name, args.metrics)}")
    if not 0 < args.level < 1:
        raise UserError(f"--level: {args.level} is not between 0 and 1")
    lists = (args.systems, args.seeds, args.testsets, args.directions, args.metrics, args.profiles)
    partial = directions_by(
        "partial-testsets", args.partial_testsets, {"talks": ["de-en"]}, args.testsets, args.directions
    )
    own = directions_by(
        "partial-systems", args.partial_systems, {"bilingual": ["de-en"]}, args.systems, args.directions
    )
    return Plan(args.experiment, *lists, args.comet, partial, own)
