"""Read the scores an experiment must have: system × seed × test set × profile, and nothing else.

A missing score is an error, never a gap in an average.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.common.naming import is_line
from workflow_scripts.evaluate.languages.scripts import UNFIT, Unfit, is_bleu
from workflow_scripts.report.read.read_files import Job, read_job, refuse_missing


@dataclass(frozen=True)
class Score:
    """One number: ``score`` is unrounded and in the metric's own unit, ``n`` counts sentences."""

    experiment: str
    system: str
    seed: int
    testset: str
    profile: str
    direction: str
    metric: str
    score: float
    n: int
    signature: str


COLUMNS = [column.name for column in fields(Score)]
RAW = "raw"  # the test set's own text as references


def main_profile(profiles: Sequence[str]) -> str:
    """Return the references by which scores are shown first: the test set's own text, or else the first."""
    return RAW if RAW in profiles else profiles[0]


@dataclass(frozen=True)
class Plan:
    """What an experiment's tables must cover; every list is in the order of display.

    ``partial_systems``: the directions of systems that lack some. ``draws``: by the name that they have
    together, systems that differ in a drawn mask set only. ``untrained``: directions that are only evaluated.
    """

    experiment: str
    systems: list[str]
    seeds: list[int]
    testsets: list[str]
    directions: list[str]
    metrics: list[str]
    profiles: list[str] = field(default_factory=lambda: [RAW])
    comet: list[str] = field(default_factory=list)  # those of ``metrics`` that are COMET models
    partial: dict[str, list[str]] = field(default_factory=dict)  # test sets that lack some directions
    partial_systems: dict[str, list[str]] = field(default_factory=dict)
    draws: dict[str, list[str]] = field(default_factory=dict)
    untrained: list[str] = field(default_factory=list)

    def directions_of(self, testset: str, system: str = "") -> list[str]:
        """Return the directions that a test set has, and a system where one is named."""
        had = self.partial.get(testset, self.directions)
        own = self.partial_systems.get(system, had)
        return [one for one in had if one in own]

    @property
    def size(self) -> int:
        """Number of scores expected."""
        places = sum(
            len(self.directions_of(testset, system))
            for testset, system in product(self.testsets, self.systems)
        )
        return places * math.prod(len(values) for values in (self.seeds, self.metrics, self.profiles))


Flags = dict[tuple[str, str], list[str]]  # of (metric, direction)


@dataclass(frozen=True)
class Reading:
    """What the files say. ``health`` holds a job's keys, direction, n and the figures' names and values.
    ``unfit``: directions whose references BLEU's tokenizer does not divide."""

    scores: list[Score]
    health: list[dict[str, Any]]
    flags: Flags
    missing: list[str]
    unfit: dict[str, Unfit] = field(default_factory=dict)


def read_scores(
    root: str | Path, plan: Plan, allow_partial: bool = False, comet_root: str | Path = "comet"
) -> Reading:
    """Read every score of the plan, in the plan's order, below ``scores/`` and ``comet/`` of an experiment.

    Raises UserError: scores are missing (unless ``allow_partial``), a file is of another job than its path,
    or two systems were scored against different references.
    """
    reading = Reading([], [], {}, [])
    references: dict[tuple[str, str, str], tuple[str, Path]] = {}
    for profile, system, seed, testset in product(plan.profiles, plan.systems, plan.seeds, plan.testsets):
        values = (plan.experiment, system, seed, testset, profile)
        job = dict(zip(("experiment", "system", "seed", "testset", "profile"), values, strict=True))
        found: dict[tuple[str, str], Score] = {}
        expected = plan.directions_of(testset, system)
        for path, metrics in files_of(root, comet_root, plan, job):
            if not path.is_file():
                reading.missing.extend([str(path)] * len(metrics) * len(expected))
                continue
            directions = read_job(path, job, "score", _check_entry)["directions"]
            for direction in expected:
                if direction not in directions:
                    hint = f"{direction} in {path}{nearest(direction, directions)}"
                    reading.missing.extend([hint] * len(metrics))
                    continue
                entry = directions[direction]
                if sha256 := entry["references_sha256"]:  # null of a metric without references
                    first = references.setdefault((profile, testset, direction), (sha256, path))
                    if sha256 != first[0]:
                        said = f"scored against other references than {first[1]}; score both again"
                        raise UserError(f"{path}: {said}")
                scores = _scores_of(entry, job, direction, metrics, path, reading.missing)
                found |= {(direction, score.metric): score for score in scores}
                _note_flags(reading.flags, entry.get("flags", []), direction, metrics)
                if UNFIT in entry:
                    unfit = reading.unfit.setdefault(direction, Unfit(**entry[UNFIT]))
                    _note_flags(reading.flags, [unfit.reason], direction, [m for m in metrics if is_bleu(m)])
                if "health" in entry:
                    reading.health.append({**job, "direction": direction, "n": entry["n"], **entry["health"]})
        wanted = product(expected, plan.metrics)
        reading.scores.extend(found[key] for key in wanted if key in found)
    refuse_missing(reading.missing, f" of {plan.size} scores", allow_partial)
    if not reading.scores:
        said = f"none of {plan.size} scores is there, the first missing: {reading.missing[0]}"
        raise UserError(f"{root}: {said}")
    return reading


def files_of(
    root: str | Path, comet_root: str | Path, plan: Plan, job: Job
) -> Iterator[tuple[Path, list[str]]]:
    """Yield the files of a job, each with its metrics: one of sacrebleu's, and one for each COMET model."""
    own = [metric for metric in plan.metrics if metric not in plan.comet]
    place = Path(job["system"]) / f"s{job['seed']}"
    name = f"{job['testset']}.{job['profile']}"
    if own:
        yield Path(root) / place / f"{name}.json", own
    for metric in plan.comet:
        yield Path(comet_root) / place / f"{name}.{metric}.json", [metric]


def _scores_of(
    entry: Mapping[str, Any], job: Job, direction: str, metrics: list[str], path: Path, missing: list[str]
) -> Iterator[Score]:
    found = {one["metric"]: one for one in entry["scores"]}
    for metric in metrics:
        if metric not in found:
            missing.append(f"{metric} of {direction} in {path}{nearest(metric, found)}")
            continue
        number = float(found[metric]["score"])
        if not math.isfinite(number):
            raise UserError(f"{path}: {metric} of {direction} is {number}, not a number")
        signature = str(found[metric]["signature"])
        place = {**job, "direction": direction, "metric": metric}
        yield Score(**place, score=number, n=int(entry["n"]), signature=signature)


def _note_flags(flags: Flags, said: list[str], direction: str, metrics: list[str]) -> None:
    for metric in metrics:
        known = flags.setdefault((metric, direction), [])
        known.extend(flag for flag in said if flag not in known)
        if not known:
            del flags[metric, direction]


def _check_entry(entry: Mapping[str, Any]) -> None:
    for one in entry["scores"]:
        float(one["score"]), one["metric"]
        if not is_line(one["signature"]):
            raise ValueError("a signature that is no line of text")
    _, sentences = entry["references_sha256"], int(entry["n"])
    if sentences < 1:
        raise ValueError("scored against nothing")
    for value in entry.get("health", {}).values():
        # A figure may be null: without sources no copies are counted.
        if not math.isfinite(float(value or 0)):
            raise ValueError("a figure of health that is no number")
    if UNFIT in entry and not all(isinstance(text, str) for text in vars(Unfit(**entry[UNFIT])).values()):
        raise ValueError("a tokenizer that is no text")
    if not all(map(is_line, entry.get("flags", []))):
        raise ValueError("flags are no list of texts")
