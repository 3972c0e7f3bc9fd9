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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.directions import split_direction
from workflow_scripts.errors import UserError, nearest, run_main
from workflow_scripts.evaluate import compare
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER, METRICS
from workflow_scripts.evaluate.score import score_directions, tokenizers_of
from workflow_scripts.evaluate.segments import segments_path, write_scores
from workflow_scripts.options import at_least, named_once, read_groups
from workflow_scripts.parallel_text import file_of
from workflow_scripts.patterns import complete, find

#: What stands in the columns that only an experiment has.
EXPERIMENT, TESTSET, SEED = "outputs", "outputs", 0
TABULATE = "workflow_scripts.report.tabulate"


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
    parser.add_argument("--hypotheses", required=True, help="'DIR/{system}/{direction}/hyp.txt'")
    parser.add_argument("--references", required=True, help="'DIR/{direction}/ref.txt'")
    parser.add_argument("--sources", help="'DIR/{direction}/src.txt', to count hypotheses that copy them")
    parser.add_argument("--out", required=True, type=Path, help="folder")
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

    named_once("metrics", args.metrics)
    at_least("resamples", args.resamples, 1)
    at_least("seed", args.seed, 0)
    read_groups(args.groups)  # tabulate reads them, after all scoring
    files = find(args.hypotheses)
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
