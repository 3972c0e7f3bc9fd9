"""Read the scores an experiment must have, and write them as one table (spec 5, "missing files").

In:  ``scores/{system}/s{seed}/{testset}.{profile}.json`` of ``evaluate.score`` (profile ``paper``: rebuilt
     references): exactly those of system × seed × test set × profile; other files, and other directions
     in them, are not looked at.
Out: ``tables/scores.csv``.

A missing score is an error, never a gap in an average.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any

from workflow_scripts.errors import UserError, nearest
from workflow_scripts.files import atomic_path, read_json


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


@dataclass(frozen=True)
class Plan:
    """What an experiment's tables must cover; every list is in the order of display."""

    experiment: str
    systems: list[str]
    seeds: list[int]
    testsets: list[str]
    directions: list[str]
    metrics: list[str]
    profiles: list[str] = field(default_factory=lambda: [RAW])

    @property
    def size(self) -> int:
        """Number of scores expected."""
        lists = (self.systems, self.seeds, self.testsets, self.directions, self.metrics, self.profiles)
        return math.prod(len(values) for values in lists)


def read_scores(root: str | Path, plan: Plan, allow_partial: bool = False) -> list[Score]:
    """Read every score of the plan, in the plan's order.

    Args:
        root: the folder ``scores/`` of an experiment.
        plan: what must be there.
        allow_partial: leave out what is missing instead of failing.

    Raises:
        UserError: scores or metrics are missing (how many, the first), a file speaks of another job than its
            path, or two systems were scored against different references.
    """
    scores: list[Score] = []
    missing: list[str] = []
    references: dict[tuple[str, str, str], tuple[str, Path]] = {}
    for profile, system, seed, testset in product(plan.profiles, plan.systems, plan.seeds, plan.testsets):
        path = Path(root) / system / f"s{seed}" / f"{testset}.{profile}.json"
        if not path.is_file():
            missing += [str(path)] * len(plan.metrics) * len(plan.directions)
            continue
        job = {
            "experiment": plan.experiment,
            "system": system,
            "seed": seed,
            "testset": testset,
            "profile": profile,
        }
        directions = _read_one(path, job)
        for direction in plan.directions:
            if direction not in directions:
                missing += [f"{direction} in {path}{nearest(direction, directions)}"] * len(plan.metrics)
                continue
            content = directions[direction]
            _check_references(references, (profile, testset, direction), content["references_sha256"], path)
            found: dict[str, dict[str, Any]] = {entry["metric"]: entry for entry in content["scores"]}
            for metric in plan.metrics:
                if metric not in found:
                    missing.append(f"{metric} of {direction} in {path}{nearest(metric, found)}")
                    continue
                number = float(found[metric]["score"])
                if not math.isfinite(number):
                    raise UserError(f"{path}: {metric} of {direction} is {number}, not a number")
                n, signature = int(content["n"]), found[metric]["signature"]
                scores.append(
                    Score(**job, direction=direction, metric=metric, score=number, n=n, signature=signature)
                )
    if missing and not allow_partial:
        raise UserError(
            f"{len(missing)} of {plan.size} scores are missing, the first: {missing[0]} "
            f"(--allow-partial makes tables marked PARTIAL)"
        )
    if not scores:
        raise UserError(f"{root}: none of {plan.size} scores is there, the first missing: {missing[0]}")
    return scores


def _read_one(path: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the directions of a score file that must be of ``job``."""
    try:
        content: dict[str, Any] = read_json(path)
        for key, value in job.items():
            if content[key] != value:
                raise UserError(f"{path}: {key} is {content[key]!r}, its path says {value!r}")
        directions: dict[str, Any] = content["directions"]
        for entry in directions.values():
            for one in entry["scores"]:
                float(one["score"]), one["metric"], one["signature"]
            entry["references_sha256"], int(entry["n"])
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a score file ({type(error).__name__}: {error}); delete it and run again"
        ) from None
    return directions


def _check_references(
    known: dict[tuple[str, str, str], tuple[str, Path]], key: tuple[str, str, str], sha256: str, path: Path
) -> None:
    first_sha256, first_path = known.setdefault(key, (sha256, path))
    if sha256 != first_sha256:
        raise UserError(f"{path}: scored against other references than {first_path}; score both again")


def write_scores_csv(path: str | Path, scores: Sequence[Score]) -> None:
    """Write ``scores.csv``: one row a score, unrounded (floats read back the same)."""
    write_csv(path, COLUMNS, (astuple(score) for score in scores))


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a comma-separated table atomically; ``None`` becomes an empty cell."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
