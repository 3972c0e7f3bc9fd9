"""The answer on one page: what an experiment found, for somebody who opens nothing else.

``answer.html`` and ``answer.md`` say what was run and how well it translates, which neurons serve which
language, what happens without them, whether masks added anything over the controls, what is missing, and how
far the counts carry. Every number comes from a file of the run; a missing file marks the page PARTIAL.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.checked_options import json_object, read_groups
from workflow_scripts.common.errors import run_main
from workflow_scripts.common.table_names import CAUTIONS, CONTROLS, UNITS
from workflow_scripts.report.page.about import about
from workflow_scripts.report.page.closing_sections import guidance_section, missing_notice, missing_section
from workflow_scripts.report.page.document import Block, Heading
from workflow_scripts.report.page.figure_files import read_figures
from workflow_scripts.report.page.masks_section import masks_section
from workflow_scripts.report.page.material import (
    STRONGEST,
    SUMMARY_COLUMNS,
    SUMMARY_NUMBERS,
    WINS_COLUMNS,
    WINS_NUMBERS,
    Facts,
    Material,
    Reader,
    Record,
    read_controls,
)
from workflow_scripts.report.page.page_file import counts_of, write_page
from workflow_scripts.report.page.short_answer import short_answer
from workflow_scripts.report.page.strongest_section import strongest_section
from workflow_scripts.report.page.units_section import units_section
from workflow_scripts.report.read.read_files import content_of

#: Files that the page links to where they are there, and what they are.
PLACES = {
    "summary.md": "scores by group, with signatures",
    "scores.md": "single directions, significant differences marked",
    "controls.md": "each system against the controls",
    "units.md": "units of every mask set",
    "units.csv": "the same, a figure a row",
    "units.json": "all ids of shared and own units",
}
BESIDE = {
    "explorer.html": "units, overlaps and hypotheses to look through",
    "../data/card.md": "what the text is",
}
STABILITY, CARD = "neuronspec-stability-1", "neuronspec-card-1"


def blocks_of(material: Material) -> list[Block]:
    """Return the page."""
    facts = material.facts
    partial = "PARTIAL: " if material.is_partial else ""
    title = "Which system translates best?" if facts.outputs else "which neurons serve which language?"
    name = "Outputs of others" if facts.outputs else facts.experiment
    # What these two find in their files the short answer takes for granted.
    with content_of("tables/units.json", "a table of units"):
        units = units_section(material)
    with content_of("analysis/strongest_units", "strongest units of languages"):
        strongest = strongest_section(material)
    blocks: list[Block] = [Heading(1, f"{partial}{name}: {title}"), *missing_notice(material)]
    with content_of("data/card.json", "a data card"):
        blocks += [*short_answer(material), *about(material)]
    blocks += [
        Heading(2, "2. Which neurons serve which language?"),
        *units,
        *strongest,
        *masks_section(material),
    ]
    if material.figures:
        blocks += [Heading(3, "Figures"), *material.figures]
    with content_of("analysis/stability", "a stability of masks"):
        return [*blocks, *missing_section(material), *guidance_section(material)]


def read_material(args: argparse.Namespace) -> Material:
    """Read all files that the options name. UserError: one is damaged."""
    facts = facts_of(args)
    page = args.out.parent
    reader = Reader(args.root, frozenset(args.absent))
    tables = os.path.relpath(args.tables, page)
    material = Material(
        facts, tables, missing=reader.missing, unfinished=counts_of("unfinished", args.unfinished)
    )
    material.summary = reader.rows(args.tables / "summary.csv", SUMMARY_COLUMNS, SUMMARY_NUMBERS)
    if CONTROLS in args.with_tables:
        material.controls = read_controls(reader, args.tables / f"{CONTROLS}.csv")
    if "wins" in args.with_tables:
        material.wins = reader.rows(args.tables / "wins.csv", WINS_COLUMNS, WINS_NUMBERS)
    if CAUTIONS in args.with_tables:
        material.cautions = reader.lines(args.tables / CAUTIONS)
    if UNITS in args.with_tables:
        material.units = reader.record(
            args.tables / f"{UNITS}.json", "a table of units", "neuronspec-units-1"
        )
    material.strongest = _each(reader, args.strongest, "strongest units of languages", STRONGEST)
    material.stability = _each(reader, args.stability, "a stability of masks", STABILITY)
    if args.card:
        material.card = reader.record(args.card, "a data card", CARD)
    folder = os.path.relpath(args.figures[0].parent, page) if args.figures else ""
    material.figures = read_figures(reader, args.figures, folder)
    material.links = [
        (material.table(name), what) for name, what in PLACES.items() if (args.tables / name).is_file()
    ]
    material.links += [
        (place, what) for place, what in BESIDE.items() if Path(os.path.normpath(page / place)).is_file()
    ]
    return material


def _each(reader: Reader, paths: Sequence[Path], kind: str, form: str) -> list[Record]:
    found = [reader.record(path, kind, form) for path in paths]
    return [one for one in found if one is not None]


def facts_of(args: argparse.Namespace) -> Facts:
    """Return what the config says. UserError: an option is not JSON of the right shape."""
    return Facts(
        experiment=args.experiment,
        systems=args.systems,
        directions=args.directions,
        testsets=args.testsets,
        seeds=args.seeds,
        pivot=args.pivot,
        baseline=args.baseline,
        control=args.control,
        made=_texts("made", args.made),
        masked=_texts("masked", args.masked),
        not_own=args.not_own,
        texts=_texts("texts", args.texts),
        groups=read_groups(args.groups),
        outputs=args.outputs,
        without_analyses=args.without_analyses,
    )


def _texts(option: str, text: str) -> dict[str, str]:
    example = {"continued": "all"}
    return json_object(
        option, text, example, lambda found: all(isinstance(one, str) for one in found.values())
    )


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="write_answer", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="the experiment's folder")
    parser.add_argument("--tables", type=Path, help="folder with summary.csv; default ROOT/tables")
    parser.add_argument("--with-tables", nargs="+", default=[], help="further tables that should be there")
    parser.add_argument("--experiment", required=True)
    for name in ("systems", "testsets", "directions"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[])
    parser.add_argument("--pivot", default="")
    parser.add_argument("--baseline", default="", help="system of the first difference of the summary")
    parser.add_argument("--control", default="", help="system of the second")
    parser.add_argument("--made", default="{}", help='JSON: {"continued": "how it was made, in words"}')
    parser.add_argument("--masked", default="{}", help='JSON: {"ns-k95": "k95"}, systems with masks')
    parser.add_argument(
        "--not-own", nargs="+", default=[], help="of these, those with random or others' masks"
    )
    parser.add_argument("--texts", default="{}", help='JSON: {"k95": "valid"}, the text of each mask set')
    parser.add_argument("--groups", default="{}", help='JSON: {"family": {"germanic": ["de"]}}')
    parser.add_argument("--strongest", nargs="*", type=Path, default=[], help="JSON files of strongest units")
    parser.add_argument("--stability", nargs="*", type=Path, default=[], help="JSON files of stability")
    parser.add_argument("--figures", nargs="*", type=Path, default=[], help="PNG files")
    parser.add_argument("--card", type=Path, help="the data card, JSON")
    parser.add_argument("--outputs", action="store_true", help="the systems are outputs that others made")
    parser.add_argument("--without-analyses", action="store_true", help="the config has analysis: none")
    parser.add_argument("--absent", nargs="*", default=[], help="files below the root that are out of date")
    parser.add_argument("--unfinished", default="{}", help='JSON: {"decode": 3}, jobs that were not done')
    parser.add_argument("--out", type=Path, required=True, help="answer.html; answer.md is written beside it")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Write both files."""
    args = parser_of().parse_args(argv)
    args.tables = args.tables or args.root / "tables"
    material = read_material(args)
    write_page(args.out, blocks_of(material), material.is_partial)


if __name__ == "__main__":
    run_main(main)
