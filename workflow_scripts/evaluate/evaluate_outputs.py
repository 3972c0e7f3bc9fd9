"""Scores, significance and tables of outputs that others made: nothing is trained, no experiment is needed.

Files are named by patterns such as ``DIR/{system}/{direction}/hyp.txt``. In ``--out`` are the tables of an
experiment, below ``scores/`` and ``significance/`` what they are made from. Needs neither fairseq nor torch.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from workflow_scripts.common.checked_options import at_least, named_once, read_groups
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main, terminal
from workflow_scripts.common.language_codes import canonical
from workflow_scripts.common.metric_names import OLD, OLD_NOTE, asked_name, metric_ids
from workflow_scripts.common.naming import number_of
from workflow_scripts.common.table_names import CAUTIONS
from workflow_scripts.evaluate.direction_text import EMPTY, ERROR
from workflow_scripts.evaluate.metrics import METRICS, make_metric
from workflow_scripts.evaluate.outputs.found import (
    check_languages,
    check_pivot,
    check_sets,
    chosen,
    one_pattern,
    only,
    pivot_of,
    unknown_in_groups,
)
from workflow_scripts.evaluate.outputs.measures import add_options, check_metrics, named_places
from workflow_scripts.evaluate.outputs.score_sets import (
    EXPERIMENT,
    PAGES,
    Place,
    check_all,
    compare_with,
    files_of,
    identify,
    score_comet,
    score_set,
    tasks_of,
)
from workflow_scripts.evaluate.outputs.sets import OutputSet, find_sets, of_systems, only_sets, whole
from workflow_scripts.evaluate.score import tokenizers_of
from workflow_scripts.evaluate.significance import compare
from workflow_scripts.evaluate.written import check_untouched, named_folder, replacing

TABULATE = "workflow_scripts.report.tables.tabulate"
WRITE_ANSWER = "workflow_scripts.report.page.write_answer"
#: Patterns: one of each.
PATTERNS = ("hypotheses", "references", "sources")
EXAMPLES = (
    "'DIR/{system}/{direction}/hyp.txt', also with {testset} and {seed}",
    "'DIR/{direction}/ref.txt'",
    "'DIR/{direction}/src.txt', to count hypotheses that copy them",
)


def main(argv: list[str] | None = None) -> None:
    """Score, compare, tabulate."""
    args = _parse(argv)
    # The languages that options name tell what a direction is where its name does not.
    named = [code for by in read_groups(args.groups).values() for group in by.values() for code in group]
    named += [code for d in args.directions or [] if d.count("-") == 1 for code in split_direction(d)]
    known = {canonical(code) for code in (*named, *filter(None, [args.pivot]))}
    comet = named_places("comet", args.comet)
    given = named_places("segment-scores", args.segment_scores)
    check_metrics(comet, given, args.sources, args.empty_references)
    neural = [*comet, *given]
    sets = only_sets(
        find_sets(args.hypotheses, args.references, args.sources, known), args.testsets, args.seeds
    )
    kept = only([one.files for one in sets], args.systems, args.directions)
    sets = [replace(one, files=files) for one, files in zip(sets, kept, strict=True) if files]
    systems = of_systems(sets)
    against = chosen("baseline", args.baseline, systems) + chosen("control", args.control, systems)
    if args.control and not args.baseline:
        raise UserError("--control: needs --baseline, the system that all others are tested against")
    others = list(dict.fromkeys(against))
    systems = [*others, *(system for system in systems if system not in others)]
    by_testset = whole(sets, args.allow_partial)
    directions = sorted({direction for by in by_testset.values() for direction in by})
    tokenizers = tokenizers_of(args.tokenizers, directions)
    check_pivot(args.pivot, directions)
    for one in sets:
        here = by_testset[one.testset]
        for references in {tuple(one.patterns(system)) for system in one.files}:
            check_sets(references, here)
            check_languages(references, one.sources, here)
    tested = [system for system in systems if others and system != args.baseline]
    check_untouched(args.out, files_of(sets, args.profile, tested, neural, args.off_target))
    for note in unknown_in_groups(read_groups(args.groups), directions):
        print(f"note: {terminal(note)}", file=sys.stderr)
    tasks = [
        tasks_of(one, by_testset[one.testset], args.metrics, tokenizers, args.empty_references)
        for one in sets
    ]
    check_all(sets, tasks, args.processes)
    # Absolute: a folder whose name begins with - is no option of the programs below.
    with replacing(args.out.absolute()) as out:
        place = Place(out, args.profile)
        for one, task in zip(sets, tasks, strict=True):
            score_set(args, place, one, task, given)
        score_comet(args, place, sets, comet)
        identify(args, place, sets, directions)
        for one in sets:
            for system in (system for system in tested if system in one.files):
                rivals = [other for other in others if other != system]
                compare_with(args, place, one, system, rivals, neural)
        tabulate(args, out, systems, by_testset, sets, neural, bool(tested))
        write_page(args, out, systems, by_testset, sets)
    counted = [number_of(len(systems), "system"), number_of(len(directions), "direction")]
    seeds = {one.seed for one in sets}
    counted += [number_of(len(by_testset), "test set")] if len(by_testset) > 1 else []
    counted += [number_of(len(seeds), "seed")] if len(seeds) > 1 else []
    print(f"{', '.join(counted)} -> {terminal(args.out)}")


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_outputs", description=__doc__.splitlines()[0])
    for option, example in zip(PATTERNS, EXAMPLES, strict=True):
        required = option != "sources"
        parser.add_argument(f"--{option}", nargs="+", action="extend", required=required, help=example)
    parser.add_argument("--out", required=True, type=named_folder, help="folder")
    parser.add_argument("--systems", nargs="+", help="these of those that are found; else all")
    parser.add_argument("--directions", nargs="+", help="these of those that are found; else all")
    parser.add_argument("--testsets", nargs="+", help="these of those that {testset} finds; else all")
    parser.add_argument("--seeds", nargs="+", type=int, help="these of those that {seed} finds; else all")
    add_options(parser)
    parser.add_argument("--baseline", help="system that the others are tested against")
    parser.add_argument("--control", help="another one that they are tested against")
    metrics = ", ".join(map(asked_name, METRICS))
    parser.add_argument("--metrics", nargs="+", default=["bleu", "chrf++"], metavar="METRIC", help=metrics)
    parser.add_argument(
        "--empty-references", default=ERROR, choices=EMPTY, help="score them as they are, or leave them out"
    )
    parser.add_argument("--tokenizers", default="{}", metavar="JSON", help='for BLEU: {"zh": "zh"}; else 13a')
    parser.add_argument("--profile", default="raw", choices=["raw", "paper"], help="what the references are")
    parser.add_argument("--pivot", help="language that names the sides; else the one of all directions")
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--resamples", type=int, help="else 1000, or what the correction needs")
    parser.add_argument("--seed", type=int, default=compare.DEFAULT_SEED, help="of the resamples")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--allow-partial", action="store_true", help="files that are missing mark the tables")
    args = parser.parse_args(argv)
    for option in ("hypotheses", "sources"):
        setattr(args, option, one_pattern(option, getattr(args, option)))
    named_once("references", args.references)
    if OLD in args.metrics:
        print(f"note: --metrics: {OLD_NOTE}", file=sys.stderr)
    args.metrics = metric_ids(args.metrics)
    for name in args.metrics:
        make_metric(name)
    at_least("resamples", args.resamples, 1)
    at_least("seed", args.seed, 0)
    args.pivot = args.pivot and canonical(args.pivot)
    return args


def tabulate(
    args: argparse.Namespace,
    out: Path,
    systems: Sequence[str],
    by_testset: Mapping[str, Sequence[str]],
    sets: Sequence[OutputSet],
    neural: Sequence[str],
    compared: bool,
) -> None:
    """Make the tables in ``out``; what the program says and how it ends is passed on."""
    directions = sorted({direction for by in by_testset.values() for direction in by})
    pivot = pivot_of(directions) if args.pivot is None else args.pivot
    words = [f"--scores-root={out / 'scores'}", f"--experiment={EXPERIMENT}", "--systems", *systems]
    words += ["--testsets", *by_testset, "--seeds", *dict.fromkeys(str(one.seed) for one in sets)]
    partial = {name: by for name, by in by_testset.items() if len(by) < len(directions)}
    words += [f"--partial-testsets={json.dumps(partial)}", "--directions", *directions]
    words += ["--metrics", *map(asked_name, [*args.metrics, *neural]), f"--profiles={args.profile}"]
    words += [f"--groups={args.groups}", "--as-options"]
    words += ["--comet", *neural, f"--comet-root={out / 'comet'}"] if neural else []
    words += [f"--off-target-root={out / 'off_target'}"] if args.off_target else []
    words += [f"--pivot={pivot}"] if pivot else []
    words += [f"--significance-root={out / 'significance'}"] if compared else []
    # None where none was given: tables would look for tests against an experiment's own, by their names.
    words += [f"--{option}={getattr(args, option) or ''}" for option in ("baseline", "control")]
    words += ["--allow-partial"] if args.allow_partial else []
    pass_on(args, out, TABULATE, [*words, f"--cautions={out / CAUTIONS}", f"--out-dir={out}"])


def write_page(
    args: argparse.Namespace,
    out: Path,
    systems: Sequence[str],
    by_testset: Mapping[str, Sequence[str]],
    sets: Sequence[OutputSet],
) -> None:
    """Write the answer on one page in ``out``, of its tables."""
    directions = sorted({direction for by in by_testset.values() for direction in by})
    pivot = pivot_of(directions) if args.pivot is None else args.pivot
    tables = [CAUTIONS, *(["wins"] if (out / "wins.csv").is_file() else [])]
    words = [f"--root={out}", f"--tables={out}", "--with-tables", *tables, f"--experiment={EXPERIMENT}"]
    words += ["--systems", *systems, "--testsets", *by_testset, "--directions", *directions]
    words += ["--seeds", *dict.fromkeys(str(one.seed) for one in sets), f"--groups={args.groups}"]
    words += [f"--{name}={getattr(args, name) or ''}" for name in ("baseline", "control")]
    pass_on(args, out, WRITE_ANSWER, [*words, f"--pivot={pivot}", "--outputs", f"--out={out / PAGES[0]}"])
    # In a user's folder its name could be taken for a file of outputs; every table begins with these notes.
    (out / CAUTIONS).unlink()


def pass_on(args: argparse.Namespace, out: Path, module: str, words: Sequence[str]) -> None:
    """Run a program of a higher layer; pass on what it says, with the user's folder in place of ``out``, and
    how it ends."""
    status, said = run_program(module, words)
    sys.stderr.write(said.replace(str(out), str(args.out)))
    if status:
        raise SystemExit(status)


def run_program(module: str, words: Sequence[str]) -> tuple[int, str]:
    """Run a program of a higher layer; return its exit status and what it said on stderr."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
    return done.returncode, done.stderr


if __name__ == "__main__":
    run_main(main)
