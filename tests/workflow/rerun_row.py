"""A row of docs/reference/reruns.md: a change, the jobs that then run, why, and the edits of rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_scripts.workflow.run.leftovers import place_of

# The small experiment: en-de, en-fr, de-en, fr-en; baseline, continued, ns-k70, ns-k95; one seed, one test
# set. What runs from the first job to the last:
ALL = {
    "prepare_text": 6,  # 3 subsets × 2 pairs
    "train_subwords": 1,
    "binarise": 12,  # 3 subsets × 2 pairs × 2 sides
    "round_trip": 1,  # one test set
    "score_ceiling": 1,
    "write_card": 1,
    "train_baseline": 1,
    "count_activations": 2,  # from en, into en
    "select_masks": 3,  # k70, k95, all
    "finetune": 3,
    "decode": 16,  # 4 systems × 4 directions
    "score": 4,  # by system
    "compare": 3,  # each but the baseline
    "train_identifier": 1,
    "identify": 4,
    "strongest_units": 1,
    "mask_control": 1,
    "overlap": 1,
    "tabulate": 1,
    "tabulate_units": 1,
    "plot_training": 1,
    "plot_tables": 1,
    "plot_masks": 1,
    "plot_off_target": 1,
    "write_answer": 1,
}
#: The page reads all tables and figures.
PAGE = {"write_answer": 1}
TABLES = {"tabulate": 1, "plot_tables": 1, **PAGE}
UNITS = {"tabulate_units": 1, "plot_masks": 1, "plot_tables": 1, **PAGE}
#: After other scores of all systems, and after other hypotheses of all or of one.
SCORED = {"score": 4, "compare": 3, **TABLES}
DECODED = {**SCORED, "identify": 4, "plot_off_target": 1}
DECODED_ONE = {"score": 1, "compare": 1, "identify": 1, **TABLES, "plot_off_target": 1}


def without(*rules: str, **changed: int) -> dict[str, int]:
    """Return all jobs but those of some rules, with some counts changed."""
    return {**{rule: count for rule, count in ALL.items() if rule not in rules}, **changed}


#: After new weights of the fine-tuned systems: 3 systems × 4 directions.
FINETUNED = {"finetune": 3, "decode": 12, **DECODED, "score": 3, "identify": 3, "plot_training": 1}
#: After new activation counts: masks, and all that is made with them. The baseline stays.
COUNTED = {"select_masks": 3, **FINETUNED, "strongest_units": 1, "mask_control": 1, "overlap": 1, **UNITS}
DATA = ("prepare_text", "train_subwords", "binarise", "round_trip", "score_ceiling", "write_card")


@dataclass(frozen=True)
class Row:
    """A change, the jobs by stage that it makes run, and why these.

    ``config``: keys that change. ``before``: what they were when it last ran to its end.
    ``edit``: changes files of the finished experiment's folder. ``code``: changes files of a copy of the
    checkout, which the dry run then uses. ``options``: Snakemake's.
    """

    change: str
    jobs: Mapping[str, int]
    why: str
    config: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    edit: Callable[[Path], None] | None = None
    code: Callable[[Path], None] | None = None
    options: tuple[str, ...] = ()
    conda: bool = False


def append(name: str, text: str) -> Callable[[Path], None]:
    """Return an edit that adds text at a file's end."""

    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return edit


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return an edit that replaces what stands once in a file."""

    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} of {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def delete(name: str) -> Callable[[Path], None]:
    """Return an edit that deletes a file."""
    return lambda folder: (folder / name).unlink()


def write(name: str, text: str) -> Callable[[Path], None]:
    """Return an edit that gives a file other content."""

    def edit(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return edit


def placed(*names: str) -> Callable[[Path], None]:
    """Return an edit that adds files of another program, as dictionaries of one symbol."""

    def edit(folder: Path) -> None:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("a 1\n", encoding="utf-8")

    return edit


def touch(name: str) -> Callable[[Path], None]:
    """Return an edit that makes a file new without changing it."""
    return lambda folder: (folder / name).touch()


def replaced(name: str, text: str) -> Callable[[Path], None]:
    """Return an edit that gives a file other content and a time before all others, as `cp -p` may."""

    def edit(folder: Path) -> None:
        write(name, text)(folder)
        os.utime(folder / name, (1_000_000_000, 1_000_000_000))

    return edit


def unrecorded(*names: str) -> Callable[[Path], None]:
    """Return an edit that takes away Snakemake's records of some results, or its whole folder."""

    def edit(folder: Path) -> None:
        snakemake = folder / ".snakemake"
        for name in names:
            (snakemake / "metadata" / place_of(f"{RESULTS}/{name}", snakemake)).unlink()
        if not names:
            shutil.rmtree(snakemake)

    return edit


def pin(environment: str, package: str) -> Callable[[Path], None]:
    """Return an edit that raises a package of an environment's lock file to a version that there is not."""

    def edit(checkout: Path) -> None:
        path = checkout / "envs" / f"{environment}.lock.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        changed = [f"{package}==99.0" if line.startswith(f"{package}==") else line for line in lines]
        assert changed != lines, f"{path.name} does not pin {package}"
        path.write_text("\n".join(changed) + "\n", encoding="utf-8")

    return edit


def code(module: str) -> Callable[[Path], None]:
    """Return an edit that adds a statement to a module."""
    return append(f"workflow_scripts/{module.replace('.', '/')}.py", "\n_ADDED = 1\n")


def each(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return several edits as one."""

    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit


def comments(checkout: Path) -> None:
    """Add a comment to every module of the package, and another sentence to its docstring."""
    for path in sorted((checkout / "workflow_scripts").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.startswith('"""'):
            text = '"""Another sentence. ' + text.removeprefix('"""')
        path.write_text(text + "\n# Another comment.\n", encoding="utf-8")


RESULTS = "results/small"
