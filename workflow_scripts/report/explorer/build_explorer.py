"""One page on which an experiment is looked at, offline and in any browser: ``explorer.html``.

It has what masks keep and share, how often units are active, scores with their tests, and hypotheses of two
systems side by side. It needs nothing but itself and asks nothing of the internet. What is missing or had no
room stands at its top.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import json_object, read_groups
from workflow_scripts.common.errors import UserError, run_main
from workflow_scripts.common.files import write_text
from workflow_scripts.evaluate.significance.correction import DEFAULT_LEVEL, LOWER_IS_BETTER
from workflow_scripts.report.explorer.contents import Asked, contents
from workflow_scripts.report.explorer.document import document
from workflow_scripts.report.read.asked_plan import asked_plan
from workflow_scripts.report.read.read_scores import RAW


def read_masks(texts: Sequence[str]) -> dict[str, str]:
    """Return name → file of ``NAME=FILE``; UserError for another form."""
    found = {}
    for text in texts:
        name, _, pattern = text.partition("=")
        if not (name and pattern):
            raise UserError(f"--masks {text}: not NAME=FILE, as k95=masks/s{{seed}}/k95.npz")
        found[name] = pattern
    return found


def baseline_of(name: str, systems: Sequence[str]) -> str:
    """Return the system with which others are compared: that of this name, or else the first."""
    return name if name in systems else systems[0] if systems else ""


def asked(args: argparse.Namespace) -> Asked:
    """Return what the options ask for. Raises UserError: a wrong option."""
    plan = asked_plan(args)
    used = json_object("used-by", args.used_by, {"ns-k95": "k95"}, _names_names)
    return Asked(
        plan=plan,
        baseline=baseline_of(args.baseline, plan.systems),
        pivot=args.pivot,
        groups=read_groups(args.groups),
        level=args.level,
        scores_root=args.scores_root,
        comet_root=args.comet_root,
        significance_root=args.significance_root,
        hypotheses=args.hypotheses,
        references=args.references,
        sources=args.sources,
        masks=read_masks(args.masks),
        used_by={masks: [one for one in used if used[one] == masks] for masks in used.values()},
        counts=args.counts,
        counted=args.counted or args.directions,
        lower_is_better=[one for one in plan.metrics if one in LOWER_IS_BETTER],
        allow_partial=args.allow_partial,
    )


def _names_names(found: dict[str, Any]) -> bool:
    return all(isinstance(one, str) for one in found.values())


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="build_explorer", description=__doc__.splitlines()[0])
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--systems", nargs="+", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--testsets", nargs="+", default=[], help="the sentences shown are of the first")
    parser.add_argument("--directions", nargs="+", required=True)
    parser.add_argument("--metrics", nargs="+", default=[])
    parser.add_argument("--profiles", nargs="+", default=[RAW], help="references: raw, paper")
    parser.add_argument("--comet", nargs="+", default=[], help="those of --metrics that are COMET models")
    parser.add_argument("--partial-testsets", default="{}", help='JSON: {"talks": ["de-en"]}')
    parser.add_argument("--partial-systems", default="{}", help='JSON: {"bilingual": ["de-en"]}')
    parser.add_argument(
        "--baseline", default="baseline", help="whom others are compared with; else the first"
    )
    parser.add_argument("--pivot", default="", help="the language that all others are paired with")
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--level", type=float, default=DEFAULT_LEVEL, help="of significance")
    parser.add_argument("--scores-root", default="scores", help="the experiment's folder scores/")
    parser.add_argument("--comet-root", default="comet", help="the experiment's folder comet/")
    parser.add_argument("--significance-root", help="the experiment's folder significance/; none: no tests")
    parser.add_argument("--hypotheses", help="pattern with {system}, {seed}, {testset}, {direction}")
    parser.add_argument("--references", help="pattern with {testset}, and {direction}, {pair} or {target}")
    parser.add_argument("--sources", help="the same of sources")
    parser.add_argument("--masks", nargs="+", default=[], help="NAME=FILE, with {seed} in the file's name")
    parser.add_argument("--used-by", default="{}", help='JSON, system to masks: {"ns-k95": "k95"}')
    parser.add_argument("--counts", help="folder of the baseline's counts, with {seed}")
    parser.add_argument("--counted", nargs="+", help="directions that were counted; else all")
    parser.add_argument("--allow-partial", action="store_true", help="what is missing marks the page PARTIAL")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def main(argv: list[str] | None = None) -> None:
    """Read everything, and write the page."""
    args = parser_of().parse_args(argv)
    found = contents(asked(args))
    write_text(args.out, text := document(found))
    size = len(text.encode("utf-8")) / 1e6
    about = found.about
    print(f"{args.out}:{' PARTIAL' if about['missing'] else ''} {size:.1f} MB", file=sys.stderr)
    for line in about["left_out"]:
        print(f"left out: {line}", file=sys.stderr)


if __name__ == "__main__":
    run_main(main)
