"""What the text processing leaves of perfect output, beside scores: averaged by the same rules.

A test set's ceilings are shown where the BLEU of one of its directions is below ``LEAST_SHOWN``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import Groupings
from workflow_scripts.common.directions import split_direction
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.languages.scripts import is_bleu
from workflow_scripts.report.read.read_files import Job, read_job
from workflow_scripts.report.read.read_scores import RAW, Plan, Score
from workflow_scripts.report.tables.summary import summarise
from workflow_scripts.report.tables.table import Record
from workflow_scripts.report.tables.writing import rounded

CEILING = "ceiling"  # in the place of a system
LEAST_SHOWN = 99.0  # BLEU; above it the differences between systems are larger
AVERAGE = ("testset", "metric", "without", "grouping", "group", "side")
Key = tuple[str, ...]


@dataclass(frozen=True)
class Ceilings:
    """By (test set, metric, direction), and averages by ``AVERAGE``."""

    directions: Mapping[Key, float] = field(default_factory=dict)
    averages: Mapping[Key, float] = field(default_factory=dict)
    moses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by target language

    def of_direction(self, row: Record, direction: str) -> float | None:
        """Return the ceiling of a direction in the section of a row, None where none is shown."""
        place = (row["testset"], row["metric"], direction)
        return self.directions.get(place) if row["profile"] == RAW else None

    def of_average(self, row: Record) -> float | None:
        """Return the ceiling of the average that a row is, None where none is shown."""
        place = tuple(row[name] for name in AVERAGE)
        return self.averages.get(place) if row["profile"] == RAW else None


def read_ceilings(
    root: str | Path, plan: Plan, pivot: str, groups: Groupings, without: Mapping[str, Sequence[str]]
) -> Ceilings:
    """Return the ceilings of the test sets where they are to be shown. Raises UserError: a file is missing,
    damaged or of another experiment."""
    scores: list[Score] = []
    moses: dict[str, Mapping[str, Any]] = {}
    for testset in plan.testsets if RAW in plan.profiles else []:
        path = Path(root) / f"{testset}.json"
        if not path.is_file():
            raise UserError(f"{path}: the ceiling of {testset} is missing; run the workflow again")
        job: Job = {"experiment": plan.experiment, "testset": testset}
        content = read_job(path, job, CEILING, _check)["directions"]
        had = plan.directions_of(testset)
        if absent := [direction for direction in had if direction not in content]:
            raise UserError(f"{path}: no ceiling of {absent[0]}; delete it and run again")
        found = [
            Score(**job, system=CEILING, seed=0, profile=RAW, direction=direction, n=entry["n"], **one)
            for direction, entry in content.items()
            if direction in had
            for one in entry["scores"]
            if one["metric"] in plan.metrics
        ]
        every = [one for entry in content.values() for one in entry["scores"] if is_bleu(one["metric"])]
        scores += found if min((float(one["score"]) for one in every), default=100.0) < LEAST_SHOWN else []
        moses |= {split_direction(d)[1]: entry["moses"] for d, entry in content.items() if entry["moses"]}
    averages: dict[Key, float] = {}
    if scores:
        metrics = [name for name in plan.metrics if any(score.metric == name for score in scores)]
        testsets = list(dict.fromkeys(score.testset for score in scores))
        lists = ([CEILING], [0], testsets, plan.directions, metrics)
        alone = Plan(plan.experiment, *lists, partial=plan.partial)
        for cell in summarise(scores, alone, pivot, groups, without=without).cells:
            if cell.value.mean is not None:
                averages[tuple(getattr(cell, name) for name in AVERAGE)] = cell.value.mean
    directions: dict[Key, float] = {(one.testset, one.metric, one.direction): one.score for one in scores}
    return Ceilings(directions, averages, moses)


def _check(entry: Mapping[str, Any]) -> None:
    for one in entry["scores"]:
        if set(one) != {"metric", "score", "signature"} or not math.isfinite(float(one["score"])):
            raise ValueError("no score")
    int(entry["n"])
    if entry["moses"] is not None:
        int(entry["moses"]["split_words"]), int(entry["moses"]["words"]), bool(entry["moses"]["cuts_words"])


def ceiling_notes(ceilings: Ceilings) -> list[str]:
    """Return what is said above every table: of which words Moses makes pieces, which ceilings are low."""
    split = {target: one for target, one in ceilings.moses.items() if one["cuts_words"]}
    notes = []
    if split:
        counted = [f"{lang} ({one['split_words']:,} of {one['words']:,})" for lang, one in split.items()]
        notes.append(
            "WARNING: Moses' tokenisation cuts words into pieces that detokenisation does not join, in the "
            f"first lines of {', '.join(counted)}: it is not made for their script. Train without it: text: "
            "{moses: false}"
        )
    low: dict[str, float] = {}
    for (_, metric, direction), value in ceilings.directions.items():
        if is_bleu(metric) and value < LEAST_SHOWN:
            target = split_direction(direction)[1]
            low[target] = min(value, low.get(target, value))
    if low:
        named = [f"{target} {rounded(low[target])}" for target in sorted(low, key=lambda one: low[one])]
        moses = ", and text: {moses: false, normalize_punctuation: false}" if ceilings.moses else ""
        notes.append(
            "The text processing itself takes from every score: the references, put through it and back, "
            f"have BLEU {', '.join(named)}. No system can have more (see {CEILING}), and scores of different "
            "languages do not say which is learned better. A training that loses less: subwords: "
            f"{{normalization: identity, character_coverage: 1.0}}{moses}"
        )
    return notes
