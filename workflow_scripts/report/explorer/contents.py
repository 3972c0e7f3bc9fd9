"""What the page has: facts that it opens with, and parts that it unpacks when they are looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import Groupings
from workflow_scripts.common.errors import UserError
from workflow_scripts.evaluate.segments import read_segments, segments_path
from workflow_scripts.report.explorer.document import room_for_data
from workflow_scripts.report.explorer.lines import Texts, add_lines, metric_of_sentences, read_texts
from workflow_scripts.report.explorer.orders import group_orders
from workflow_scripts.report.explorer.packing import Store
from workflow_scripts.report.explorer.scores import columns, digits_of, tests
from workflow_scripts.report.explorer.unit_sets import add_masks, add_rates
from workflow_scripts.report.read.layout import side_of
from workflow_scripts.report.read.read_files import refuse_missing
from workflow_scripts.report.read.read_scores import Plan, files_of, main_profile, read_scores
from workflow_scripts.report.read.read_significance import read_significance
from workflow_scripts.report.tables.cautions import floor_of, unranked


@dataclass(frozen=True)
class Asked:
    """What the page is asked to have: the options of the stage, checked."""

    plan: Plan
    baseline: str
    pivot: str
    groups: Groupings
    level: float
    scores_root: str
    comet_root: str
    significance_root: str | None
    hypotheses: str | None
    references: str | None
    sources: str | None
    masks: Mapping[str, str]
    used_by: Mapping[str, list[str]]
    counts: str | None
    counted: list[str]
    lower_is_better: list[str]
    allow_partial: bool = False


@dataclass(frozen=True)
class Contents:
    """``about``: what the page opens with; ``parts``: packed data by name."""

    about: dict[str, Any]
    parts: Mapping[str, str]


def contents(asked: Asked) -> Contents:
    """Read everything. Raises UserError: something is missing (unless ``allow_partial``) or damaged."""
    plan = asked.plan
    store = Store(room_for_data())
    scores, missing = _scores(asked)
    if not store.add_json("scores", scores):
        raise UserError(
            f"the scores alone do not fit into the page: ask for fewer of {len(plan.systems)} systems"
        )
    masks, absent = add_masks(store, asked.masks, plan.seeds, asked.used_by)
    rates, uncounted = add_rates(store, asked.counts, asked.counted, plan.seeds)
    texts, untranslated = _texts(asked)
    missing += absent + uncounted + untranslated
    refuse_missing(missing, " files or scores of the explorer", asked.allow_partial)
    lines = add_lines(store, texts, asked.baseline)
    about = {
        "experiment": plan.experiment,
        "systems": plan.systems,
        "baseline": asked.baseline,
        "seeds": plan.seeds,
        "testsets": plan.testsets,
        "profiles": plan.profiles,
        "metrics": [{"name": one, "digits": digits_of(one)} for one in plan.metrics],
        "lower_is_better": asked.lower_is_better,
        "directions": plan.directions,
        "pivot": asked.pivot,
        "sides": [side_of(one, asked.pivot) if "-" in one else "" for one in plan.directions],
        "level": asked.level,
        "tested": asked.significance_root is not None,
        "orders": group_orders(plan.directions, asked.groups, asked.pivot),
        "masks": masks,
        "rates": rates,
        "lines": lines | _about_lines(asked),
        "missing": missing,
        "left_out": store.left_out,
    }
    return Contents(about, store.parts)


def _about_lines(asked: Asked) -> dict[str, Any]:
    plan = asked.plan
    metric = metric_of_sentences(plan.metrics) if plan.metrics else ""
    return {"metric": metric, "testset": (plan.testsets or [""])[0], "seed": plan.seeds[0]}


def _scores(asked: Asked) -> tuple[dict[str, Any], list[str]]:
    """Return the columns of scores and of tests, and what is missing of both."""
    plan = asked.plan
    if not (plan.systems and plan.testsets and plan.metrics):
        return {"columns": [], "tests": []}, []
    wanted = _score_files(asked)
    if asked.allow_partial and not any(path.is_file() for path in wanted):
        return {"columns": [], "tests": []}, list(map(str, wanted))
    reading = read_scores(asked.scores_root, plan, asked.allow_partial, asked.comet_root)
    found = {"columns": columns(reading.scores, plan), "tests": []}
    missing = list(reading.missing)
    if asked.significance_root:
        compared = read_significance(
            asked.significance_root, plan, asked.baseline, "", asked.level, asked.allow_partial
        )
        # As in the tables: where nothing is ranked, nothing is won.
        compared = unranked(compared, floor_of(reading, plan, asked.pivot, asked.baseline), asked.pivot)
        found["tests"] = tests(compared.comparisons, plan, asked.baseline)
        missing += compared.missing
    return found, list(dict.fromkeys(missing))


def _score_files(asked: Asked) -> list[Path]:
    """Return every file of scores that the page must have."""
    plan = asked.plan
    found = []
    for profile, system, seed, testset in product(plan.profiles, plan.systems, plan.seeds, plan.testsets):
        job = {"system": system, "seed": seed, "testset": testset, "profile": profile}
        if plan.directions_of(testset, system):
            found += [path for path, _ in files_of(asked.scores_root, asked.comet_root, plan, job)]
    return found


def _texts(asked: Asked) -> tuple[dict[str, Texts], list[str]]:
    """Return the texts of each direction of the first test set and seed, and the files that are missing."""
    plan = asked.plan
    if not (asked.hypotheses and asked.references and plan.testsets and plan.metrics):
        return {}, []
    testset, seed = plan.testsets[0], plan.seeds[0]
    names = {"seed": str(seed), "testset": testset}
    metric = metric_of_sentences(plan.metrics)
    statistics, missing = _statistics(asked, testset, seed, metric)
    references, sources = (_filled(one, names) for one in (asked.references, asked.sources))
    found: dict[str, Texts] = {}
    for direction in plan.directions_of(testset):
        if "-" not in direction:  # the text of a language model, which is no translation
            continue
        own = {
            system: Path(_filled(asked.hypotheses, names | {"system": system, "direction": direction}))
            for system in plan.systems
            if direction in plan.directions_of(testset, system)
        }
        absent = [str(path) for path in own.values() if not path.is_file()]
        missing += absent
        files = {system: path for system, path in own.items() if path.is_file()}
        scored = {
            system: statistics[system][direction]
            for system in files
            if direction in statistics.get(system, {})
        }
        if files:
            found[direction] = read_texts(direction, files, references, sources or None, scored, metric)
    return found, missing


def _statistics(asked: Asked, testset: str, seed: int, metric: str) -> tuple[dict[str, Any], list[str]]:
    """Return system → direction → statistics of its sentences by the metric [n, d], and missing files."""
    plan = asked.plan
    found: dict[str, Any] = {}
    missing = []
    for system in plan.systems:
        if not plan.directions_of(testset, system):
            continue
        path = _file_of(asked, system, testset, seed, metric)
        if not path.is_file():
            missing.append(str(path))
            continue
        segments = read_segments([path], system=system, testset=testset, seed=seed)
        found[system] = {
            direction: by[metric] for direction, by in segments.statistics.items() if metric in by
        }
    return found, missing


def _file_of(asked: Asked, system: str, testset: str, seed: int, metric: str) -> Path:
    # These are the references that stand beside the hypotheses, too.
    profile = main_profile(asked.plan.profiles)
    job = {"system": system, "seed": seed, "testset": testset, "profile": profile}
    files: Iterator[tuple[Path, list[str]]] = files_of(asked.scores_root, asked.comet_root, asked.plan, job)
    return segments_path(next(path for path, metrics in files if metric in metrics))


def _filled(pattern: str | None, names: Mapping[str, str]) -> str:
    """Return a pattern with these of its wildcards filled in."""
    text = pattern or ""
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return text
