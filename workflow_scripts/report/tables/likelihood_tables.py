"""The tables ``likelihood`` and ``contrastive``: how probable systems find given translations."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from workflow_scripts.common.checked_options import ALL
from workflow_scripts.common.errors import nearest
from workflow_scripts.common.naming import is_line
from workflow_scripts.report.read.read_files import Job, read_job, refuse_missing
from workflow_scripts.report.read.read_scores import Plan
from workflow_scripts.report.tables.averages import estimate
from workflow_scripts.report.tables.summary import display_order
from workflow_scripts.report.tables.table import Block, Cells, Record, Shown, Table, chosen, frame_of, records
from workflow_scripts.report.tables.writing import Digits, decimal_mean, quantized, rounded, written

JOB = ("experiment", "system", "seed")
FIGURES = ("n", "skipped", "cut_sources", "tokens", "log_likelihood", "nats_per_token", "perplexity")
ACCURACY = ("n", "right", "ties", "accuracy", "low", "high", "chance")
LIKELIHOOD_COLUMNS = [*JOB, "testset", "direction", *FIGURES]
CONTRASTIVE_COLUMNS = [*JOB, "set", "direction", "phenomenon", *ACCURACY]
NATS, SHARE = Digits(3), Digits(1)
MEAN = "mean"


def likelihood_table(root: str | Path, plan: Plan, allow_partial: bool = False) -> Table:
    """Return the table of the references' likelihoods. Raises UserError: files or directions are missing, or
    a file is damaged or of another job."""
    lines, missing = [], []
    for path, job in _jobs(root, plan, "testset", plan.testsets):
        content = _read(path, job, "likelihood", _check(FIGURES))
        for direction in plan.directions_of(job["testset"], job["system"]):
            known = content["directions"] if content else {}
            if direction in known:
                lines.append([*job.values(), direction, *(known[direction][name] for name in FIGURES)])
            else:
                hint = f"{direction} in {path}{nearest(direction, known)}"
                missing.append(hint if content else str(path))
    expected = replace(plan, metrics=[""], profiles=[""]).size
    refuse_missing(missing, f" of {expected} likelihoods", allow_partial)
    frame = frame_of(lines, LIKELIHOOD_COLUMNS)
    rows = records(frame)
    blocks = [_nats(part, plan, one) for one in plan.testsets if (part := chosen(rows, testset=one))]
    notes = [
        "Each number: nats per token of the references, the lower the better; mean ± standard deviation over "
        "seeds (number of seeds), of one seed the number alone. The last row is the mean over directions.",
        "Bold: the lowest number as shown, and those equal to it, of at least two systems.",
        "Tokens are subwords and the end of each sentence; the given language tag does not count. Systems "
        "with other subwords do not compare.",
    ]
    title = f"Likelihood of the references in {plan.experiment}"
    return Table("likelihood", title, frame, blocks, notes, [], len(missing), expected, "likelihoods")


def contrastive_table(
    root: str | Path, plan: Plan, sets: Sequence[str], allow_partial: bool = False
) -> Table:
    """Return the table of the accuracies on contrastive sets; neither a set nor a system need have every
    direction. Raises UserError: files are missing, or a file is damaged or of another job."""
    lines, missing = [], []
    for path, job in _jobs(root, plan, "set", sets):
        content = _read(path, job, "contrastive", _check_accuracies)
        if content is None:
            missing.append(str(path))
            continue
        for direction, entry in {ALL: content[ALL], **content["directions"]}.items():
            for phenomenon, one in {ALL: entry, **entry["phenomena"]}.items() if entry else ():
                lines.append([*job.values(), direction, phenomenon, *(one[name] for name in ACCURACY)])
    expected = len(plan.systems) * len(plan.seeds) * len(sets)
    refuse_missing(missing, f" of {expected} contrastive files", allow_partial)
    frame = frame_of(lines, CONTRASTIVE_COLUMNS)
    rows = records(frame)
    blocks = []
    for name, seed in product(sets, plan.seeds):
        part = chosen(rows, set=name, seed=seed)
        section = name if len(plan.seeds) == 1 else f"{name}, seed {seed}"
        if part:
            by, of = chosen(part, direction=ALL), chosen(part, phenomenon=ALL)
            blocks.append(_accuracies(by, plan, "phenomenon", "By phenomenon, all directions", section))
            blocks.append(_accuracies(of, plan, "direction", "By direction, all phenomena", section))
    notes = [
        "Each cell: percent of items whose right reading the system finds more probable than every wrong "
        "one, with Wilson's 95 % interval; a tie counts as wrong.",
        "chance: what guessing gets. The csv and parquet files have each phenomenon of each direction too.",
    ]
    title = f"Contrastive sets in {plan.experiment}"
    return Table("contrastive", title, frame, blocks, notes, [], len(missing), expected, "contrastive files")


def _jobs(root: str | Path, plan: Plan, kind: str, names: Sequence[str]) -> Iterator[tuple[Path, Job]]:
    for name, system, seed in product(names, plan.systems, plan.seeds):
        job = {"experiment": plan.experiment, "system": system, "seed": seed, kind: name}
        yield Path(root) / system / f"s{seed}" / f"{name}.json", job


def _read(path: Path, job: Job, kind: str, check: Callable[[Any], None]) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    return read_job(path, job, kind, check, whole=[ALL] if kind == "contrastive" else [])


def _check(names: Sequence[str]) -> Callable[[Any], None]:
    def check(entry: Mapping[str, Any]) -> None:
        for name in names:
            if not math.isfinite(float(entry[name])):
                raise ValueError(f"{name} is no number")

    return check


def _check_accuracies(entry: Mapping[str, Any] | None) -> None:
    if entry is None:  # of a system without the directions that the set has
        return
    if not all(map(is_line, entry["phenomena"])):
        raise ValueError("a phenomenon whose name is no line of text")
    for one in (entry, *entry["phenomena"].values()):
        if not all(0 <= float(one[name]) <= 1 for name in ("accuracy", "low", "high", "chance")):
            raise ValueError("a share that is not between 0 and 1")
        _check(ACCURACY)(one)


def _nats(rows: Sequence[Record], plan: Plan, testset: str) -> Block:
    systems, directions = display_order(plan.systems), plan.directions_of(testset)
    parts = {**{direction: [direction] for direction in directions}, MEAN: directions}
    lines = [
        _nats_line(name, [_of(rows, s, part, plan) for s in systems], plan, _lacking(part, testset, plan))
        for name, part in parts.items()
    ]
    return Block("", ["direction", *systems], lines, f"{testset}, nats per token (lower is better)")


def _lacking(directions: Sequence[str], testset: str, plan: Plan) -> list[str]:
    """Return why each system may have no number: it has not all of these directions, or files are missing."""
    had = [set(plan.directions_of(testset, system)) for system in display_order(plan.systems)]
    return ["missing" if own.issuperset(directions) else "not all directions" for own in had]


def _of(rows: Sequence[Record], system: str, directions: Sequence[str], plan: Plan) -> list[float]:
    """Of each seed the mean over directions; of a seed that lacks one of them nothing."""
    means = []
    for seed in plan.seeds:
        own = [row for row in chosen(rows, system=system, seed=seed) if row["direction"] in directions]
        if len(own) == len(directions):
            means.append(decimal_mean([row["nats_per_token"] for row in own]))
    return means


def _nats_line(name: str, by_system: Sequence[Sequence[float]], plan: Plan, reasons: Sequence[str]) -> Cells:
    means = [estimate(values) if values else None for values in by_system]
    # A mean of fewer seeds is not compared.
    whole = [
        quantized(one.mean, NATS) if one and one.mean is not None and one.n == len(plan.seeds) else None
        for one in means
    ]
    there = [value for value in whole if value is not None]
    line: Cells = [name]
    for mean, shown, reason in zip(means, whole, reasons, strict=True):
        n = mean.n if mean else 0
        text = written(mean.mean if mean else None, mean.sd if mean else None, n, reason, NATS)
        text += "" if n in (0, len(plan.seeds)) else f" [{n}/{len(plan.seeds)}]"
        line.append(Shown(text, len(there) > 1 and shown == min(there)))
    return line


def _accuracies(rows: Sequence[Record], plan: Plan, key: str, title: str, section: str) -> Block:
    systems = [s for s in display_order(plan.systems) if any(row["system"] == s for row in rows)]
    places = {(row[key], row["system"]): row for row in rows}
    lines: list[Cells] = []
    for name in dict.fromkeys(row[key] for row in rows):
        # The items are the same for all systems, but for those that lack some of the directions.
        most = max(chosen(rows, **{key: name}), key=lambda row: row["n"])
        cells = [_interval(places.get((name, system)), most["n"]) for system in systems]
        lines.append([name, str(most["n"]), rounded(100 * most["chance"], SHARE), *cells])
    return Block(title, [key, "items", "chance", *systems], lines, section)


def _interval(row: Record | None, items: int) -> str:
    """Return an accuracy with its interval, and of how many of the items it is, if not of all."""
    if row is None:
        return "n/a"
    share, low, high = (rounded(100 * row[name], SHARE) for name in ("accuracy", "low", "high"))
    return f"{share} [{low}, {high}]" + (f" [{row['n']} of {items} items]" if row["n"] < items else "")
