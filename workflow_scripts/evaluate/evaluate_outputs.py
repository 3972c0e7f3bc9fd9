"""Scores, significance and tables of outputs that others made: nothing is trained, no experiment is needed.

Files are named by patterns such as ``DIR/{system}/{direction}/hyp.txt``. In ``--out`` are the tables of an
experiment, below ``scores/`` and ``significance/`` what they are made from. Needs neither fairseq nor torch.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import at_least, named_once, of_each, read_groups
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, run_main, terminal
from workflow_scripts.common.language_codes import canonical
from workflow_scripts.common.metric_names import OLD, OLD_NOTE, asked_name, metric_ids
from workflow_scripts.common.naming import number_of
from workflow_scripts.common.patterns import complete
from workflow_scripts.common.table_names import ALWAYS, CAUTIONS, FORMATS, OF_TESTS
from workflow_scripts.evaluate.direction_text import EMPTY, ERROR, note_lines
from workflow_scripts.evaluate.found_outputs import (
    check_languages,
    check_pivot,
    check_sets,
    chosen,
    find_outputs,
    one_pattern,
    only,
    pivot_of,
    text_of,
    unknown_in_groups,
)
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, METRICS, make_metric
from workflow_scripts.evaluate.parallel import Progress
from workflow_scripts.evaluate.score import check_files, score_directions, tokenizers_of
from workflow_scripts.evaluate.segments import Scored, segments_path, write_scores
from workflow_scripts.evaluate.significance import compare
from workflow_scripts.evaluate.written import check_untouched, named_folder, replacing

#: The values of columns that only an experiment has.
EXPERIMENT, TESTSET, SEED = "outputs", "outputs", 0
TABULATE = "workflow_scripts.report.tables.tabulate"
WRITE_ANSWER = "workflow_scripts.report.page.write_answer"
#: The page, and the same as Markdown.
PAGES = ("answer.html", "answer.md")
#: Patterns: one of each.
PATTERNS = ("hypotheses", "references", "sources")
EXAMPLES = (
    "'DIR/{system}/{direction}/hyp.txt'",
    "'DIR/{direction}/ref.txt'",
    "'DIR/{direction}/src.txt', to count hypotheses that copy them",
)


def score_file(out: Path, system: str, profile: str) -> Path:
    """Return where a system's scores lie, as in an experiment."""
    return out / "scores" / system / f"s{SEED}" / f"{TESTSET}.{profile}.json"


def tests_file(out: Path, system: str, profile: str) -> Path:
    """Return where a system's tests of significance lie, as in an experiment."""
    return out / "significance" / system / f"s{SEED}" / f"{TESTSET}.{profile}.json"


def files_of(systems: Sequence[str], profile: str, tested: Sequence[str]) -> list[str]:
    """Return what is written, relative to the folder; ``tested``: the systems that are."""
    here = Path()
    made = [score_file(here, system, profile) for system in systems]
    made += [segments_path(one) for one in made]
    made += [tests_file(here, system, profile) for system in tested]
    tables = (*ALWAYS, *(OF_TESTS if tested else ()))
    named = [f"{table}.{ending}" for table in tables for ending in FORMATS]
    return [*map(str, made), *named, CAUTIONS, *PAGES]


def score_all(
    files: Mapping[str, Mapping[str, Path]],
    directions: Sequence[str],
    references: Sequence[str],
    sources: str | None,
    metrics: Sequence[str],
    tokenizers: Mapping[str, str],
    processes: int,
    empty: str = ERROR,
) -> dict[str, dict[str, Scored]]:
    """Return direction → system → ``Scored``; what is made of the references is made once for all systems.

    ``files``: system → direction → hypotheses. ``references``, ``sources``: patterns. Raises UserError: the
    faults of all files, a line each.
    """

    def task(direction: str) -> dict[str, Any]:
        return {
            "hypotheses": {system: by[direction] for system, by in files.items() if direction in by},
            "references": [text_of(one, direction) for one in references],
            "sources": text_of(sources, direction) if sources else None,
            "metrics": metrics,
            "tokenizer": tokenizers.get(split_direction(direction)[1], DEFAULT_TOKENIZER),
            "empty": empty,
        }

    tasks = of_each(directions, task)
    check_files(tasks, processes)
    with Progress("scored", len(tasks)) as progress:
        return score_directions(tasks, processes, progress.done)


def notes_on(
    scored: Mapping[str, Mapping[str, Scored]], files: Mapping[str, Mapping[str, Path]]
) -> list[str]:
    """Return what a user should know of the files that were scored."""
    notes = note_lines(note for by in scored.values() for one in list(by.values())[:1] for note in one.notes)
    for direction, by in scored.items():
        flags = {flag for one in by.values() for flag in one.entry.get("flags", [])}
        notes += [f"{direction}: {flag}" for flag in sorted(flags)]
    for system, by_direction in files.items():
        if all(scored[direction][system].is_copy for direction in by_direction):
            notes.append(f"{system}: all its files are the references, line for line")
    return notes


def main(argv: list[str] | None = None) -> None:
    """Score, compare, tabulate."""
    parser = argparse.ArgumentParser(prog="evaluate_outputs", description=__doc__.splitlines()[0])
    for option, example in zip(PATTERNS, EXAMPLES, strict=True):
        required = option != "sources"
        parser.add_argument(f"--{option}", nargs="+", action="extend", required=required, help=example)
    parser.add_argument("--out", required=True, type=named_folder, help="folder")
    parser.add_argument("--systems", nargs="+", help="these of those that are found; else all")
    parser.add_argument("--directions", nargs="+", help="these of those that are found; else all")
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
    # The languages that options name tell what a direction is where its name does not.
    named = [code for by in read_groups(args.groups).values() for group in by.values() for code in group]
    named += [code for d in args.directions or [] if d.count("-") == 1 for code in split_direction(d)]
    known = {canonical(code) for code in (*named, *filter(None, [args.pivot]))}
    found = find_outputs(args.hypotheses, args.references, args.sources, known)
    files = only(found.files, args.systems, args.directions)
    systems = list(files)
    against = chosen("baseline", args.baseline, systems) + chosen("control", args.control, systems)
    if args.control and not args.baseline:
        raise UserError("--control: needs --baseline, the system that all others are tested against")
    others = list(dict.fromkeys(against))
    systems = [*others, *(system for system in systems if system not in others)]
    directions = complete(files, args.hypotheses, args.allow_partial)
    tokenizers = tokenizers_of(args.tokenizers, directions)
    check_pivot(args.pivot, directions)
    check_sets(args.references, directions)
    check_languages(args.references, args.sources, directions)
    tested = [system for system in systems if others and system != args.baseline]
    check_untouched(args.out, files_of(systems, args.profile, tested))
    for note in unknown_in_groups(read_groups(args.groups), directions):
        print(f"note: {terminal(note)}", file=sys.stderr)
    patterns = (args.references, args.sources)
    processes, empty = args.processes, args.empty_references
    scored = score_all(files, directions, *patterns, args.metrics, tokenizers, processes, empty)
    for note in notes_on(scored, files):
        print(f"note: {terminal(note)}", file=sys.stderr)
    # Absolute: a folder whose name begins with - is no option of the programs below.
    with replacing(args.out.absolute()) as out:
        for system in systems:
            names = {"experiment": EXPERIMENT, "system": system, "seed": SEED, "testset": TESTSET}
            by_direction = {d: scored[d][system] for d in directions if system in scored[d]}
            path = score_file(out, system, args.profile)
            write_scores(path, {**names, "profile": args.profile}, by_direction)
        for system in tested:
            compare_with(args, out, system, [other for other in others if other != system], files)
        tabulate(args, out, systems, directions, bool(tested))
        write_page(args, out, systems, directions)
    counted = f"{number_of(len(systems), 'system')}, {number_of(len(directions), 'direction')}"
    print(f"{counted} -> {terminal(args.out)}")


def compare_with(
    args: argparse.Namespace,
    out: Path,
    system: str,
    others: Sequence[str],
    files: Mapping[str, Mapping[str, Path]],
) -> None:
    """Test a system against others, on the directions that all of them have."""
    shared = [d for d in files[system] if all(d in files[other] for other in others)]
    if not shared:
        missing = f"it has no direction that {' and '.join(others)} has too"
        print(f"{system}: not tested, {missing}", file=sys.stderr)
        return
    segments = {name: [segments_path(score_file(out, name, args.profile))] for name in (system, *others)}
    names = {"experiment": EXPERIMENT, "system": system, "seed": SEED, "testset": TESTSET}
    job = {**names, "profile": args.profile}
    resamples = args.resamples or compare.default_resamples(len(shared))
    with Progress(f"tested {system}:", len(shared) * len(others), "comparisons") as progress:
        own, against = segments[system], {other: segments[other] for other in others}
        tests = compare.Tests(resamples, args.seed, args.processes)
        place = tests_file(out, system, args.profile)
        compare.compare_files(job, own, against, shared, tests, place, progress.done)


def tabulate(
    args: argparse.Namespace, out: Path, systems: Sequence[str], directions: Sequence[str], compared: bool
) -> None:
    """Make the tables in ``out``; what the program says and how it ends is passed on."""
    pivot = pivot_of(directions) if args.pivot is None else args.pivot
    words = [f"--scores-root={out / 'scores'}", f"--experiment={EXPERIMENT}", "--systems", *systems]
    words += [f"--testsets={TESTSET}", f"--seeds={SEED}", "--directions", *directions]
    words += ["--metrics", *map(asked_name, args.metrics), f"--profiles={args.profile}"]
    words += [f"--groups={args.groups}", "--as-options"]
    words += [f"--pivot={pivot}"] if pivot else []
    words += [f"--significance-root={out / 'significance'}"] if compared else []
    # None where none was given: tables would look for tests against an experiment's own, by their names.
    words += [f"--{option}={getattr(args, option) or ''}" for option in ("baseline", "control")]
    words += ["--allow-partial"] if args.allow_partial else []
    pass_on(args, out, TABULATE, [*words, f"--cautions={out / CAUTIONS}", f"--out-dir={out}"])


def write_page(
    args: argparse.Namespace, out: Path, systems: Sequence[str], directions: Sequence[str]
) -> None:
    """Write the answer on one page in ``out``, of its tables."""
    pivot = pivot_of(directions) if args.pivot is None else args.pivot
    tables = [CAUTIONS, *(["wins"] if (out / "wins.csv").is_file() else [])]
    words = [f"--root={out}", f"--tables={out}", "--with-tables", *tables, f"--experiment={EXPERIMENT}"]
    words += ["--systems", *systems, f"--testsets={TESTSET}", "--directions", *directions]
    words += [
        f"--baseline={args.baseline or ''}",
        f"--control={args.control or ''}",
        f"--pivot={pivot or ''}",
    ]
    pass_on(
        args, out, WRITE_ANSWER, [*words, f"--groups={args.groups}", "--outputs", f"--out={out / PAGES[0]}"]
    )


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
