"""Read the tests of systems against others, and correct their p-values over directions.

A family of tests is the directions of one system against one other with one metric on one test set.
"""

import gc
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workflow_scripts.common.errors import UserError, nearest
from workflow_scripts.evaluate.significance.correction import TIE, correct, outcome
from workflow_scripts.report.read.read_files import Job, read_job, refuse_missing
from workflow_scripts.report.read.read_scores import Plan, files_of
from workflow_scripts.report.tables.writing import AGAINST_BASELINE, AGAINST_CONTROL, Significant

CORRECTED = ("p_holm", "p_bh", "p_holm_bootstrap", "p_bh_bootstrap")
FIGURES = ("difference", "low", "high", "sentence_sd", "p_bootstrap", "p_randomisation")


@dataclass(frozen=True)
class Comparison:
    """One test. ``difference`` is system - other in the metric's unit, ``low`` to ``high`` its interval."""

    experiment: str
    system: str
    against: str
    seed: int
    testset: str
    profile: str
    direction: str
    metric: str
    difference: float
    low: float
    high: float
    sentence_sd: float
    p_bootstrap: float
    p_randomisation: float
    p_holm: float = math.nan
    p_bh: float = math.nan
    p_holm_bootstrap: float = math.nan
    p_bh_bootstrap: float = math.nan
    outcome: str = ""


@dataclass(frozen=True)
class Compared:
    """What was read: ``missing`` of ``expected`` tests are not there."""

    comparisons: list[Comparison]
    missing: list[str]
    expected: int
    resamples: int  # the fewest of all files for their directions; 0 where none was read
    directions: int = 0  # of that file


def others_of(system: str, plan: Plan, baseline: str, control: str) -> list[str]:
    """Return whom a system is compared with."""
    if system == baseline:
        return []
    return [other for other in (baseline, control) if other in plan.systems and other != system]


def read_significance(
    root: str | Path,
    plan: Plan,
    baseline: str = "baseline",
    control: str = "continued",
    level: float = 0.05,
    allow_partial: bool = False,
) -> Compared:
    """Read every test of the plan and correct the p-values; ``level`` is that of outcomes. Raises UserError:
    tests are missing, or a file is damaged or of another job."""
    found: list[Comparison] = []
    missing: list[str] = []
    resamples: list[tuple[int, int]] = []
    expected = 0
    for profile, system, seed, testset in product(plan.profiles, plan.systems, plan.seeds, plan.testsets):
        others = others_of(system, plan, baseline, control)
        directions = plan.directions_of(testset, system)
        wanted = list(product(others, directions, plan.metrics))
        expected += len(wanted)
        if not wanted:
            continue
        job: Job = {"experiment": plan.experiment, "system": system, "seed": seed, "testset": testset}
        job["profile"] = profile
        tests: dict[tuple[str, str, str], Comparison] = {}
        for path, metrics in files_of(root, root, plan, job):
            places = list(product(others, directions, metrics))
            if not path.is_file():
                missing += [str(path)] * len(places)
                continue
            content = read_job(path, job, "significance", _check_directions, "against")
            made = content.get("resamples")
            if not isinstance(made, int) or made < 1:
                raise UserError(
                    f"{path}: resamples is {made!r}, not a number of them; delete it and run again"
                )
            resamples.append((made, len(directions)))
            for other, direction, metric in places:
                known = content["against"].get(other, {}).get(direction, {})
                if metric not in known:
                    what = f"{metric} of {direction} against {other}"
                    missing.append(f"{what} in {path}{nearest(metric, known)}")
                    continue
                place: dict[str, Any] = {**job, "against": other, "direction": direction, "metric": metric}
                place |= {name: float(known[metric][name]) for name in FIGURES}
                tests[other, direction, metric] = Comparison(**place)
        found += [tests[one] for one in wanted if one in tests]
    refuse_missing(missing, f" of {expected} tests of significance", allow_partial)
    fewest = min(resamples, key=lambda one: (one[0] + 1) / one[1], default=(0, 0))
    return Compared(corrected(found, level), missing, expected, *fewest)


def _check_directions(directions: Mapping[str, Any]) -> None:
    for metrics in directions.values():
        for entry in metrics.values():
            values = [float(entry[name]) for name in FIGURES]
            if not all(map(math.isfinite, values)):
                raise ValueError("a figure that is no number")
            if not all(0 <= float(entry[name]) <= 1 for name in ("p_bootstrap", "p_randomisation")):
                raise ValueError("a p-value that is not between 0 and 1")


def corrected(comparisons: Sequence[Comparison], level: float) -> list[Comparison]:
    """Return the tests, in the same order, with corrected p of both kinds and outcomes.

    The randomisation decides, after Holm: sacrebleu's bootstrap counts one side only, so that equal systems
    would differ about twice as often as ``level`` says (docs/reference/significance.md).
    """
    families: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, one in enumerate(comparisons):
        key = (one.system, one.against, one.seed, one.testset, one.profile, one.metric)
        families[key].append(place)
    done = list(comparisons)
    # statsmodels looks for garbage after each correction; what is here already is not garbage.
    gc.freeze()
    for places in families.values():
        tests = [comparisons[place] for place in places]
        random = correct([one.p_randomisation for one in tests])
        bootstrap = correct([one.p_bootstrap for one in tests])
        both = zip(random.p_holm, random.p_bh, bootstrap.p_holm, bootstrap.p_bh, strict=True)
        for place, one, values in zip(places, tests, both, strict=True):
            said = outcome(one.difference, values[0], one.metric, level)
            ps: dict[str, Any] = dict(zip(CORRECTED, values, strict=True))
            done[place] = replace(one, outcome=said, **ps)
    gc.unfreeze()
    return done


def marks_of(
    comparisons: Sequence[Comparison],
    seeds: int,
    control: str,
    draws: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Significant:
    """Return the daggers of each place: differences that are wins in every seed, or losses in every one.
    ``draws``: of systems that are drawn several times, under whose name every draw must be so, too."""
    together = {name: key for key, names in draws.items() for name in names}
    expected = {key: seeds * len(names) for key, names in draws.items()}
    outcomes: dict[tuple[str, str, str, str, str], dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for one in comparisons:
        system = together.get(one.system, one.system)
        place = (one.testset, one.profile, one.metric, one.direction, system)
        outcomes[place][one.against].append(one.outcome)
    return {
        place: "".join(
            AGAINST_CONTROL if other == control else AGAINST_BASELINE
            for other, said in by.items()
            if len(said) == expected.get(place[-1], seeds) and len(set(said)) == 1 and said[0] != TIE
        )
        for place, by in outcomes.items()
    }
