"""Options that stages of analyses have in common, and the three files that they write."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow_scripts.common.files import write_csv, write_json, write_text


def add_text(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which binarised text is read."""
    parser.add_argument("--data-bin", type=Path, required=True)
    parser.add_argument("--subset", required=True)
    parser.add_argument("--directions", nargs="+", required=True)


def add_sample(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is drawn, and how much of the text is read."""
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--max-sentences", type=int, help="use the first so many sentences of each direction")


def add_tables(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``write_tables`` reads."""
    parser.add_argument("--out-json", type=Path, required=True)
    parser.add_argument("--out-csv", type=Path, required=True)
    parser.add_argument("--out-markdown", type=Path, required=True)


def is_object_of_texts(found: Mapping[str, Any]) -> bool:
    """Return whether each value of an object is a text: what ``json_object`` asks of it."""
    return all(isinstance(one, str) for one in found.values())


def write_tables(
    arguments: argparse.Namespace,
    result: Mapping[str, Any],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    page: str,
) -> None:
    """Write a result as JSON, its rows as CSV and its page as Markdown."""
    write_json(arguments.out_json, result)
    write_csv(arguments.out_csv, columns, rows)
    write_text(arguments.out_markdown, page)
