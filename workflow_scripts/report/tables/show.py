"""Print an experiment's summary on a terminal, and where everything lies, at the end of ``make run``.

Standard library only: the workflow's own process starts it, in whatever environment that has.
"""

import argparse
import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from workflow_scripts.common.checked_options import ALL, DIRECTION
from workflow_scripts.common.errors import UserError, run_main, terminal
from workflow_scripts.common.files import read_json
from workflow_scripts.common.metric_names import metric_id
from workflow_scripts.common.table_names import CAUTIONS, UNITS
from workflow_scripts.report.read.layout import BOTH, INTO, OTHER, OUT, main_side
from workflow_scripts.report.read.read_files import Row, content_of, read_table
from workflow_scripts.report.tables.summary import CSV_COLUMNS
from workflow_scripts.report.tables.units_page import console
from workflow_scripts.report.tables.writing import (
    HUNDREDTHS,
    Digits,
    difference_word,
    digits_of,
    rounded,
    table_title,
)

WIDTH = 99
#: The page that report.page.write_answer makes.
ANSWER = "report/answer.html"
# What a user may look for, in the order of the workflow; only what exists is shown.
PLACES = {
    "tables/summary.md": "these numbers with groups and signatures",
    "tables/groups.md": "the paper's form: one row a system, groups and sides beside each other",
    "tables/differences.md": "differences to the baseline in that form",
    "tables/scores.md": "single directions, significant differences marked",
    "tables/controls.md": "each system against the control and random draws, in words",
    "tables/choice.md": "the k that validation chooses",
    "tables/zero_shot.md": "directions that were not trained, and outputs in a wrong language",
    "tables/wins.md": "in how many directions a system wins, loses or ties",
    "tables/units.md": "which units each direction keeps, which languages share them, which are whose",
    "tables/health.md": "lengths, repetitions, copies, wrong languages",
    "tables/costs.md": "parameters, bytes and seconds of each system",
    "tables/scores.csv": "every score, unrounded",
    "figures": "curves",
    "analysis": "control, overlap, stability, criteria, heads, probes, ablation, effects, correlation",
    "translations": "what each system wrote",
    "systems": "the trained models, ready to translate",
    "masks": "which units each direction keeps",
    "data/card.md": "what the text is",
    "logs": "a log of every job",
    "benchmarks": "time and memory of every job",
}
COUNTS = ("directions", "scores", "scores_expected", "n")
MEANS = ("mean", "sd", "baseline_difference", "baseline_difference_sd", "continued_difference")
NUMBERS = ("k", *COUNTS, *MEANS, "continued_difference_sd")


def read_summary(path: str | Path) -> list[Row]:
    """Read ``summary.csv``; every value is text, empty where a number does not exist, metrics as in files.
    Raises UserError: the file is absent or not a summary."""
    if not Path(path).is_file():
        raise UserError(f"{path}: no summary here; report.tables.tabulate writes it")
    rows = read_table(path, CSV_COLUMNS, NUMBERS)
    if not rows:
        raise UserError(f"{path}: a summary without a row; run report.tables.tabulate again")
    return [{**row, "metric": metric_id(row["metric"])} for row in rows]


def number(mean: str, sd: str, digits: Digits = HUNDREDTHS, sign: bool = False) -> str:
    """Return "39.61 ± 0.12", "39.61" for one seed, "-" where there is no mean."""
    if not mean:
        return "-"
    text = rounded(float(mean), digits, sign)
    return f"{text} ± {rounded(float(sd), digits)}" if sd else text


def render_console(rows: Sequence[Row]) -> str:
    """Return the table over all directions of each test set and metric, under 100 columns wide."""
    overall = [row for row in rows if row["grouping"] == ALL and not row["without"]]
    had: dict[str, set[str]] = {}
    for row in rows:
        if row["grouping"] == DIRECTION:
            had.setdefault(row["testset"], set()).add(row["group"])
    alike = len({len(directions) for directions in had.values()}) < 2
    lines: list[str] = []
    for table, grouped in groupby(overall, key=lambda row: (row["testset"], row["profile"], row["metric"])):
        count = len(had.get(table[0], ()))
        averaged = "" if alike else f", {count} direction{'s' * (count != 1)}"
        lines += ["", *_one_table(list(grouped), table_title(*table) + averaged)]
    return "\n".join(lines)


def _one_table(rows: Sequence[Row], title: str) -> list[str]:
    sides = [side for side in (OUT, INTO, BOTH, OTHER) if any(row["side"] == side for row in rows)]
    # The differences are those of the most comprehensive side; summary.md has the others.
    main = main_side(sides)
    places = {(row["system"], row["side"]): row for row in rows}
    digits = digits_of(rows[0]["metric"], rows[0]["profile"])
    word = difference_word(rows[0]["metric"])
    # The row of the control says of its own difference that it is itself.
    itself = [row["system"] for row in rows if row["continued_note"] == f"is {row['system']}"]
    table = [["", *sides, f"{word}: baseline", itself[0] if itself else "control"]]
    for system in dict.fromkeys(row["system"] for row in rows):
        own = [places[system, side] for side in sides]
        cells = [number(row["mean"], row["sd"], digits) for row in own]
        main_row = places[system, main]
        names = ("baseline_difference", "continued_difference")
        cells += [number(main_row[name], main_row[f"{name}_sd"], digits, True) for name in names]
        table.append([system, *cells])
    # A system that has no direction of a side lacks no seed.
    lacking = [row for row in rows if not row["mean"] and row["scores"] == row["scores_expected"]]
    seeds = sorted({int(row["n"]) for row in rows if row not in lacking})
    counted = f"n = {'–'.join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))} seed{'s' * (seeds != [1])}"
    spread = "sd n/a" if seeds == [1] else "mean ± sd"
    missing = sum(int(row["scores_expected"]) - int(row["scores"]) for row in rows if row["side"] != BOTH)
    partial = f"PARTIAL, {missing} scores missing: " if missing else ""
    return [f"{partial}{title} ({counted}, {spread}; {word}s on {main})", *_aligned(table)]


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    # A long system name gives way before a number does.
    widths[0] = min(widths[0], WIDTH - sum(width + 2 for width in widths[1:]))
    lines = []
    for row in table:
        name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    lines.insert(1, "-" * len(lines[0]))
    return lines


def render_controls(results: Path) -> str:
    """Return a line for each control of masks: passed, or the directions that failed it."""
    lines = []
    for path in sorted((results / "analysis" / "mask_control").rglob("*.json")):
        with content_of(path, "a mask control"):
            control = read_json(path)["control"]
            judged = [control["own_below_random"], control["own_below_other_targets"]]
            failed = sorted({name for verdicts in judged for name, holds in verdicts.items() if not holds})
            said = "passed" if control["passed"] else f"NOT passed in {', '.join(failed)}"
        lines.append(f"mask control ({path.parent.name}, {path.stem}): {said}")
    return "\n".join(["", *lines]) if lines else ""


def render_cautions(tables: Path) -> str:
    """Return the notes at the top of every table."""
    path = tables / CAUTIONS
    said = path.read_text(encoding="utf-8").rstrip("\n") if path.is_file() else ""
    return f"\n{said}" if said else ""


def render_units(tables: Path) -> str:
    """Return a few lines on the units that masks keep; nothing where there are no masks."""
    path = tables / f"{UNITS}.json"
    if not path.is_file():
        return ""
    with content_of(path, "a table of units"):
        lines = console(read_json(path))
    return "\n".join(["", *lines]) if lines else ""


def render_places(results: Path) -> str:
    """Return a line for each known place under an experiment's folder that exists."""
    lines = ["", f"Everything lies in {os.path.relpath(results)}/", ""]
    for place, meaning in PLACES.items():
        path = results / place
        if path.exists():
            shown = f"{place}/" if path.is_dir() else place
            lines.append(f"  {shown:<22} {meaning}")
    return "\n".join(lines)


def render_page(results: Path) -> str:
    """Return where the page is that says all this in words; nothing where none was made."""
    page = results / ANSWER
    return f"\nOpen first, the answer on one page: {os.path.relpath(page)}" if page.is_file() else ""


def main(argv: list[str] | None = None) -> None:
    """Print the summary."""
    parser = argparse.ArgumentParser(prog="show", description=__doc__.splitlines()[0])
    parser.add_argument("--tables", required=True, help="folder with summary.csv (results/EXPERIMENT/tables)")
    args = parser.parse_args(argv)
    tables = Path(args.tables)
    folder = tables.resolve().parent
    cautions = render_cautions(tables)
    summary = render_console(read_summary(tables / "summary.csv"))
    texts = [cautions, summary, render_units(tables), render_controls(folder), render_places(folder)]
    texts.append(render_page(folder))
    print("\n".join(terminal(line) for text in texts if text for line in text.split("\n")))


if __name__ == "__main__":
    run_main(main)
