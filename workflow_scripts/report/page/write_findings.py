"""The answer on one page of an experiment without translation: of an encoder's tasks, or of a language model.

``answer.html`` and ``answer.md`` say what was run, the answer in a few sentences, and what each analysis
found. Every number comes from the JSON of an analysis; a missing file marks the page PARTIAL.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.errors import UserError, nearest, run_main
from workflow_scripts.common.files import read_json
from workflow_scripts.report.page.closing_sections import missing_notice
from workflow_scripts.report.page.document import (
    Block,
    Bullets,
    Code,
    Heading,
    Link,
    Notice,
    Text,
    listed,
)
from workflow_scripts.report.page.finding_sections import SECTIONS, in_short, sections
from workflow_scripts.report.page.material import STRONGEST, Facts, Material, Reader
from workflow_scripts.report.page.page_file import counts_of, write_page
from workflow_scripts.report.page.short_answer import removal
from workflow_scripts.report.page.strongest_section import strongest_section
from workflow_scripts.report.read.read_files import content_of

#: What its rows are → the question that the page answers.
QUESTIONS = {"tasks": "which parts serve which task?", "languages": "which parts serve which language?"}


def read_results(reader: Reader, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the results that are there. UserError: a file is no JSON of an analysis that the page knows."""
    found = []
    for path in filter(reader.there, paths):
        with content_of(path, "the result of an analysis"):
            result: dict[str, Any] = read_json(path)
            if result["format"] not in (*SECTIONS, STRONGEST):
                raise UserError(
                    f"{path}: the page has no section for {result['format']!r}"
                    f"{nearest(result['format'], SECTIONS)}"
                )
        found.append(result)
    return found


def blocks_of(material: Material, rows: str, model: str, results: Sequence[dict[str, Any]]) -> list[Block]:
    """Return the page. ``rows``: a key of ``QUESTIONS``; ``model``: the model's folder or name."""
    facts = material.facts
    partial = "PARTIAL: " if material.is_partial else ""
    blocks: list[Block] = [
        Heading(1, f"{partial}{facts.experiment}: {QUESTIONS[rows]}"),
        *missing_notice(material),
    ]
    with content_of("analysis", "results of analyses"):
        short = [*in_short(results), *removal(material)]
    if short:
        blocks.append(Notice("short", "In short", short))
    items: list[Text] = [
        ("Model: ", Code(model)),
        (
            f"{rows.capitalize()} ({len(facts.directions)}): ",
            *listed([Code(one) for one in facts.directions]),
        ),
        ("Systems: ", *listed([Code(one) for one in facts.systems])),
        f"Seeds: {', '.join(map(str, facts.seeds))}",
    ]
    if len(facts.seeds) == 1:
        items.append("One seed: nothing here says how far another one would differ.")
    blocks += [Heading(2, "What was run?"), Bullets(items)]
    with content_of("analysis", "results of analyses"):
        if material.strongest:
            blocks += strongest_section(material)
        blocks += sections(results)
    links: list[Text] = [(Link(name, name), f": {what}") for name, what in material.links]
    return [*blocks, Heading(2, "Where to look next"), Bullets(links)] if links else blocks


def parser_of() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="write_findings", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="the experiment's folder")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--rows", choices=QUESTIONS, required=True, help="what units serve")
    parser.add_argument("--names", nargs="+", required=True, help="the tasks, or languages")
    parser.add_argument("--model", required=True, help="as the config names it")
    parser.add_argument("--systems", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, required=True)
    parser.add_argument("--results", nargs="*", type=Path, default=[], help="JSON files of analyses")
    parser.add_argument("--absent", nargs="*", default=[], help="files below the root that are out of date")
    parser.add_argument("--unfinished", default="{}", help='JSON: {"fit_probes": 3}, jobs that were not done')
    parser.add_argument("--out", type=Path, required=True, help="answer.html; answer.md is written beside it")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Write both files."""
    args = parser_of().parse_args(argv)
    reader = Reader(args.root, frozenset(args.absent))
    facts = Facts(args.experiment, args.systems, args.names, (), args.seeds)
    material = Material(facts, missing=reader.missing, unfinished=counts_of("unfinished", args.unfinished))
    results = read_results(reader, args.results)
    material.strongest = [one for one in results if one["format"] == STRONGEST]
    # Markdown beside a JSON has more of it.
    pages = [path.with_suffix(".md") for path in args.results if path.with_suffix(".md").is_file()]
    material.links = [(os.path.relpath(page, args.out.parent), "all its tables") for page in pages]
    write_page(args.out, blocks_of(material, args.rows, args.model, results), material.is_partial)


if __name__ == "__main__":
    run_main(main)
