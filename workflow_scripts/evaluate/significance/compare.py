"""Compare a system with others, direction by direction: is a difference more than the luck of the sentences?

Written are the difference, its confidence interval, its spread over sentences and the p-values of two paired
tests (``resampling``), uncorrected: correction is over all directions, where the tables are made.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workflow_scripts.common.checked_options import add_job, at_least, job_of, named_once, raise_all
from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import write_json
from workflow_scripts.evaluate.metrics import scorer_of
from workflow_scripts.evaluate.parallel import in_parallel
from workflow_scripts.evaluate.segments import Segments, read_segments
from workflow_scripts.evaluate.significance.correction import DEFAULT_LEVEL, resamples_needed
from workflow_scripts.evaluate.significance.resampling import compare

Statistics = dict[str, NDArray[Any]]
Task = tuple[Statistics, Statistics, int, int]
FEWEST_RESAMPLES, DEFAULT_SEED = 1000, 12345  # sacrebleu's


def compare_systems(
    system: Segments,
    other: Segments,
    directions: Sequence[str],
    resamples: int = FEWEST_RESAMPLES,
    seed: int = DEFAULT_SEED,
    processes: int = 1,
    done: Callable[[str], None] = lambda direction: None,
) -> dict[str, dict[str, dict[str, float]]]:
    """Return direction -> metric -> fields of ``Difference``; ``done`` is called with each direction. Raises
    UserError: what one of the two lacks, or where they are of different test sets; a line each."""
    raise_all([fault for one in directions for fault in differences_in_kind(system, other, one)])
    tasks = [(system.statistics[d], other.statistics[d], resamples, seed) for d in directions]
    found = in_parallel(_compare_task, tasks, processes, lambda number: done(directions[number]))
    return dict(zip(directions, found, strict=True))


def _compare_task(task: Task) -> dict[str, dict[str, float]]:
    system, other, resamples, seed = task
    scorers = {metric: scorer_of(metric, array.shape[1]) for metric, array in system.items()}
    return {metric: asdict(one) for metric, one in compare(system, other, scorers, resamples, seed).items()}


def differences_in_kind(system: Segments, other: Segments, direction: str) -> list[str]:
    """Return why two systems cannot be compared on a direction, a line each."""
    faults = []
    for one, two in ((system, other), (other, system)):
        if direction not in one.statistics:
            there = next(iter(two.paths.values()), "the other") if direction in two.statistics else None
            hint = f"; {there} has it" if there else nearest(direction, one.statistics)
            faults.append(f"{next(iter(one.paths.values()), 'no file')}: no {direction}{hint}")
    if faults:
        return faults
    ours, theirs = system.statistics[direction], other.statistics[direction]
    for metric in sorted(ours.keys() ^ theirs.keys()):
        lacks, has = (other, system) if metric in ours else (system, other)
        files = ", ".join(sorted(set(lacks.paths.values())))
        faults.append(f"{files}: no {metric} of {direction}; {has.paths[metric]} has it")
    for metric in sorted(ours.keys() & theirs.keys()):
        names = system.paths[metric], other.paths[metric]
        n, m = len(ours[metric]), len(theirs[metric])
        if n != m:
            sizes = f"has {n} sentences of {direction} but {names[1]} has {m}"
            faults.append(f"{names[0]} {sizes}: score both again")
        elif ours[metric].shape != theirs[metric].shape:
            faults.append(f"{names[0]}: {metric} of {direction} has other statistics than {names[1]}")
    if len({len(array) for array in ours.values()}) > 1:
        faults.append(f"{', '.join(sorted(set(system.paths.values())))}: {direction} is of different lengths")
    mine, their = (one.references.get(direction) for one in (system, other))
    if not faults and mine and their and mine != their:
        paths = [next(iter(one.paths.values())) for one in (system, other)]
        against = f"scored against other references than {paths[1]}"
        faults.append(f"{paths[0]}: {direction} {against}; score both again")
    return faults


def default_resamples(directions: int, level: float = DEFAULT_LEVEL) -> int:
    """Return sacrebleu's number of resamples, or as many as the correction over directions needs."""
    return max(FEWEST_RESAMPLES, resamples_needed(directions, level))


@dataclass(frozen=True)
class Tests:
    """How systems are compared: resamples, the seed of their random numbers, directions at a time."""

    resamples: int
    seed: int = DEFAULT_SEED
    processes: int = 1


def compare_files(
    job: Mapping[str, Any],
    segments: Sequence[str | Path],
    others: Mapping[str, Sequence[str | Path]],
    directions: Sequence[str],
    tests: Tests,
    out: str | Path,
    done: Callable[[str], None] = lambda direction: None,
) -> None:
    """Compare one system with each other one and write the JSON file.

    ``job``: experiment, system, seed, testset and profile. ``segments`` and ``others``: files of statistics,
    of the system and by the name of the others. Raises UserError as ``read_segments`` and
    ``compare_systems``.
    """
    same = {name: job[name] for name in ("seed", "testset", "profile")}
    system = read_segments(segments, system=job["system"], **same)
    against = {}
    for name, paths in others.items():
        other = read_segments(paths, system=name, **same)
        how = (tests.resamples, tests.seed, tests.processes)
        against[name] = compare_systems(system, other, directions, *how, done)
    settings = {"resamples": tests.resamples, "random_seed": tests.seed}
    write_json(out, {**job, **settings, "against": against})


def main(argv: list[str] | None = None) -> None:
    """Compare one system with each other one and write the JSON file."""
    parser = argparse.ArgumentParser(prog="compare", description=__doc__.splitlines()[0])
    add_job(parser)
    parser.add_argument("--segments", nargs="+", required=True, metavar="NPZ", help="of the system")
    parser.add_argument(
        "--against",
        nargs="+",
        action="append",
        required=True,
        metavar=("NAME", "NPZ"),
        help="another system and its files; may be given again for a second one",
    )
    parser.add_argument("--resamples", type=int, help=f"else {FEWEST_RESAMPLES}, or as the correction needs")
    parser.add_argument("--level", type=float, default=DEFAULT_LEVEL, help="of the correction to come")
    parser.add_argument("--random-seed", type=int, default=DEFAULT_SEED, help="of the resamples")
    parser.add_argument("--processes", type=int, default=1, help="directions compared at a time")
    args = parser.parse_args(argv)
    if args.resamples is None:
        args.resamples = default_resamples(len(args.directions), args.level)
    at_least("resamples", args.resamples, 1)
    at_least("random-seed", args.random_seed, 0)
    others = {name: paths for name, *paths in args.against}
    named_once("against", [name for name, *_ in args.against])
    named_once("directions", args.directions)
    if args.system in others:
        raise UserError(f"--against: {args.system} is the system itself")
    tests = Tests(args.resamples, args.random_seed, args.processes)
    compare_files(job_of(args), args.segments, others, args.directions, tests, args.out)
    done = f"{len(args.directions)} directions against {', '.join(others)}"
    print(f"{args.system} s{args.seed} {args.testset}: {done}")


if __name__ == "__main__":
    run_main(main)
