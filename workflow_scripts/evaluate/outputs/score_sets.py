"""Scores, languages and tests of sets of outputs, in files that lie as an experiment's do."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import of_each, raise_all
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError, terminal
from workflow_scripts.common.table_names import ALWAYS, FORMATS, OF_TESTS
from workflow_scripts.evaluate.direction_text import ERROR, note_lines
from workflow_scripts.evaluate.metrics import DEFAULT_TOKENIZER
from workflow_scripts.evaluate.outputs.measures import (
    Identified,
    comet_words,
    given_scores,
    run_comet,
    set_of,
)
from workflow_scripts.evaluate.outputs.sets import OutputSet, check_own_references
from workflow_scripts.evaluate.parallel import Progress
from workflow_scripts.evaluate.score import check_files, score_directions
from workflow_scripts.evaluate.segments import Scored, segments_path, write_scores
from workflow_scripts.evaluate.significance import compare

#: The value of a column that only an experiment has.
EXPERIMENT = "outputs"
#: The answer on one page, and the same as Markdown.
PAGES = ("answer.html", "answer.md")


@dataclass(frozen=True)
class Place:
    """Where the files of a system and a set lie below ``out``, as in an experiment."""

    out: Path
    profile: str

    def _file(self, kind: str, system: str, one: OutputSet, metric: str = "") -> Path:
        name = f"{one.testset}.{self.profile}{metric and f'.{metric}'}.json"
        return self.out / kind / system / f"s{one.seed}" / name

    def scores(self, system: str, one: OutputSet) -> Path:
        """Scores by sacrebleu's metrics."""
        return self._file("scores", system, one)

    def neural(self, system: str, one: OutputSet, metric: str) -> Path:
        """Scores by a COMET model or from files."""
        return self._file("comet", system, one, metric)

    def tests(self, system: str, one: OutputSet, metric: str = "") -> Path:
        """Tests of significance, of sacrebleu's metrics or of another."""
        return self._file("significance", system, one, metric)

    def languages(self, system: str, one: OutputSet) -> Path:
        """Languages of the hypotheses."""
        return self.out / "off_target" / system / f"s{one.seed}" / f"{one.testset}.json"


def files_of(
    sets: Sequence[OutputSet], profile: str, tested: Sequence[str], neural: Sequence[str], off_target: bool
) -> list[str]:
    """Return what is written, relative to the folder; ``tested``: the systems that are."""
    place = Place(Path(), profile)
    made: list[Path] = []
    for one in sets:
        for system in one.files:
            scored = [place.scores(system, one), *(place.neural(system, one, name) for name in neural)]
            made += [*scored, *map(segments_path, scored)]
            made += [place.tests(system, one, name) for name in ("", *neural) if system in tested]
            made += [place.languages(system, one)] if off_target else []
    tables = (*ALWAYS, *(OF_TESTS if tested else ()))
    named = [f"{table}.{ending}" for table in tables for ending in FORMATS]
    return [*map(str, made), *named, *PAGES]


def tasks_of(
    one: OutputSet,
    directions: Sequence[str],
    metrics: Sequence[str],
    tokenizers: Mapping[str, str],
    empty: str = ERROR,
) -> dict[str, dict[str, Any]]:
    """Return direction → arguments of ``score_direction``: what is made of the references is made once for
    all systems. Raises UserError: the faults of all files, a line each."""

    def task(direction: str) -> dict[str, Any]:
        by_system = {system: by[direction] for system, by in one.files.items() if direction in by}
        references, sources = one.text(direction, next(iter(by_system)))
        return {
            "hypotheses": by_system,
            "references": references,
            "sources": sources,
            "metrics": metrics,
            "tokenizer": tokenizers.get(split_direction(direction)[1], DEFAULT_TOKENIZER),
            "empty": empty,
        }

    there = [d for d in directions if any(d in by for by in one.files.values())]
    return of_each(there, task)


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


def check_all(
    sets: Sequence[OutputSet], tasks: Sequence[Mapping[str, dict[str, Any]]], processes: int
) -> None:
    """Read all files before any is scored. Raises UserError: all faults, a line each."""
    faults = []
    for one in sets:
        try:
            check_own_references(one)
        except UserError as error:
            faults.append(str(error))
    every = {f"{n} {direction}": task for n, by in enumerate(tasks) for direction, task in by.items()}
    try:
        check_files(every, processes)
    except UserError as error:
        faults.append(str(error))
    raise_all(faults)


def score_set(
    args: argparse.Namespace,
    place: Place,
    one: OutputSet,
    tasks: Mapping[str, dict[str, Any]],
    given: Mapping[str, str],
) -> None:
    """Score all systems of a set by all metrics but COMET, and write the files."""
    with Progress("scored", len(tasks)) as progress:
        scored = score_directions(tasks, args.processes, progress.done)
    for note in notes_on(scored, one.files):
        print(f"note: {terminal(note)}", file=sys.stderr)
    for system, files in one.files.items():
        job = job_of(args, one, system)
        write_scores(place.scores(system, one), job, {d: scored[d][system] for d in files})
        for name, pattern in given.items():
            own = set_of(pattern, one, args.hypotheses)
            write_scores(place.neural(system, one, name), job, given_scores(one, system, name, own))


def score_comet(
    args: argparse.Namespace, place: Place, sets: Sequence[OutputSet], comet: Mapping[str, str]
) -> None:
    """Score all systems of all sets by COMET models, and write the files. ``comet``: name to folder."""
    for name, folder in comet.items():
        jobs = {}
        for one in sets:
            for system in one.files:
                words = comet_words(place.neural(system, one, name), one, system, name, folder)
                named = [f"--{key}={value}" for key, value in job_of(args, one, system).items()]
                jobs[f"{system} s{one.seed} {one.testset}"] = [*named, *words]
        run_comet(name, jobs)


def job_of(args: argparse.Namespace, one: OutputSet, system: str) -> dict[str, Any]:
    """Return what names a job, as its files have it."""
    names = {"experiment": EXPERIMENT, "system": system, "seed": one.seed, "testset": one.testset}
    return {**names, "profile": args.profile}


def identify(
    args: argparse.Namespace, place: Place, sets: Sequence[OutputSet], directions: Sequence[str]
) -> None:
    """Write the languages of all hypotheses, if they are asked for."""
    if not args.off_target:
        return
    identified = Identified(directions)
    for note in identified.notes:
        print(f"note: {terminal(note)}", file=sys.stderr)
    for one in sets:
        for system in one.files:
            job = {key: value for key, value in job_of(args, one, system).items() if key != "profile"}
            identified.write(place.languages(system, one), one, system, job, args.empty_references)


def compare_with(
    args: argparse.Namespace,
    place: Place,
    one: OutputSet,
    system: str,
    others: Sequence[str],
    neural: Sequence[str],
) -> None:
    """Test a system against others, on the directions that all of them have."""
    rivals = {other: one.files.get(other, {}) for other in others}
    shared = [d for d in one.files[system] if all(d in rivals[other] for other in others)]
    if not shared:
        missing = f"it has no direction that {' and '.join(others)} has too"
        print(f"{system}: not tested, {missing}", file=sys.stderr)
        return
    job = job_of(args, one, system)
    resamples = args.resamples or compare.default_resamples(len(shared))
    count = len(shared) * len(others) * (1 + len(neural))
    with Progress(f"tested {system}:", count, "comparisons") as progress:
        for metric in ("", *neural):

            def segments(name: str, metric: str = metric) -> list[Path]:
                scores = place.neural(name, one, metric) if metric else place.scores(name, one)
                return [segments_path(scores)]

            against = {other: segments(other) for other in others}
            tests = compare.Tests(resamples, args.seed, args.processes)
            made = place.tests(system, one, metric)
            compare.compare_files(job, segments(system), against, shared, tests, made, progress.done)
