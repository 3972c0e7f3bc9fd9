"""Scores, significance and tables of outputs that others made: nothing is trained, no experiment is needed.

In:  hypotheses, references and perhaps sources, detokenised UTF-8 text, one sentence a line (``.gz`` too),
     named by patterns such as ``DIR/{system}/{direction}/hyp.txt`` (``patterns``).
Out: in ``--out``: ``scores.csv``, ``significance.csv`` (against ``--baseline``) and the tables of an
     experiment; below ``scores/`` and ``significance/`` what they are made from.

The stages are the workflow's own, in its order; the tables, of a higher layer, are made by a program of their
own. Needs neither fairseq nor torch (without COMET).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.evaluate import compare
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, METRICS
from workflow_scripts.evaluate.score import score_directions, tokenizers_of
from workflow_scripts.evaluate.segments import segments_path, write_scores
from workflow_scripts.language_codes import canonical, one_of
from workflow_scripts.options import at_least, named_once, read_groups
from workflow_scripts.parallel_text import file_of
from workflow_scripts.patterns import Found, complete, find, nothing, path_of

#: What stands in the columns that only an experiment has.
EXPERIMENT, TESTSET, SEED = "outputs", "outputs", 0
TABULATE = "workflow_scripts.report.tabulate"
#: Patterns: one of each.
PATTERNS = ("hypotheses", "references", "sources")
EXAMPLES = (
    "'DIR/{system}/{direction}/hyp.txt'",
    "'DIR/{direction}/ref.txt'",
    "'DIR/{direction}/src.txt', to count hypotheses that copy them",
)


def pivot_of(directions: Sequence[str]) -> str:
    """Return the one language that every direction has, "" if there is none or two."""
    shared = set.intersection(*(set(split_direction(direction)) for direction in directions))
    return shared.pop() if len(shared) == 1 else ""


def score_file(out: Path, system: str, profile: str) -> Path:
    """Return where a system's scores lie, as in an experiment."""
    return out / "scores" / system / f"s{SEED}" / f"{TESTSET}.{profile}.json"


def score_all(
    files: Mapping[str, Mapping[str, Path]],
    directions: Sequence[str],
    references: str,
    sources: str | None,
    metrics: Sequence[str],
    tokenizers: Mapping[str, str],
    processes: int,
) -> dict[str, dict[str, Any]]:
    """Score every system and direction; what is made of the references is made once for all systems.

    Args:
        files: system → direction → hypotheses.
        references, sources: patterns.

    Returns:
        direction → system → ``segments.Scored``.

    Raises:
        UserError: the faults of all files, a line each.
    """
    tasks: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for direction in directions:
        try:
            tasks[direction] = {
                "hypotheses": {system: by[direction] for system, by in files.items() if direction in by},
                "references": file_of(references, direction),
                "sources": file_of(sources, direction) if sources else None,
                "metrics": metrics,
                "tokenizer": tokenizers.get(split_direction(direction)[1], DEFAULT_TOKENIZER),
            }
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError("\n".join(faults))
    return score_directions(tasks, processes)


def chosen(option: str, name: str | None, systems: Sequence[str]) -> list[str]:
    """Return the system that an option names, if it is given; UserError if there is none of that name."""
    if name is not None and name not in systems:
        raise UserError(
            f"--{option}: no system {name!r}{nearest(name, systems)}; there are {', '.join(systems)}"
        )
    return [name] if name else []


def check_pivot(pivot: str | None, directions: Sequence[str]) -> None:
    """Refuse a pivot that no direction has: all sides would be "other"."""
    known = sorted({lang for direction in directions for lang in split_direction(direction)})
    if pivot and pivot not in known:
        raise UserError(f"--pivot: no direction has {pivot!r}{nearest(pivot, known)}")


def one_pattern(option: str, values: Sequence[str] | None) -> str | None:
    """Return the pattern that an option was given; UserError for several."""
    if values is None or len(values) == 1:
        return values[0] if values else None
    advice = (
        "a sentence has one reference here (nrefs:1): score against each set by a call of its own"
        if option == "references"
        else "quote it, so that the shell leaves it"
    )
    raise UserError(f"--{option}: one pattern, not {len(values)} ({', '.join(values[:3])}); {advice}")


def find_outputs(pattern: str, references: str, sources: str | None, known: Collection[str] = ()) -> Found:
    """Return the hypotheses; references and sources that fit their pattern too are none.

    ``known``: languages that options name, which tell what a direction is where its name does not.
    What was left out is told on stderr, a line for each reason.
    """
    found = find(pattern, known)
    directions = {direction for files in found.files.values() for direction in files}
    others = {
        path_of(of, direction).resolve(): f"these are the {what}"
        for what, of in (("sources", sources), ("references", references))
        if of
        for direction in directions
    }
    found = found.without(others)
    if not found.files:
        raise nothing(pattern, found)
    for note in found.notes():
        print(f"note: {note}", file=sys.stderr)
    return found


def only(
    files: Mapping[str, Mapping[str, Path]], systems: Sequence[str] | None, directions: Sequence[str] | None
) -> dict[str, dict[str, Path]]:
    """Return the files of some systems and directions (None: of all), in the order they are named.

    Raises:
        UserError: there are no files of one of them, it is named twice, or a system has no direction.
    """
    there = list(dict.fromkeys(direction for by in files.values() for direction in by))
    directions = [one_of(direction, there) for direction in directions] if directions else None
    for option, names, known in (("systems", systems, list(files)), ("directions", directions, there)):
        named_once(option, names or [])
        for name in names or []:
            if name not in known:
                raise UserError(
                    f"--{option}: no files of {name!r}{nearest(name, known)}; there are {', '.join(known)}"
                )
    kept = {
        system: {d: files[system][d] for d in directions or there if d in files[system]}
        for system in systems or files
    }
    for system, by in kept.items():
        if not by:
            raise UserError(f"--directions: {system} has none of them; name the others by --systems")
    return kept


def named_languages(args: argparse.Namespace) -> set[str]:
    """Return the languages that options name."""
    grouped = (code for by in read_groups(args.groups).values() for group in by.values() for code in group)
    chosen = (code for d in args.directions or [] if d.count("-") == 1 for code in split_direction(d))
    return {canonical(code) for code in (*grouped, *chosen, *filter(None, [args.pivot]))}


def remove_earlier(out: Path) -> None:
    """Remove the scores and tests of an earlier call: its systems need not be those of this one."""
    for folder in ("scores", "significance"):
        for path in sorted((out / folder).glob(f"*/s{SEED}/{TESTSET}.*")):
            path.unlink()
            for parent in list(path.parents)[:3]:  # s0, the system, the folder
                if not any(parent.iterdir()):
                    parent.rmdir()


def main(argv: list[str] | None = None) -> None:
    """Score, compare, tabulate."""
    parser = argparse.ArgumentParser(prog="evaluate_outputs", description=__doc__.splitlines()[0])
    for option, example in zip(PATTERNS, EXAMPLES, strict=True):
        required = option != "sources"
        parser.add_argument(f"--{option}", nargs="+", action="extend", required=required, help=example)
    parser.add_argument("--out", required=True, type=Path, help="folder")
    parser.add_argument("--systems", nargs="+", help="these of those that are found; else all")
    parser.add_argument("--directions", nargs="+", help="these of those that are found; else all")
    parser.add_argument("--baseline", help="system that the others are tested against")
    parser.add_argument("--control", help="another one that they are tested against")
    parser.add_argument("--metrics", nargs="+", default=["bleu", "chrf"], choices=list(METRICS))
    parser.add_argument("--tokenizers", default="{}", metavar="JSON", help='for BLEU: {"zh": "zh"}; else 13a')
    parser.add_argument("--profile", default="raw", choices=["raw", "paper"], help="what the references are")
    parser.add_argument("--pivot", help="language that names the sides; else the one of all directions")
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--resamples", type=int, help="else 1000, or what the correction needs")
    parser.add_argument("--seed", type=int, default=compare.DEFAULT_SEED, help="of the resamples")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--allow-partial", action="store_true", help="files that are missing mark the tables")
    args = parser.parse_args(argv)

    for option in PATTERNS:
        setattr(args, option, one_pattern(option, getattr(args, option)))
    named_once("metrics", args.metrics)
    at_least("resamples", args.resamples, 1)
    at_least("seed", args.seed, 0)
    args.pivot = args.pivot and canonical(args.pivot)
    found = find_outputs(args.hypotheses, args.references, args.sources, named_languages(args))
    files = only(found.files, args.systems, args.directions)
    systems = list(files)
    named = chosen("baseline", args.baseline, systems) + chosen("control", args.control, systems)
    if args.control and not args.baseline:
        raise UserError("--control: needs --baseline, the system that all others are tested against")
    others = list(dict.fromkeys(named))
    systems = [*others, *(system for system in systems if system not in others)]
    directions = complete(files, args.hypotheses, args.allow_partial)
    tokenizers = tokenizers_of(args.tokenizers, directions)
    check_pivot(args.pivot, directions)
    patterns = (args.references, args.sources)
    scored = score_all(files, directions, *patterns, args.metrics, tokenizers, args.processes)
    for system, by in files.items():
        entries = [scored[direction][system].entry for direction in by]
        if all(entry["hypotheses_sha256"] == entry["references_sha256"] for entry in entries):
            print(f"note: {system}: all its files are the references, byte for byte", file=sys.stderr)
    remove_earlier(args.out)
    for system in systems:
        job = {
            "experiment": EXPERIMENT,
            "system": system,
            "seed": SEED,
            "testset": TESTSET,
            "profile": args.profile,
        }
        by_direction = {d: scored[d][system] for d in directions if system in scored[d]}
        write_scores(score_file(args.out, system, args.profile), job, by_direction)
    for system in systems:
        compare_with(args, system, [other for other in others if other != system], files)
    tabulate(args, systems, directions, bool(others) and len(systems) > 1)
    print(f"{len(systems)} systems, {len(directions)} directions -> {args.out}")


def compare_with(
    args: argparse.Namespace, system: str, others: Sequence[str], files: Mapping[str, Mapping[str, Path]]
) -> None:
    """Test a system against others, on the directions that all of them have."""
    if not others or system == args.baseline:
        return
    shared = [d for d in files[system] if all(d in files[other] for other in others)]
    if not shared:
        print(
            f"{system}: not tested, it has no direction that {' and '.join(others)} has too", file=sys.stderr
        )
        return
    segments = {name: segments_path(score_file(args.out, name, args.profile)) for name in (system, *others)}
    words = ["--experiment", EXPERIMENT, "--system", system, "--testset", TESTSET, "--seed", str(SEED)]
    words += ["--profile", args.profile, "--directions", *shared, "--segments", str(segments[system])]
    for other in others:
        words += ["--against", other, str(segments[other])]
    words += ["--random-seed", str(args.seed)]
    words += ["--resamples", str(args.resamples)] if args.resamples is not None else []
    out = args.out / "significance" / system / f"s{SEED}" / f"{TESTSET}.{args.profile}.json"
    compare.main([*words, "--processes", str(args.processes), "--out", str(out)])


def tabulate(
    args: argparse.Namespace, systems: Sequence[str], directions: Sequence[str], compared: bool
) -> None:
    """Make the tables; what the program says and how it ends is passed on."""
    pivot = pivot_of(directions) if args.pivot is None else args.pivot
    words = ["--scores-root", str(args.out / "scores"), "--experiment", EXPERIMENT, "--systems", *systems]
    words += ["--testsets", TESTSET, "--seeds", str(SEED), "--directions", *directions]
    words += ["--metrics", *args.metrics, "--profiles", args.profile, "--groups", args.groups]
    words += ["--as-options"]
    words += ["--pivot", pivot] if pivot else []
    if args.baseline:
        words += ["--baseline", args.baseline]
    if compared:
        words += ["--significance-root", str(args.out / "significance")]
    words += ["--control", args.control] if args.control else []
    words += ["--allow-partial"] if args.allow_partial else []
    done = subprocess.run([sys.executable, "-m", TABULATE, *words, "--out-dir", str(args.out)], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


if __name__ == "__main__":
    run_main(main)
